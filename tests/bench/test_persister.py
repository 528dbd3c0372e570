"""The bench of the persister measures what it says: small loads, one kill, and its judgement."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase, TestCase

from lanrage.core.world_rows import SeenRow
from tests.bench.__main__ import BENCHES, lines
from tests.bench.persister import counted, judged
from tests.bench.persister_crash import ROOT, Tally, crash_loop
from tests.bench.persister_load import Size, durable, one_each, presence, reread
from tests.bench.persister_world import Presence, Server, rows_of

reactor: Any = _reactor
SMALL = Size(peers=16, updates=5, seconds=0.3)


class LoadTests(TestCase):
    """Real disk, real reactor, little of it."""

    timeout = 60

    def setUp(self) -> None:
        """A folder."""
        self.folder = Path(tempfile.mkdtemp(prefix="lanrage-bench-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def test_presence(self) -> Deferred[None]:
        """Each update is counted, a few transactions hold them, and all is there."""

        async def work() -> None:
            found = await presence(reactor, self.folder, SMALL)
            self.assertEqual((80, 80, 0), (found["changes"], found["queued"], found["lost"]))
            self.assertEqual(found["queued"], found["deduplicated"] + found["written"])
            self.assertLessEqual(found["writes"], 10)

        return Deferred.fromCoroutine(work())

    def test_loss_would_be_seen(self) -> Deferred[None]:
        """What was given and is not on disk counts as lost."""

        async def work() -> None:
            server = await Server.start(reactor, self.folder, rows_of(8), 0.1)
            load = Presence(server, [0, 1, 2])
            for number in range(3):
                load.update(number)
            await server.stop()
            rows = await reread(reactor, self.folder)
            self.assertEqual(0, load.lost(rows))
            self.assertEqual(3, load.lost([row for row in rows if not isinstance(row, SeenRow)]))

        return Deferred.fromCoroutine(work())

    def test_durable(self) -> Deferred[None]:
        """Each update is answered."""

        async def work() -> None:
            found = await durable(reactor, self.folder, SMALL)
            self.assertEqual((80, 80, 0), (found["changes"], found["answered"], found["lost"]))
            self.assertGreater(found["lone_p50_ms"], 0)

        return Deferred.fromCoroutine(work())

    def test_one_each(self) -> Deferred[None]:
        """The comparison writes at least a page a change."""

        async def work() -> None:
            found = await one_each(reactor, self.folder, SMALL)
            self.assertGreater(found["durable"]["bytes_per_change"], 4096)

        return Deferred.fromCoroutine(work())


class CrashTests(SynchronousTestCase):
    """``kill -9``."""

    def test_two_lives(self) -> None:
        """Nothing that was acknowledged is lost, and something was."""
        found = crash_loop(2, 2)
        self.assertEqual((0, 0, 0), (found["acknowledged_lost"], found["invented"], found["broken"]))
        self.assertGreater(found["acknowledged"], 0)

    def test_loss_would_be_counted(self) -> None:
        """Older than acknowledged is a loss; newer than what was under way is an invention."""
        tally = Tally()
        for line in ("have 0 0", "have 1 0", "ready", "done 0 1", "done 0 2", "done 1 1", "have 0 0", "have 1 3"):
            tally.heard(f"{line}\n")
        self.assertEqual((3, 2, 1), (tally.acknowledged, tally.lost, tally.invented))


class JudgementTests(SynchronousTestCase):
    """What breaks a limit is said."""

    def judged(self, **different: Any) -> dict[str, Any]:
        """A good result, but for this."""
        each = {"bytes_per_change": 5000, "s_per_change": 0.0001}
        batched = {"changes": 1000, "writes": 10, "disk_bytes": 10**5, "lost": 0}
        batched |= {"flush_p50_ms": 1, "flush_p99_ms": 2, "flush_total_ms": 10}
        batched |= {name: value for name, value in different.items() if name in batched}
        durable_one = {"disk_bytes": 10**6, "lost": 0}
        killed = {"acknowledged_lost": 0, "invented": 0, "broken": 0}
        killed |= {name: value for name, value in different.items() if name in killed}
        found: dict[str, dict[str, Any]] = {
            "presence": batched,
            "durable": durable_one,
            "one_each": {"presence": each, "durable": each},
        }
        return judged(found, {"durable": {"fault": different.get("fault", "")}}, killed)

    def test_limits(self) -> None:
        """Each of them."""
        good = self.judged()
        ratios = [good[name] for name in ("writes_ratio", "bytes_ratio", "time_ratio")]
        self.assertEqual((True, [100.0, 50.0, 10.0]), (good["ok"], ratios))
        for different in (
            {"writes": 21},
            {"lost": 1},
            {"acknowledged_lost": 1},
            {"invented": 1},
            {"broken": 1},
            {"fault": "no sync"},
        ):
            bad = self.judged(**different)
            self.assertEqual((False, 1), (bad["ok"], len(bad["shortfalls"])), different)

    def test_syncs_are_counted(self) -> None:
        """In the summary of strace."""
        report = (
            "% time     seconds  usecs/call     calls    errors syscall\n"
            "------ ----------- ----------- --------- --------- ----------------\n"
            " 99.00    0.051172          44      1148           fdatasync\n"
            "  1.00    0.000172          44         2         1 fsync\n"
            "------ ----------- ----------- --------- --------- ----------------\n"
            "100.00    0.051172          44      1150         1 total\n"
        )
        self.assertEqual(1150, counted(report))

    def test_runner(self) -> None:
        """Its help lists the names; an unknown one is wrong usage; figures are lines for people."""
        command = [sys.executable, "-m", "tests.bench"]
        done = subprocess.run([*command, "--help"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
        for name in BENCHES:
            self.assertIn(f"  {name}", done.stdout)
        done = subprocess.run([*command, "nope"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(2, done.returncode)
        self.assertEqual(["a 1", "b.c 2"], lines(json.loads('{"a": 1, "b": {"c": 2}}')))
