"""What a killed node leaves is taken back at its next start, and nothing else is."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from twisted.trial.unittest import TestCase

from lanrage.core.undo import UndoEntry
from lanrage.net.processes import Program
from lanrage.net.uapi_client import listener, socket_path
from lanrage.net.undo import undo_all
from lanrage.net.userspace import PROGRAM, UserspaceTunnel
from lanrage.store.undo import UndoJournal
from tests.contracts_links import MTU, new_key
from tests.fakes_links import MemoryJournal
from tests.namespaces import may_unshare
from tests.real_links import RealBench

NAME = "lrt-crash"
REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.mark.skipif(not (may_unshare() and shutil.which(PROGRAM)), reason="needs root, /dev/net/tun and wireguard-go")
class TestAfterKill(TestCase):
    """A node is killed; its wireguard-go plays on until the next start."""

    timeout = 120

    def setUp(self) -> None:
        """A namespace and a folder of our own."""
        from twisted.internet import reactor

        self.bench = RealBench(reactor, UserspaceTunnel)
        self.addCleanup(self.bench.close)
        folder = TemporaryDirectory()  # pylint: disable=consider-using-with
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "undo.journal"

    def kill_a_node(self) -> Program:
        """Start a node, kill it when it stands, and name the wireguard-go that it leaves."""
        argv = [sys.executable, "-m", "tests.net.crashing_node", NAME, str(self.path)]
        with subprocess.Popen(argv, cwd=REPOSITORY, stdout=subprocess.PIPE) as node:
            assert node.stdout is not None
            assert node.stdout.readline() == b"ready\n"
            node.kill()
        left = Program.of(listener(socket_path(NAME)) or 0)
        assert left is not None
        self.addCleanup(left.end)
        return left

    async def test_next_start_cleans_up(self) -> None:
        """The journal names program and device; undoing ends both and empties the journal."""
        left = self.kill_a_node()
        journal = UndoJournal(self.path)
        assert journal.entries() == [UndoEntry("device", NAME), UndoEntry("process", NAME, str(left))]
        assert await undo_all(self.bench.reactor, journal) == 2
        assert Program.of(left.pid) != left
        assert not self.bench.has_device(NAME)
        assert not UndoJournal(self.path).entries()

    async def test_without_the_journal(self) -> None:
        """The mark on the device is enough for the next tunnel of that name to take the place."""
        left = self.kill_a_node()
        tunnel = self.bench.tunnel(NAME)
        await tunnel.create(new_key(), 0, MTU)
        assert Program.of(left.pid) != left
        assert (await tunnel.status()).peers == {}

    async def test_a_name_in_use_elsewhere(self) -> None:
        """A tunnel of another network namespace that has the name is not ended."""
        left = self.kill_a_node()
        self.bench.namespace.run(f"ip link set {NAME} alias somebody")
        with pytest.raises(Exception, match=f"process {left.pid}"):
            await self.bench.tunnel(NAME).create(new_key(), 0, MTU)
        assert Program.of(left.pid) == left

    async def test_a_stop_leaves_an_empty_journal(self) -> None:
        """An orderly end forgets what it noted."""
        journal = UndoJournal(self.path)
        tunnel = UserspaceTunnel(self.bench.reactor, NAME, journal)
        await tunnel.create(new_key(), 0, MTU)
        assert [entry.kind for entry in journal.entries()] == ["device", "process"]
        await tunnel.destroy()
        assert not journal.entries()

    async def test_only_what_is_named(self) -> None:
        """A reused pid, a device of somebody else, and what is gone are left alone, and forgotten."""
        self.bench.namespace.run("ip link add lrt-br type bridge")
        with subprocess.Popen(["sleep", "60"]) as bystander:
            journal = MemoryJournal()
            reused = Program.of(bystander.pid)
            assert reused is not None
            journal.note(UndoEntry("process", "x", f"{reused.pid} {reused.started + 1}"))
            journal.note(UndoEntry("process", "x", "nonsense"))
            journal.note(UndoEntry("device", "lrt-br"))
            journal.note(UndoEntry("device", "lrt-gone"))
            assert await undo_all(self.bench.reactor, journal) == 4
            assert bystander.poll() is None
            bystander.kill()
        assert self.bench.has_device("lrt-br")

    async def test_half_made(self) -> None:
        """A device of a kind that we make, left without a mark, goes if the journal names it."""
        self.bench.namespace.run("ip tuntap add dev lrt-half mode tun")
        journal = MemoryJournal([UndoEntry("device", "lrt-half")])
        assert await undo_all(self.bench.reactor, journal) == 1
        assert not self.bench.has_device("lrt-half")
