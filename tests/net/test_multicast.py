"""The watch over multicast groups, with tables and sockets in memory."""

from __future__ import annotations

import contextlib
import socket
import sys
from collections.abc import Callable, Collection
from ipaddress import IPv4Address
from typing import cast

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import ILogObserver, LogEvent, formatEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.multicast_plan import GroupOnCard, Scan
from lanrage.net.multicast import LOOK_SECONDS, MulticastWays, RawWay
from lanrage.wire.packets import write_ipv4
from tests.namespaces import Namespace, join
from tests.strategies_lan import GROUP, PEER, udp

CARD, ETH = 2, 4
PLACE = GroupOnCard(GROUP, ETH)
HEAD = "Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter\n"
UDP_HEAD = "  sl  local_address rem_address st tx rx tr uid timeout inode\n"


def igmp(**joined: int) -> str:
    """The table with sockets joined to the game's group, by device."""
    index = {"lo": 1, "lanrage0": CARD, "eth0": ETH}
    rows = [f"{index[name]}\t{name:10}: 1 V3\n\t\t\t\t3C0200E0 {users} 0:0\t\t0\n" for name, users in joined.items()]
    return HEAD + "".join(rows)


class ScriptedAdopter:
    """Finds what the test says."""

    card_index = CARD

    def __init__(self) -> None:
        self.result = Scan()
        self.asked: list[tuple[set[GroupOnCard], set[int]]] = []

    def scan(self, places: Collection[GroupOnCard], inodes: Collection[int]) -> Scan:
        """See :meth:`lanrage.net.adopt.Adopter.scan`."""
        self.asked.append((set(places), set(inodes)))
        return self.result


class WatchTests(SynchronousTestCase):
    """Looking, adopting, taking the raw way."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.adopter = ScriptedAdopter()
        self.tables = {"/proc/net/igmp": igmp(), "/proc/net/udp": UDP_HEAD}
        self.sent: list[tuple[bytes, IPv4Address, int]] = []
        self.threads: list[tuple[Deferred[Scan], Callable[[], Scan]]] = []
        self.ways = MulticastWays(
            self.clock,
            self.adopter,  # type: ignore[arg-type]
            self.in_thread,
            lambda *sent: self.sent.append(sent),
            read=self.read,
        )

    def read(self, name: str) -> str:
        """A table, or none."""
        if name not in self.tables:
            raise FileNotFoundError(name)
        return self.tables[name]

    def in_thread(self, call: Callable[[], Scan]) -> Deferred[Scan]:
        """A thread that ends when the test says so."""
        result: Deferred[Scan] = Deferred()
        self.threads.append((result, call))
        return result

    def finish(self) -> None:
        """The oldest thread ends."""
        result, call = self.threads.pop(0)
        result.callback(call())

    def sockets(self, *inodes: int) -> None:
        """These sockets are there."""
        row = "0: 00000000:115D 00000000:0000 07 00000000:00000000 00:00000000 00000000 0 0 {} 2 0 0\n"
        self.tables["/proc/net/udp"] = UDP_HEAD + "".join(row.format(inode) for inode in inodes)

    def deliver(self) -> list[tuple[bytes, IPv4Address, int]]:
        """What a member's datagram makes the raw way send."""
        self.sent.clear()
        self.ways.deliver(udp(destination=GROUP))
        return list(self.sent)

    def test_quiet(self) -> None:
        """Without a game there is no look at any socket."""
        self.sockets(11, 12)
        self.ways.start()
        self.clock.pump([LOOK_SECONDS] * 20)
        self.assertEqual((self.threads, self.deliver()), ([], []))
        self.successResultOf(self.ways.stop())
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_adopted(self) -> None:
        """A game that joined is adopted once, and looked at again only when something changes."""
        self.ways.start()
        self.tables["/proc/net/igmp"] = igmp(eth0=1)
        self.sockets(11)
        self.clock.advance(LOOK_SECONDS)
        self.adopter.result = Scan({PLACE: 1}, 1)
        self.tables["/proc/net/igmp"] = igmp(eth0=1, lanrage0=1)
        self.finish()
        self.clock.pump([LOOK_SECONDS] * 20)
        self.assertEqual((self.adopter.asked, self.threads, self.deliver()), ([({PLACE}, {11})], [], []))
        self.sockets(11, 12)
        self.clock.advance(LOOK_SECONDS)
        self.assertEqual(len(self.threads), 1)
        self.finish()
        self.adopter.result = Scan()
        self.successResultOf(self.stopping())

    def stopping(self) -> Deferred[None]:
        """A stop that lets go of what was adopted."""
        stopping = self.ways.stop()
        while self.threads:
            self.finish()
        return stopping

    def test_left(self) -> None:
        """When the game leaves the real card's group, its socket is let go of, though no group is wanted any more."""
        self.adopter.result = Scan({PLACE: 1}, 1)
        self.tables["/proc/net/igmp"] = igmp(eth0=1, lanrage0=1)
        self.ways.start()
        self.finish()
        self.adopter.result = Scan()
        self.tables["/proc/net/igmp"] = igmp(lanrage0=1)
        self.clock.advance(LOOK_SECONDS)
        self.finish()
        self.assertEqual(self.adopter.asked[-1], (set(), set()))
        self.assertEqual(self.ways.last.adopted, 0)
        self.successResultOf(self.ways.stop())

    def test_denied(self) -> None:
        """A socket that cannot be adopted gets its datagrams the raw way, with no time to live, after the look."""
        self.tables["/proc/net/igmp"] = igmp(eth0=1)
        self.adopter.result = Scan({}, 0, 1)
        self.ways.start()
        self.assertEqual(self.deliver(), [])
        self.finish()
        packet = write_ipv4(udp(destination=GROUP), ttl=0)
        self.assertEqual((self.deliver(), packet[8]), ([(packet, GROUP, ETH)], 0))
        self.tables["/proc/net/igmp"] = igmp(eth0=1, lanrage0=1)
        self.clock.advance(LOOK_SECONDS)
        self.assertEqual(self.deliver(), [])
        self.successResultOf(self.ways.stop())

    def test_changed_while_looking(self) -> None:
        """What changes during a look is looked at after it, and until then nothing takes the raw way."""
        self.tables["/proc/net/igmp"] = igmp(eth0=1)
        self.ways.start()
        self.tables["/proc/net/igmp"] = igmp(eth0=2)
        self.clock.advance(LOOK_SECONDS)
        self.assertEqual(len(self.threads), 1)
        self.finish()
        self.assertEqual((len(self.threads), self.deliver()), (1, []))
        self.finish()
        self.successResultOf(self.ways.stop())

    def test_stop_lets_go(self) -> None:
        """A stop waits for the look that runs, and then lets go of all."""
        self.tables["/proc/net/igmp"] = igmp(eth0=1)
        self.adopter.result = Scan({PLACE: 1}, 1)
        self.ways.start()
        stopping = self.ways.stop()
        self.assertNoResult(stopping)
        self.finish()
        self.assertNoResult(stopping)
        self.finish()
        self.successResultOf(stopping)
        self.assertEqual([places for places, _ in self.adopter.asked], [{PLACE}, set()])

    def test_blindness_is_told_once(self) -> None:
        """A table that stays unreadable is one warning, and one more after it could be read in between."""
        told: list[LogEvent] = []

        def listen(event: LogEvent) -> None:
            if "cannot be read" in formatEvent(event):
                told.append(event)

        observer = cast(ILogObserver, listen)
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)
        self.ways.start()
        readable = self.tables["/proc/net/igmp"]
        for table, warnings in (("nonsense\nnonsense", 1), (readable, 1), ("nonsense\nnonsense", 2)):
            self.tables["/proc/net/igmp"] = table
            for _ in range(5):
                self.clock.advance(LOOK_SECONDS)
            self.assertEqual(len(told), warnings)
        while self.threads:
            self.finish()
        self.successResultOf(self.ways.stop())

    def test_trouble(self) -> None:
        """Tables that cannot be read and looks that fail do not end the watch."""
        self.ways.start()
        self.tables["/proc/net/igmp"] = "head\nnonsense"
        self.clock.advance(LOOK_SECONDS)
        del self.tables["/proc/net/igmp"]
        self.clock.advance(LOOK_SECONDS)
        self.tables["/proc/net/igmp"] = igmp(eth0=1)
        self.clock.advance(LOOK_SECONDS)
        self.threads.pop()[0].errback(ZeroDivisionError())
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.sockets(12)
        self.clock.advance(LOOK_SECONDS)
        self.assertEqual(len(self.threads), 1)
        self.finish()
        self.successResultOf(self.ways.stop())


