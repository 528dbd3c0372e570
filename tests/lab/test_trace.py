"""``lanrage lab trace``: what it judges by, and a run."""

from __future__ import annotations

import base64
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.trace import Trace
from lanrage.lab.leaks import PIECE, Leaks
from lanrage.lab.result import Result
from lanrage.lab.trace import STORY, judge, missing, trace
from tests.core.test_trace import line
from tests.lab.bare import own

NODES = {"aa": 11, "bb": 12}


def story(**left_out: str) -> Trace:
    """A join as it should be told, by four processes; `left_out`: of a node, an event."""
    found = Trace("join-1")
    for role, event in STORY.values():
        for node, pid in NODES.items() if role == "node" else [("cc", 13 + len(role))]:
            if left_out.get(node) != event:
                told: dict[str, Any] = {"event": event, "node": node, "pid": pid, "subsystem": "x"}
                found.feed(line(1, "join-1", role, **told))
    return found


class JudgeTests(SynchronousTestCase):
    """The story and the secrets."""

    def test_whole(self) -> None:
        """All told, by four processes."""
        result = Result("trace")
        judge(story(), result)
        self.assertEqual([], result.shortfalls)

    def test_missing(self) -> None:
        """Each end's handshake is wanted; an event that nobody told is named, and fails the check."""
        up = STORY["the link stood"][1]
        self.assertEqual(["the link stood at 1 of 2 ends"], missing(story(bb=up).lines()))
        ended = STORY["the joiner was answered"][1]
        result = Result("trace")
        judge(story(aa=ended, bb=ended), result)
        self.assertEqual(["missing: ['the joiner was answered'] is not []"], result.shortfalls)

    def test_leaks(self) -> None:
        """A key in hexadecimal or base64, a token; also where it lies across the pieces that are read."""
        folder = Path(tempfile.mkdtemp(prefix="lanrage-leaks-"))
        self.addCleanup(shutil.rmtree, folder)
        key, leaks = bytes(range(32)), Leaks()
        (folder / "node.key").write_bytes(base64.b64encode(key))
        leaks.token("t0ken-of-the-server")
        self.assertEqual(1, leaks.keys(folder))
        log = folder / "node.log"
        for secret, what in (
            (key.hex(), "key"),
            (base64.b64encode(key).decode(), "key"),
            ("t0ken-of-the-server", "token"),
        ):
            for before in (0, PIECE - 9):
                log.write_bytes(b"x" * before + secret.encode())
                [seen] = leaks.seen_in(log)
                self.assertTrue(seen.startswith(what), seen)
        log.write_bytes(b"nothing")
        self.assertEqual([], leaks.seen_in(log))


@pytest.mark.lab
@pytest.mark.needs("root", "ip", "nft", "tun", "wireguard-go")
class TraceTests(SynchronousTestCase):
    """A control server, a relay and two nodes."""

    def test_run(self) -> None:
        """One join is told by four processes, in order, and no secret by any."""
        base = Path(tempfile.mkdtemp(prefix="lanrage-lab-"))
        self.addCleanup(shutil.rmtree, base, ignore_errors=True)
        result = trace(base, own("trace"))
        self.assertEqual([], result.shortfalls)
        self.assertEqual((4, 0), (result.figures["processes"], result.figures["secrets_found"]))
        self.assertGreater(result.figures["keys_looked_for"], 4)
