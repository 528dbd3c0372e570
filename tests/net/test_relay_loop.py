"""The relay's loop on real sockets, read by hand: nobody waits behind another's flood."""

from __future__ import annotations

import socket
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.relay import Bind, Unbind
from lanrage.core.relay_bindings import Binding, RelayLimits
from lanrage.core.relay_cookies import Line
from lanrage.core.relay_counters import Drop
from lanrage.core.relay_table import RelayTable
from lanrage.core.tickets import open_ticket
from lanrage.net.mmsg import KEY, pack_address
from lanrage.net.relay_loop import BATCH, DIRECT, ROOM, TURN, LoopPort, RelayLoop
from lanrage.net.relay_server import RelayPorts
from lanrage.wire.relay import MAGIC, encode
from tests.core.relay_world import SERVER, counting, ticket

LOOPBACK = "127.0.0.1"
DATA = b"\x04\0\0\0"


class Readers(Clock):
    """A reactor that takes readers; the test reads."""

    def __init__(self) -> None:
        super().__init__()
        self.readers: set[Any] = set()

    def addReader(self, reader: Any) -> None:
        """One more."""
        self.readers.add(reader)

    def removeReader(self, reader: Any) -> None:
        """One less."""
        self.readers.discard(reader)


class RelayLoopTests(SynchronousTestCase):
    """A relay with two ports."""

    def setUp(self) -> None:
        """Nobody is bound."""
        self.reactor = Readers()
        self.table = RelayTable(SERVER.public, counting(), RelayLimits(packets=1e6, packets_burst=1e6))
        self.loop = RelayLoop(self.reactor, RelayPorts(self.table, self.reactor.seconds, lambda: 0.0))
        self.addCleanup(self.loop.close)
        self.ports = [self.loop.open(0, LOOPBACK) for _ in range(2)]

    def client(self) -> socket.socket:
        """A client's socket."""
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(made.close)
        made.bind((LOOPBACK, 0))
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 21)
        made.settimeout(2)
        return made

    def bind(self, name: str, other: str, end: socket.socket, port: LoopPort) -> Binding:
        """The table holds a binding of that end."""
        shown = open_ticket(ticket(name, other), SERVER.public)
        host, number = end.getsockname()
        line = Line(host, number, port.number)
        binding = self.table._enter((shown.party_id, shown.pair), Bind(b"t" * 8, b"", b"", b""), shown, line, 0.0)
        binding.until = 1000.0
        return binding

    def pair(self, one: str, other: str, ports: tuple[int, int] = (0, 1)) -> tuple[socket.socket, socket.socket]:
        """Two clients that are joined."""
        ends = self.client(), self.client()
        first = self.bind(one, other, ends[0], self.ports[ports[0]])
        second = self.bind(other, one, ends[1], self.ports[ports[1]])
        first.peer, second.peer = second, first
        return ends

    def drops(self) -> dict[Drop, int]:
        """What was dropped, by reason."""
        return {reason: count for reason, count in self.table.counters.dropped.items() if count}

    def test_ports(self) -> None:
        """Data goes out of the port that the receiver is bound at, both ways."""
        anna, ben = self.pair("anna", "ben")
        anna.sendto(DATA + b"there", (LOOPBACK, self.ports[0].number))
        self.ports[0].doRead()
        self.assertEqual((DATA + b"there", (LOOPBACK, self.ports[1].number)), ben.recvfrom(99))
        ben.sendto(DATA + b"back", (LOOPBACK, self.ports[1].number))
        self.ports[1].doRead()
        self.assertEqual((DATA + b"back", (LOOPBACK, self.ports[0].number)), anna.recvfrom(99))
        self.assertEqual((2, 17), (self.table.counters.forwarded_packets, self.table.counters.forwarded_bytes))

    def test_what_is_not_forwarded(self) -> None:
        """Control messages, tiny and too long ones, ended bindings and strangers; each is counted or answered."""
        anna, ben = self.pair("anna", "ben")
        stranger = self.client()
        to = (LOOPBACK, self.ports[0].number)
        for data in (MAGIC + b"?", b"\x04", DATA + bytes(ROOM - 3)):
            anna.sendto(data, to)
        stranger.sendto(DATA, to)
        self.ports[0].doRead()
        self.table.ways[self.ports[1].number][pack_address(*ben.getsockname())[KEY]].until = -1.0
        anna.sendto(DATA, to)
        self.ports[0].doRead()
        # The one byte was data like any other: the slow way forwarded it.
        self.assertEqual(b"\x04", ben.recv(99))
        ben.setblocking(False)
        self.assertRaises(BlockingIOError, ben.recv, 99)
        self.assertEqual({Drop.MALFORMED: 1, Drop.LONG: 1, Drop.UNBOUND: 1, Drop.NO_PEER: 1}, self.drops())

    def test_a_flood_delays_nobody(self) -> None:
        """Far more than a turn sends is waiting at the port; a packet behind it goes out among the first."""
        flooder, sink = self.pair("anna", "ben")
        player, friend = self.pair("carl", "dora")
        to = (LOOPBACK, self.ports[0].number)
        flood = TURN * BATCH - 1
        for _ in range(flood):
            flooder.sendto(DATA + b"flood", to)
        player.sendto(DATA + b"shot", to)
        self.ports[0].doRead()
        self.assertEqual(DATA + b"shot", friend.recv(99))
        self.assertGreater(len(self.loop.queue), 0)
        while len(self.loop.queue):
            self.reactor.advance(0)
        sink.setblocking(False)
        got = 0
        while True:
            try:
                got += sink.recv(99) == DATA + b"flood"
            except BlockingIOError:
                break
        self.assertEqual(flood, got + self.drops().get(Drop.QUEUED, 0))
        self.assertGreaterEqual(got, DIRECT * BATCH)

    def test_who_leaves_within_a_batch(self) -> None:
        """Data for Ben, Ben's farewell, then data for Dora, in one batch: each gets what is meant for it."""
        anna, ben = self.pair("anna", "ben", (0, 0))
        carl, dora = self.pair("carl", "dora", (0, 0))
        to = (LOOPBACK, self.ports[0].number)
        leaving = self.table.ways[self.ports[0].number][pack_address(*ben.getsockname())[KEY]]
        for _ in range(20):
            anna.sendto(DATA + b"for ben", to)
        ben.sendto(encode(Unbind(leaving.transaction)), to)
        del leaving
        for _ in range(20):
            carl.sendto(DATA + b"for dora", to)
        self.ports[0].doRead()
        self.assertEqual({DATA + b"for dora"}, {dora.recv(99) for _ in range(20)})
        self.assertEqual({DATA + b"for ben"}, {ben.recv(99) for _ in range(20)})

    def test_close(self) -> None:
        """Nothing is read, sent or due any more; twice is once."""
        flooder, _ = self.pair("anna", "ben")
        for _ in range(TURN * BATCH):
            flooder.sendto(DATA, (LOOPBACK, self.ports[0].number))
        self.ports[0].doRead()
        self.assertGreater(len(self.loop.queue), 0)
        self.loop.close()
        self.loop.close()
        self.assertEqual(([], set(), {}), (self.reactor.getDelayedCalls(), self.reactor.readers, self.loop.ports.open))
        self.assertEqual(-1, self.ports[0].fileno())

    def test_a_bug_stops_nothing(self) -> None:
        """One batch that cannot be dealt with is logged."""

        def fail(*_: object) -> None:
            raise ValueError("a bug")

        self.patch(self.loop.ports, "received", fail)
        self.client().sendto(DATA, (LOOPBACK, self.ports[0].number))
        self.ports[0].doRead()
        self.assertEqual(1, len(self.flushLoggedErrors(ValueError)))

    def test_rate(self) -> None:
        """Above a client's rate packets are dropped and counted."""
        self.table.limits = RelayLimits(packets=10.0, packets_burst=10.0)
        anna, _ = self.pair("anna", "ben")
        for _ in range(25):
            anna.sendto(DATA, (LOOPBACK, self.ports[0].number))
        self.ports[0].doRead()
        self.assertEqual((10, {Drop.LIMITED: 15}), (self.table.counters.forwarded_packets, self.drops()))
