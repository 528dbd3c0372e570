"""After ``down`` nothing is left, whatever happened before."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from twisted.trial.unittest import SynchronousTestCase

from lanrage.lab import netns, teardown
from lanrage.lab.folder import Folder, Record
from lanrage.lab.lab import Lab, up
from lanrage.lab.plan import device_prefix, make_plan, owner
from lanrage.lab.process import in_namespaces, spawn, start_ticks, wait_for
from lanrage.lab.wan import python_env
from tests.lab.bare import own

pytestmark = pytest.mark.needs("root", "ip", "nft", "tun")

NAME = own("tdown")
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
)


def spaces(name: str) -> list[str]:
    """Namespaces of a laboratory."""
    return [space for space in netns.existing() if owner(space) == name]


class TeardownTests(SynchronousTestCase):
    """Crashes of all kinds."""

    def setUp(self) -> None:
        """A folder of its own; what a failed test leaves is removed."""
        folder = tempfile.mkdtemp(prefix="lanrage-lab-")
        self.addCleanup(shutil.rmtree, folder)
        self.base = Path(folder) / "labs"
        self.addCleanup(lambda: teardown.down(NAME, Folder.of(NAME, self.base), 0.1))

    def bare(self) -> Lab:
        """A laboratory of two hosts."""
        return up(Record(NAME, ("open", "cone")), self.base, nodes=False)[0]

    def test_stubborn_processes(self) -> None:
        """A recorded process and a stranger in a host's network end, even when they ignore SIGTERM."""
        lab = self.bare()
        argv = [sys.executable, "-c", STUBBORN]
        log = lab.folder.log("h1")
        known = spawn("h1", lab.plan.hosts[0].netns, argv, log, python_env(), lab.folder.path)
        lab.folder.add_process(known)
        stranger = spawn("x", lab.plan.hosts[1].netns, argv, log, python_env(), lab.folder.path)
        wait_for("both ignore SIGTERM", lambda: log.read_text().count("up") == 2, 10)
        self.assertTrue(teardown.down(NAME, lab.folder, 0.1))
        self.assertEqual([start_ticks(known.pid), start_ticks(stranger.pid)], [None, None])
        self.assertEqual((spaces(NAME), self.base.exists()), ([], False))

    def test_folder_lost(self) -> None:
        """The namespaces' names are enough."""
        lab = self.bare()
        lab.folder.remove()
        self.assertIn(NAME, teardown.names(self.base))
        self.assertTrue(teardown.down(NAME, lab.folder))
        self.assertEqual(spaces(NAME), [])

    def test_twice(self) -> None:
        """The second time there is nothing to do."""
        lab = self.bare()
        self.assertTrue(teardown.down(NAME, lab.folder))
        self.assertFalse(teardown.down(NAME, lab.folder))

    def test_stale_sockets(self) -> None:
        """A killed wireguard-go's socket goes, another program's stays."""
        teardown.WIREGUARD_SOCKETS.mkdir(parents=True, exist_ok=True)
        ours = teardown.WIREGUARD_SOCKETS / f"{device_prefix(NAME)}1.sock"
        other = teardown.WIREGUARD_SOCKETS / f"{device_prefix(NAME + 's')}1.sock"
        for path in (ours, other):
            path.touch()
            self.addCleanup(path.unlink, missing_ok=True)
        lab = self.bare()
        teardown.down(NAME, lab.folder)
        self.assertEqual((ours.exists(), other.exists()), (False, True))

    def test_neighbours(self) -> None:
        """A laboratory whose name begins alike stands on."""
        neighbour = f"{NAME}-h1"
        other = up(Record(neighbour, ("open",)), self.base, nodes=False)[0]
        self.addCleanup(teardown.down, neighbour, other.folder)
        teardown.down(NAME, self.bare().folder)
        self.assertEqual(len(spaces(neighbour)), len(other.plan.namespaces()))

    def test_laboratory_killed(self) -> None:
        """``lab up`` is killed by SIGKILL at any moment; ``down`` finds all that it made."""
        argv = [sys.executable, "-m", "lanrage.lab", "up", "--bare", "--name", NAME, "--nat", "cone,cone,cone"]
        argv += ["--wan-delay-ms", "10", "--dir", str(self.base)]
        for moment in (3, 9):
            inodes = self.kill_at(argv, moment)
            there = in_namespaces(inodes).items()
            teardown.down(NAME, Folder.of(NAME, self.base), 0.5)
            # The kernel may have given a number to a namespace of another test meanwhile.
            left = there & in_namespaces(inodes).items()
            self.assertEqual((spaces(NAME), left), ([], set()))

    def kill_at(self, argv: list[str], moment: int) -> set[int]:
        """Kill the command when it has made so many namespaces; the numbers of those that are there."""
        with subprocess.Popen(argv, env=python_env(), stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as run:
            wait_for("namespaces", lambda: len(spaces(NAME)) >= moment or run.poll() is not None, 20)
            with contextlib.suppress(ProcessLookupError):
                os.kill(run.pid, signal.SIGKILL)
        return {inode for inode in map(netns.inode, spaces(NAME)) if inode is not None}

    def test_failed_up(self) -> None:
        """What cannot come up is removed at once, and the name is free again."""
        plan = make_plan(NAME, ["open"])
        netns.create([plan.hosts[0].netns])
        with self.assertRaises(netns.LabError):
            self.bare()
        self.assertEqual(spaces(NAME), [])
        begin = time.monotonic()
        self.bare()
        self.assertLess(time.monotonic() - begin, 10)
