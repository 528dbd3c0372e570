"""The rewriting of ports, in real namespaces: both ways, one peer alone, beside firewalls, and taken back."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase, TestCase

from lanrage.core.links import Endpoint
from lanrage.core.undo import UndoEntry
from lanrage.errors import LanrageError, MissingRight
from lanrage.net.punch_table import PunchTable, run_nft, table_name
from lanrage.net.rawport import RawProbePort
from lanrage.net.undo import undo_all
from lanrage.net.userspace import PROGRAM, UserspaceTunnel
from tests.fakes_links import MemoryJournal
from tests.namespaces import Namespace, join, may_unshare
from tests.punched_port import PunchedPort
from tests.real_links import LOST_S, RealNamespace

WIREGUARD, PEER_PORT = 51820, 6000
HERE, THERE = "10.9.0.1", "10.9.0.2"
DEVICE = "lrt-punch0"

needs_nft = pytest.mark.skipif(not (may_unshare() and shutil.which("nft")), reason="needs root, /dev/net/tun and nft")


class NameTests(SynchronousTestCase):
    """The table's name."""

    def test_names(self) -> None:
        """One a device; what nftables does not take in a name is replaced."""
        self.assertEqual("lanrage-punch-lanrage-wg0", table_name("lanrage-wg0"))
        self.assertEqual("lanrage-punch-a_b_c", table_name("a@b:c"))

    def test_no_program(self) -> None:
        """Without nft the error says how to get it."""
        with self.assertRaisesRegex(MissingRight, "apt-get install nftables"):
            run_nft("", "no-such-program")

    def test_no_answer(self) -> None:
        """A program that cannot be run, and one that refuses, are told, too."""
        folder = TemporaryDirectory()  # pylint: disable=consider-using-with
        self.addCleanup(folder.cleanup)
        path = Path(folder.name) / "program"
        path.write_bytes(b"neither a program nor a script")
        path.chmod(0o755)
        with self.assertRaisesRegex(LanrageError, "did not answer"):
            run_nft("", str(path))
        with self.assertRaisesRegex(LanrageError, "needs nftables"):
            run_nft("", "false")


