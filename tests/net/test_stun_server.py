"""The reflector: valid requests are answered, at a bounded size and rate, and nothing else is."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.testing import FakeDatagramTransport
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.budget import KEY_LIMIT
from lanrage.core.links import Endpoint
from lanrage.errors import DecodeError
from lanrage.net.stun_server import BURST, RATE, StunReflector
from lanrage.wire.stun import Kind, Message, decode, encode
from tests.strategies_stun import datagrams, framed

TRANSACTION = b"transaction!"
REQUEST = encode(Message(Kind.REQUEST, TRANSACTION))
CLIENT = ("198.51.100.7", 40000)
IPV4_GROWTH = 12
"""Bytes that an answer may have more than its request: an IPv4 XOR-MAPPED-ADDRESS."""


class Refusing(FakeDatagramTransport):
    """The kernel takes nothing."""

    def write(self, packet: bytes, addr: Any = None) -> None:
        """What a broadcast source brings about."""
        raise PermissionError(13, "Permission denied")


class Desk:
    """A reflector with a transport in memory and a clock in hand."""

    def __init__(self, transport: FakeDatagramTransport | None = None) -> None:
        self.now = 100.0
        self.reflector = StunReflector(lambda: self.now)
        self.transport = transport if transport is not None else FakeDatagramTransport()
        self.reflector.makeConnection(self.transport)

    def ask(self, datagram: bytes, source: tuple[str, int] = CLIENT) -> list[tuple[bytes, tuple[str, int]]]:
        """One datagram in; what goes out."""
        self.reflector.datagramReceived(datagram, source)
        sent, self.transport.written = self.transport.written, []
        return sent


@given(datagrams, st.integers(0, 65535))
def test_only_valid_requests_are_answered_and_never_much_larger(datagram: bytes, port: int) -> None:
    """At most one answer, to the sender, of at most 12 bytes more over IPv4, and never one that is a request itself."""
    desk = Desk()
    sent = desk.ask(datagram, ("192.0.2.1", port))
    try:
        request = decode(datagram)
    except DecodeError:
        assert sent == []
        return
    if request.kind is not Kind.REQUEST or not port:
        assert sent == []
        return
    [(answer, to)] = sent
    assert to == ("192.0.2.1", port)
    assert len(answer) <= len(datagram) + IPV4_GROWTH
    got = decode(answer)
    assert got.transaction == request.transaction
    assert got.fingerprint == request.fingerprint
    assert desk.ask(answer) == []


@given(framed(kinds=st.just(1)))
def test_unknown_attributes_are_told(datagram: bytes) -> None:
    """Error 420 when there is an attribute that must be understood and is not, else the address."""
    try:
        request = decode(datagram)
    except DecodeError:
        return
    [(answer, _)] = Desk().ask(datagram)
    if not request.unknown:
        assert decode(answer).mapped == Endpoint(*CLIENT)
        return
    assert (decode(answer).kind, decode(answer).error) == (Kind.ERROR, 420)
    assert all(name.to_bytes(2, "big") in answer for name in request.unknown)


class TestReflector(SynchronousTestCase):
    """What it answers, to whom, how often."""

    def test_the_address_is_told(self) -> None:
        """Over both families."""
        for source in (CLIENT, ("2001:db8::7", 1)):
            [(answer, to)] = Desk().ask(REQUEST, source)
            self.assertEqual(decode(answer), Message(Kind.SUCCESS, TRANSACTION, mapped=Endpoint(*source)))
            self.assertEqual(to, source)

    def test_an_answer_is_not_answered(self) -> None:
        """Two reflectors cannot be set upon each other by a forged source."""
        desk = Desk()
        for kind in (Kind.SUCCESS, Kind.ERROR):
            self.assertEqual(desk.ask(encode(Message(kind, TRANSACTION))), [])
        self.assertEqual(desk.reflector.counters.malformed, 2)

    def test_one_host_is_limited_and_no_other(self) -> None:
        """The burst, whatever the ports; then the rate; a neighbour is not touched."""
        desk = Desk()
        answered = sum(len(desk.ask(REQUEST, (CLIENT[0], 1 + n))) for n in range(2 * int(BURST)))
        self.assertEqual(answered, int(BURST))
        self.assertEqual(desk.reflector.counters.limited, int(BURST))
        self.assertEqual(len(desk.ask(REQUEST, ("198.51.100.8", 1))), 1)
        desk.now += 1.0
        self.assertEqual(sum(len(desk.ask(REQUEST)) for _ in range(2 * int(BURST))), int(RATE))

    def test_rubbish_costs_no_allowance(self) -> None:
        """Who sends other things at the port, by a forged source say, silences nobody."""
        desk = Desk()
        for _ in range(2 * int(BURST)):
            desk.ask(b"rubbish")
        self.assertEqual(len(desk.ask(REQUEST)), 1)

    def test_memory_is_bounded(self) -> None:
        """Many sources leave no more than the bounded table behind."""
        desk = Desk()
        for number in range(KEY_LIMIT + 500):
            desk.ask(REQUEST, (f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", 5))
        self.assertEqual(desk.reflector.remembered, KEY_LIMIT)

    def test_a_kernel_that_refuses_does_not_stop_it(self) -> None:
        """Counted, and the next one is dealt with."""
        desk = Desk(Refusing())
        desk.ask(REQUEST, ("255.255.255.255", 9))
        desk.ask(REQUEST)
        self.assertEqual(desk.reflector.counters.unsent, 2)
