"""Hard pairs of real nodes behind real routers: direct by birthday probing, within time and budget."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

import pytest
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.birthday import PROBES, SOCKETS
from lanrage.lab import netns, teardown
from lanrage.lab.folder import Folder, Record
from lanrage.lab.lab import Lab, up
from lanrage.lab.punching import Trial, trial
from tests.lab.bare import own
from tests.lab.natted import start

pytestmark = pytest.mark.needs("root", "ip", "nft", "tun", "wireguard-go")

TRIALS = 20
WANTED = 0.8
"""The part of all trials that must come to a direct way within 20 s."""


class PunchingCase(SynchronousTestCase):
    """A laboratory of two hosts."""

    def hosts(self, name: str, *kinds: str) -> Lab:
        """Two nodes in one party; removed at the end."""
        base = Path(tempfile.mkdtemp(prefix="lanrage-lab-"))
        self.addCleanup(shutil.rmtree, base, ignore_errors=True)
        self.addCleanup(teardown.down, own(name), Folder.of(own(name), base))
        return up(Record(own(name), kinds), base)[0]

    def tables(self, lab: Lab) -> list[str]:
        """Names of the nftables tables of punched ways in both hosts."""
        names = []
        for host in lab.plan.hosts:
            with netns.entered(host.netns):
                shown = json.loads(netns.run(["nft", "--json", "list", "tables"]))["nftables"]
            names += [entry["table"]["name"] for entry in shown if "table" in entry]
        return [name for name in names if name.startswith("lanrage-punch-")]


class HardPairTests(PunchingCase):
    """In every run."""

    @pytest.mark.timeout(90)
    def test_restricted_with_symmetric(self) -> None:
        """Direct, in both directions, in one round; a killed node's table goes at its next start."""
        lab = self.hosts("tpunch", "restricted", "symmetric")
        first, second = lab.plan.hosts
        runs = [trial(lab, first, second, start=start) for _ in range(2)]
        self.assertIn(True, [run.direct for run in runs], runs)  # each hits with 98 of 100
        for run in runs:
            self.assertLessEqual(run.packets, SOCKETS + PROBES)
        self.assertLessEqual(len(self.tables(lab)), 1)

    @pytest.mark.timeout(60)
    def test_symmetric_with_symmetric(self) -> None:
        """Not worth a packet: on the relay, and nothing is spent."""
        lab = self.hosts("tpunsym", "symmetric", "symmetric")
        self.assertEqual((False, 0), self.figures(trial(lab, *lab.plan.hosts, start=start, timeout=6.0)))
        self.assertEqual([], self.tables(lab))

    def figures(self, run: Trial) -> tuple[bool, int]:
        """Without the time."""
        return run.direct, run.packets


@pytest.mark.lab
@pytest.mark.timeout(600)
class ManyTrialsTests(PunchingCase):
    """The share of trials that succeed."""

    def test_share(self) -> None:
        """At least 80 of 100 are direct within 20 s."""
        lab = self.hosts("tpunmany", "restricted", "symmetric")
        runs = [trial(lab, *lab.plan.hosts, start=start) for _ in range(TRIALS)]
        self.assertGreaterEqual(sum(run.direct for run in runs), WANTED * TRIALS, runs)
