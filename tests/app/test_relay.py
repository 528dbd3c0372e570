"""The relay as a service on real sockets: data passes both ways, a restart is survived, ports are given back."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable, Coroutine
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.protocol import DatagramProtocol
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from lanrage.app.relay import RelayPlan, RelayService
from lanrage.core.links import Endpoint
from lanrage.core.tickets import pair_of
from lanrage.errors import BadInput
from lanrage.wire.relay import MAGIC
from lanrage.wire.relay_binding import RelayBinding
from tests.core.relay_world import SERVER, WALL, holder, ticket, wireguard

LOOPBACK = "127.0.0.1"
PATIENCE = 60.0
"""Seconds until a test gives up; all of it takes a few round trips of the loopback."""


def free_ports(count: int) -> int:
    """The first of `count` UDP ports in a row that nobody uses now."""
    for first in range(27800, 60000, count):
        with contextlib.ExitStack() as stack:
            try:
                for port in range(first, first + count):
                    taken = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
                    taken.bind((LOOPBACK, port))
            except OSError:
                continue
            return first
    raise AssertionError("no free UDP ports")


class End(DatagramProtocol):
    """One end: a socket that speaks to the relay as a node's WireGuard port does."""

    noisy = False

    def __init__(self, reactor: Any, name: str, other: str, port: int) -> None:
        self._reactor = reactor
        pair = pair_of(wireguard(name), wireguard(other))
        self.binding = RelayBinding(ticket(name, other), pair, holder(name).sign, Endpoint(LOOPBACK, port))
        self.got: list[bytes] = []
        self.usable: list[bool] = []
        self._timer: Any = None

    def startProtocol(self) -> None:
        """The socket is open."""
        self.drive(self.binding.start(self._reactor.seconds()))

    def datagramReceived(self, datagram: bytes, addr: tuple[str, int]) -> None:
        """From the relay, and from its very port."""
        assert addr == (self.binding.relay.host, self.binding.relay.port)
        if datagram.startswith(MAGIC):
            self.drive(self.binding.receive(datagram, self._reactor.seconds()))
        else:
            self.got.append(datagram)

    def drive(self, datagrams: list[bytes]) -> None:
        """Send, and wait for the next deadline."""
        for datagram in datagrams:
            self.send(datagram)
        if self.usable[-1:] != [self.binding.usable]:
            self.usable.append(self.binding.usable)
        self.stop_timer()
        deadline = self.binding.deadline()
        if deadline is not None:
            wait = max(0.0, deadline - self._reactor.seconds())
            self._timer = self._reactor.callLater(wait, self._tick)

    def _tick(self) -> None:
        self._timer = None
        self.drive(self.binding.tick(self._reactor.seconds()))

    def send(self, datagram: bytes) -> None:
        """To the relay."""
        assert self.transport is not None
        self.transport.write(datagram, (self.binding.relay.host, self.binding.relay.port))

    def stop_timer(self) -> None:
        """Nothing is left of this end."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class RelayServiceTests(TestCase):
    """A relay with two ends, in the real reactor."""

    def setUp(self) -> None:
        from twisted.internet import reactor

        self.reactor: Any = reactor
        self.first = free_ports(4)
        self.plan = RelayPlan(drain=0.0)
        self.relay = self.make()

    def make(self) -> RelayService:
        """A relay at the test's ports, which has not started."""
        return RelayService(
            self.reactor, SERVER.public, (self.first, self.first + 3), LOOPBACK, plan=self.plan, now=lambda: WALL
        )

    def run_relay(self) -> None:
        """Start it; it stops with the test."""
        relay = self.relay
        relay.startService()
        self.addCleanup(relay.stopService)

    def end(self, name: str, other: str, number: int) -> End:
        """An end at the relay's port of this number; it closes with the test."""
        end = End(self.reactor, name, other, self.first + number)
        port = self.reactor.listenUDP(0, end, LOOPBACK, maxPacketSize=65535)
        self.addCleanup(port.stopListening)
        self.addCleanup(end.stop_timer)
        return end

    def drive(self, test: Coroutine[Deferred[Any], Any, None]) -> Deferred[None]:
        """Run a test that waits."""
        return Deferred.fromCoroutine(test)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait for something to hold."""
        deadline = self.reactor.seconds() + PATIENCE
        while not holds():
            assert self.reactor.seconds() < deadline, "it took too long"
            await deferLater(self.reactor, 0.005, lambda: None)

    def test_data_passes_both_ways(self) -> Deferred[None]:
        """Unchanged, up to the size of any packet of WireGuard, and counted."""
        return self.drive(self._both_ways())

    async def _both_ways(self) -> None:
        self.run_relay()
        anna, ben = self.end("anna", "ben", 0), self.end("ben", "anna", 3)
        await self.until(lambda: anna.binding.usable and ben.binding.usable)
        there, back = (
            [b"\x04" + bytes(31), b"LRNG" + bytes(60), b"\x04" + bytes(range(256)) * 7 + bytes(255)],
            [b"\x01" + bytes(147)],
        )
        anna.send(b"\x04" + bytes(2048))  # too long, and not passed on
        for datagram in there:
            anna.send(datagram)
        ben.send(back[0])
        await self.until(lambda: len(ben.got) == 3 and len(anna.got) == 1)
        self.assertEqual((ben.got, anna.got), (there, back))
        counters = {name: number for name, number in self.relay.counters().items() if number}
        size = sum(map(len, there + back))
        self.assertEqual(counters, {"bindings": 2, "bound": 2, "packets": 4, "bytes": size, "dropped_long": 1})

    def test_a_restart_is_noticed_by_data(self) -> Deferred[None]:
        """A relay that forgot says so to the first packet; both ends bind anew within two seconds."""
        return self.drive(self._restart())

    async def _restart(self) -> None:
        self.run_relay()
        anna, ben = self.end("anna", "ben", 0), self.end("ben", "anna", 1)
        await self.until(lambda: anna.binding.usable and ben.binding.usable)
        self.relay.stopService()
        self.relay = self.make()
        self.run_relay()
        began = time.monotonic()
        anna.send(b"lost, but answered")
        ben.send(b"this one, too")
        await self.until(lambda: self.relay.counters()["bindings"] == 2 and anna.binding.usable and ben.binding.usable)
        self.assertLess(time.monotonic() - began, 2.0)
        anna.send(b"again")
        await self.until(lambda: ben.got == [b"again"])
        self.assertEqual(anna.usable, [False, True, False, True])

    def test_a_drain_loses_nothing(self) -> Deferred[None]:
        """Both ends are told and data passes on; it ends as soon as they have gone, or when its time is over."""
        return self.drive(self._drain())

    async def _drain(self) -> None:
        self.plan = RelayPlan(drain=60.0)
        self.relay = self.make()
        told: list[bool] = []
        self.relay.on_draining = lambda: told.append(self.relay.report().draining)
        self.run_relay()
        anna, ben = self.end("anna", "ben", 0), self.end("ben", "anna", 1)
        await self.until(lambda: anna.binding.usable and ben.binding.usable)
        began, stopping = time.monotonic(), self.relay.stopService()
        await self.until(lambda: anna.binding.draining and ben.binding.draining)
        for number in range(50):
            anna.send(b"packet %d" % number)
            await deferLater(self.reactor, 0.002, lambda: None)
        await self.until(lambda: len(ben.got) == 50)
        self.assertEqual(told, [True])
        for end in (anna, ben):
            end.drive(end.binding.stop())
        await stopping
        self.assertLess(time.monotonic() - began, 30.0)

    def test_a_drain_ends(self) -> Deferred[None]:
        """With its time; who is bound until then is told that it is over."""
        return self.drive(self._drained())

    async def _drained(self) -> None:
        self.plan = RelayPlan(drain=0.3)
        self.relay = self.make()
        self.run_relay()
        anna = self.end("anna", "ben", 0)
        await self.until(lambda: anna.binding.bound)
        await self.relay.stopService()
        await self.until(lambda: not anna.binding.bound)
        self.assertEqual(self.relay.report().draining, True)

    def test_a_taken_port_is_named(self) -> Deferred[None]:
        """In one sentence; the ports that were open already are closed again."""
        return self.drive(self._taken())

    async def _taken(self) -> None:
        with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as other:
            other.bind((LOOPBACK, self.first + 2))
            with self.assertRaises(BadInput) as caught:
                self.relay.startService()
            self.relay.stopService()
        self.assertEqual(caught.exception.field, "ports")
        self.assertIn(str(self.first + 2), str(caught.exception))
        self.assertNotIn("\n", str(caught.exception))
        self.run_relay()

    def test_a_stop_gives_all_ports_back(self) -> Deferred[None]:
        """Once or twice stopped, started or not."""
        return self.drive(self._stop())

    async def _stop(self) -> None:
        self.relay.stopService()
        self.assertEqual(self.relay.counters(), {})
        self.relay.startService()
        self.relay.stopService()
        self.relay.stopService()
        with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as free:
            free.bind((LOOPBACK, self.first))