@pytest.mark.needs("net-raw")
class RawWayTests(SynchronousTestCase):
    """The raw socket; what it brings is seen in ``tests/app/test_lan_real.py``."""

    @pytest.mark.needs("root", "ip")
    def test_large(self) -> None:
        """A datagram above the card's MTU comes whole and once, and leaves nothing on the wire."""
        here, far = Namespace(), Namespace()
        self.addCleanup(here.close)
        self.addCleanup(far.close)
        join(here, "eth0", far, "eth0")
        here.run("ip addr add 192.168.7.5/24 dev eth0; ip route add default dev eth0")
        raw = RawWay()
        with here.inside():
            raw.open()
            index = socket.if_nametoindex("eth0")
            game = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            wire = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0003))
        self.addCleanup(raw.close)
        with game, wire:
            game.bind(("", 6000))
            request = GROUP.packed + bytes(4) + index.to_bytes(4, sys.byteorder)
            game.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, request)
            game.settimeout(5.0)
            payloads = [bytes([number]) * size for number, size in enumerate((20, 4000, 8900, 4000))]
            for payload in payloads:
                raw.send(write_ipv4(udp(destination=GROUP, payload=payload), ttl=0), GROUP, index)
            self.assertEqual([game.recvfrom(65536)[0] for _ in payloads], payloads)
            game.setblocking(False)
            self.assertRaises(BlockingIOError, game.recv, 1)
            wire.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                while True:
                    packet, where = wire.recvfrom(65536)
                    self.assertFalse(where[2] == socket.PACKET_OUTGOING and packet[12:16] == PEER.packed)

    def test_refusals(self) -> None:
        """What the kernel refuses is lost; a closed socket sends nothing; closing twice is no error."""
        raw = RawWay()
        raw.send(write_ipv4(udp(destination=GROUP), ttl=0), GROUP, 1)
        raw.open()
        raw.send(b"too short", GROUP, 1)
        raw.send(write_ipv4(udp(destination=GROUP), ttl=0), GROUP, 2**31 - 1)
        raw.close()
        raw.close()