@needs_nft
class TestPunchTable(TestCase):
    """Two machines on one cable; the first has a socket in WireGuard's place."""

    timeout = 120

    def setUp(self) -> None:
        """Build them."""
        from twisted.internet import reactor

        self.world = RealNamespace(reactor)
        self.addCleanup(self.world.leave)
        self.there = Namespace()
        self.addCleanup(self.there.close)
        join(self.world.namespace, "eth0", self.there, "eth0")
        self.world.namespace.run(f"ip addr add {HERE}/24 dev eth0; ethtool -K eth0 tx off 2>/dev/null || true")
        self.there.run(f"ip addr add {THERE}/24 dev eth0; ip addr add 10.9.0.3/24 dev eth0")
        self.journal = MemoryJournal()
        self.table = PunchTable(self.world.reactor, DEVICE, self.journal)
        self.wireguard = self.udp(WIREGUARD)
        self.kept = self.udp(0)
        self.local = self.kept.getsockname()[1]
        with self.there.inside():
            self.peer, self.other = self.udp(PEER_PORT, THERE), self.udp(PEER_PORT, "10.9.0.3")
        self.way = Endpoint(THERE, PEER_PORT)

    def udp(self, port: int, host: str = "0.0.0.0") -> socket.socket:
        """A socket with a port."""
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(made.close)
        made.settimeout(LOST_S)
        made.bind((host, port))
        return made

    def source(self, peer: socket.socket, host: str, port: int = PEER_PORT) -> int:
        """From which port a peer sees what WireGuard sends."""
        self.wireguard.sendto(b"out", (host, port))
        return int(peer.recvfrom(99)[1][1])

    def reaches(self, port: int, peer: socket.socket | None = None) -> socket.socket | None:
        """Which socket here gets what the peer sends to a port."""
        (peer or self.peer).sendto(b"in", (HERE, port))
        for each in (self.wireguard, self.kept):
            try:
                if each.recvfrom(99)[0] == b"in":
                    return each
            except TimeoutError:
                continue
        return None

    def ruleset(self) -> str:
        """All tables here."""
        return self.world.namespace.run("nft list ruleset")

    async def test_both_ways(self) -> None:
        """To the peer WireGuard's packets leave from the kept port, and come back there; all else is as it was."""
        await self.table.add(self.way, self.local, WIREGUARD)
        self.assertEqual(self.local, self.source(self.peer, THERE))
        self.assertIs(self.wireguard, self.reaches(self.local))
        self.assertIs(self.wireguard, self.reaches(WIREGUARD))
        self.assertEqual(WIREGUARD, self.source(self.other, "10.9.0.3"))
        self.assertIs(self.kept, self.reaches(self.local, self.other))
        await self.table.close()

    async def test_taken_back(self) -> None:
        """Without the element the ports are the old ones; without the table nothing of ours is left."""
        await self.table.add(self.way, self.local, WIREGUARD)
        self.assertEqual([UndoEntry("punch-table", table_name(DEVICE))], self.journal.entries())
        await self.table.remove(self.way)
        await self.table.remove(self.way)
        self.assertEqual(WIREGUARD, self.source(self.peer, THERE))
        self.assertIs(self.kept, self.reaches(self.local))
        await self.table.close()
        await self.table.close()
        self.assertEqual(("", []), (self.ruleset(), self.journal.entries()))

    async def test_again(self) -> None:
        """A new way to the same peer takes the old one's place; two peers have one each."""
        second = self.udp(0)
        await self.table.add(self.way, self.local, WIREGUARD)
        await self.table.add(self.way, second.getsockname()[1], WIREGUARD)
        self.assertEqual(second.getsockname()[1], self.source(self.peer, THERE))
        await self.table.add(Endpoint("10.9.0.3", PEER_PORT), self.local, WIREGUARD)
        self.assertEqual(self.local, self.source(self.other, "10.9.0.3"))
        self.assertEqual(second.getsockname()[1], self.source(self.peer, THERE))
        await self.table.close()

    async def test_firewall(self) -> None:
        """A firewall here that lets in answers alone sees one flow of the kept port."""
        self.world.namespace.run(
            "nft 'table ip strict { chain input { type filter hook input priority 0; policy drop; "
            "ct state established accept; }; chain output { type filter hook output priority 0; policy drop; "
            "ct state new,established accept; }; }'"
        )
        self.kept.sendto(b"probe", (THERE, PEER_PORT))
        self.assertEqual(self.local, self.peer.recvfrom(99)[1][1])
        await self.table.add(self.way, self.local, WIREGUARD)
        for _ in range(3):
            self.assertEqual(self.local, self.source(self.peer, THERE))
            self.assertIs(self.wireguard, self.reaches(self.local))
        await self.table.close()

    async def test_probe_port(self) -> None:
        """Probes of the raw socket are rewritten as well, with checksums that hold, and their answers are heard."""
        port = RawProbePort(self.world.reactor)
        self.addCleanup(port.close)
        heard: list[tuple[bytes, Endpoint]] = []
        port.open(WIREGUARD, lambda payload, source, local: heard.append((payload, source)))
        await self.table.add(self.way, self.local, WIREGUARD)
        port.send(b"LRNG odd", self.way)
        payload, address = self.peer.recvfrom(99)
        self.assertEqual((b"LRNG odd", self.local), (payload, address[1]))
        self.assertIs(self.wireguard, self.reaches(self.local))
        self.peer.sendto(b"LRNG back", address)
        self.assertEqual(b"LRNG back", self.wireguard.recvfrom(99)[0])
        for reader in port._readers:
            reader.doRead()
        self.assertIn((b"LRNG back", self.way), heard)
        await self.table.close()

    async def test_flushed(self) -> None:
        """A firewall that is loaded anew removes all tables: the next way brings ours back, with those before."""
        await self.table.add(self.way, self.local, WIREGUARD)
        self.world.namespace.run("nft flush ruleset")
        self.assertEqual("", self.ruleset())
        more = Endpoint("10.9.0.3", PEER_PORT)
        await self.table.add(more, self.local + 1, WIREGUARD)
        self.assertEqual(self.local, self.source(self.peer, THERE))
        self.assertIn("10.9.0.3", self.ruleset())
        self.world.namespace.run("nft flush ruleset")
        await self.table.remove(more)
        await self.table.add(self.way, self.local, WIREGUARD)
        self.assertEqual(self.local, self.source(self.peer, THERE))
        await self.table.close()
        self.assertEqual("", self.ruleset())

    async def test_flushed_before_another_goes(self) -> None:
        """The way of one member goes after the flush: those of the others are back at once, and the log says why."""
        more = Endpoint("10.9.0.3", PEER_PORT)
        await self.table.add(self.way, self.local, WIREGUARD)
        await self.table.add(more, self.local, WIREGUARD)
        self.world.namespace.run("nft flush ruleset")
        with capturedLogs() as events:
            await self.table.remove(more)
        self.assertIn("was removed by another program", "".join(str(event.get("log_format")) for event in events))
        self.assertEqual(self.local, self.source(self.peer, THERE))
        self.assertEqual(WIREGUARD, self.source(self.other, "10.9.0.3"))
        await self.table.close()
        self.assertEqual(("", []), (self.ruleset(), self.journal.entries()))

    async def test_ready(self) -> None:
        """Before anything is spent: the table is there, and once more after a flush with the ways that it had."""
        await self.table.ready(WIREGUARD)
        self.assertIn(table_name(DEVICE), self.ruleset())
        await self.table.add(self.way, self.local, WIREGUARD)
        await self.table.ready(WIREGUARD)
        self.assertEqual(self.local, self.source(self.peer, THERE))
        self.world.namespace.run("nft flush ruleset")
        await self.table.ready(WIREGUARD)
        self.assertEqual(self.local, self.source(self.peer, THERE))
        await self.table.close()
        self.assertEqual(("", []), (self.ruleset(), self.journal.entries()))

    async def test_closed_after_a_failure(self) -> None:
        """A change that nftables refused leaves the table as it was; it goes at the end all the same."""
        await self.table.add(self.way, self.local, WIREGUARD)
        with self.assertRaises(LanrageError):
            await self.table.add(Endpoint("2001:db8::1", 5), self.local, WIREGUARD)
        self.assertEqual(self.local, self.source(self.peer, THERE))
        await self.table.close()
        self.assertEqual(("", []), (self.ruleset(), self.journal.entries()))

    async def test_crash(self) -> None:
        """A table that a crash left is removed at the next start by the journal; a new one replaces it, too."""
        await self.table.add(self.way, self.local, WIREGUARD)
        again = PunchTable(self.world.reactor, DEVICE, self.journal)
        await again.add(Endpoint("10.9.0.3", PEER_PORT), self.local, WIREGUARD)
        self.assertEqual(WIREGUARD, self.source(self.peer, THERE))
        self.assertEqual(1, await undo_all(self.world.reactor, self.journal))
        self.assertEqual(("", []), (self.ruleset(), self.journal.entries()))
        self.assertEqual(0, await undo_all(self.world.reactor, self.journal))

    async def test_refused(self) -> None:
        """What nftables does not take is an error with its words; the entry stays in the journal, which is harmless."""
        with self.assertRaisesRegex(LanrageError, "nftables"):
            await self.table.add(Endpoint("2001:db8::1", 5), self.local, WIREGUARD)
        self.assertEqual("", self.ruleset())
        await undo_all(self.world.reactor, self.journal)
        self.assertEqual([], self.journal.entries())


@pytest.mark.skipif(
    not (may_unshare() and shutil.which(PROGRAM) and shutil.which("nft")), reason="needs root, nft, wireguard-go"
)
class TestPunchedPort(PunchedPort, TestCase):
    """wireguard-go sends through a port that birthday probing found."""

    timeout = 120
    make = UserspaceTunnel
