"""The reflector: valid requests are answered, at a bounded size and rate, and nothing else is."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.testing import FakeDatagramTransport
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.budget import KEY_LIMIT
from lanrage.core.links import Endpoint
from lanrage.core.nat import Change
from lanrage.errors import DecodeError
from lanrage.net.stun_server import BURST, RATE, StunReflector, join
from lanrage.wire.stun import Kind, Message, decode, encode
from tests.strategies_stun import datagrams, framed

TRANSACTION = b"transaction!"
REQUEST = encode(Message(Kind.REQUEST, TRANSACTION))
CLIENT = ("198.51.100.7", 40000)
IPV4_GROWTH, IPV4_GROWTH_5780 = 12, 28
"""Bytes that an answer may have more than its request: an IPv4 XOR-MAPPED-ADDRESS; two addresses more for one who asks
by an attribute of 8 bytes."""
A, B = "203.0.113.1", "203.0.113.2"


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


class Constellation:
    """A reflector on two addresses and two ports, or on two ports of one."""

    def __init__(self, hosts: int = 2) -> None:
        self.at = {(h, p): Endpoint((A, B)[h], 3478 + p) for h in range(hosts) for p in range(2)}
        first = StunReflector(lambda: 100.0)
        self.faces = {
            key: StunReflector(lambda: 100.0, at if hosts > 1 else None, first) for key, at in self.at.items()
        }
        for face in self.faces.values():
            face.makeConnection(FakeDatagramTransport())
        join(self.faces)

    def ask(
        self, datagram: bytes, source: tuple[str, int] = CLIENT, at: tuple[int, int] = (0, 0)
    ) -> list[tuple[Endpoint, bytes, tuple[str, int]]]:
        """One datagram in; what goes out, from where and to whom."""
        self.faces[at].datagramReceived(datagram, source)
        sent: list[tuple[Endpoint, bytes, tuple[str, int]]] = []
        for key, face in self.faces.items():
            transport = face.transport
            assert isinstance(transport, FakeDatagramTransport)
            sent += [(self.at[key], data, to) for data, to in transport.written]
            transport.written = []
        return sent


def request_in(datagram: bytes) -> Message | None:
    """What is to be answered, if anything."""
    try:
        message = decode(datagram)
    except DecodeError:
        return None
    return message if message.kind is Kind.REQUEST else None


@given(datagrams, st.integers(0, 65535), st.integers(1, 2), st.integers(0, 1))
def test_from_several_sockets(datagram: bytes, port: int, hosts: int, which: int) -> None:
    """At most one answer, to the host that asked, small, from the socket that was asked for."""
    world = Constellation(hosts)
    sent = world.ask(datagram, ("192.0.2.1", port), (0, which))
    request = request_in(datagram) if port else None
    if request is None:
        assert sent == []
        return
    [(source, answer, to)] = sent
    got = decode(answer)
    assert len(answer) <= len(datagram) + (IPV4_GROWTH_5780 if request.change or request.response_port else IPV4_GROWTH)
    assert to[0] == "192.0.2.1"
    if got.kind is Kind.ERROR:
        assert (source, to[1]) == (world.at[0, which], port)
        return
    change = request.change or Change()
    assert source == world.at[int(change.address), which ^ change.port]
    assert to[1] == (request.response_port or port)
    assert got.other in (None, world.at.get((1, 1 - which)))


class TestConstellation(SynchronousTestCase):
    """RFC 5780's changes."""

    def test_every_change(self) -> None:
        """The answer comes from there, names where it came from, and the other address and port of the asked one."""
        world = Constellation()
        for number, which in world.at:
            for address in (False, True):
                for port in (False, True):
                    request = encode(Message(Kind.REQUEST, TRANSACTION, change=Change(address, port)))
                    [(source, answer, to)] = world.ask(request, at=(number, which))
                    self.assertEqual((source, to), (world.at[number ^ address, which ^ port], CLIENT))
                    told = (decode(answer).mapped, decode(answer).origin, decode(answer).other)
                    self.assertEqual(told, (Endpoint(*CLIENT), source, world.at[1 - number, 1 - which]))

    def test_a_plain_request(self) -> None:
        """Gets a plain answer."""
        [(_, answer, _)] = Constellation().ask(REQUEST)
        self.assertEqual(decode(answer), Message(Kind.SUCCESS, TRANSACTION, mapped=Endpoint(*CLIENT)))

    def test_one_address(self) -> None:
        """The port can be changed, the address not: that is refused (RFC 5780, section 6.1); no other one is told."""
        world = Constellation(1)
        [(source, answer, _)] = world.ask(encode(Message(Kind.REQUEST, TRANSACTION, change=Change(port=True))))
        self.assertEqual((source, decode(answer).other), (world.at[0, 1], None))
        for change in (Change(True, True), Change(address=True)):
            [(source, answer, _)] = world.ask(encode(Message(Kind.REQUEST, TRANSACTION, change=change)))
            self.assertEqual((source, decode(answer).error), (world.at[0, 0], 420))
            self.assertIn(b"\x00\x03", answer[20:])

    def test_one_socket(self) -> None:
        """No change is possible; an empty request for one is."""
        desk = Desk()
        for change, kind in ((Change(), Kind.SUCCESS), (Change(port=True), Kind.ERROR)):
            [(answer, _)] = desk.ask(encode(Message(Kind.REQUEST, TRANSACTION, change=change)))
            self.assertIs(decode(answer).kind, kind)

    def test_another_port_of_the_asker(self) -> None:
        """The answer goes there, to no system port though: that is refused, where the request came from."""
        desk = Desk()
        [(answer, to)] = desk.ask(encode(Message(Kind.REQUEST, TRANSACTION, response_port=5000)))
        self.assertEqual((to, decode(answer).mapped), ((CLIENT[0], 5000), Endpoint(*CLIENT)))
        for port in (1, 53, 1023):
            [(answer, to)] = desk.ask(encode(Message(Kind.REQUEST, TRANSACTION, response_port=port)))
            self.assertEqual((to, decode(answer).error), (CLIENT, 420))

    def test_one_allowance_for_all_sockets(self) -> None:
        """Whoever asks at each gets no more."""
        world = Constellation()
        answered = sum(len(world.ask(REQUEST, at=(n & 1, n >> 1 & 1))) for n in range(2 * int(BURST)))
        self.assertEqual(answered, int(BURST))
        self.assertEqual(world.faces[1, 1].counters.limited, int(BURST))


@given(datagrams, st.integers(0, 65535))
def test_only_valid_requests_are_answered_and_never_much_larger(datagram: bytes, port: int) -> None:
    """At most one answer, to the asker's host, of few bytes more, and never one that is a request itself."""
    desk = Desk()
    sent = desk.ask(datagram, ("192.0.2.1", port))
    request = request_in(datagram) if port else None
    if request is None:
        assert sent == []
        return
    [(answer, to)] = sent
    got = decode(answer)
    assert to == ("192.0.2.1", (got.kind is Kind.SUCCESS and request.response_port) or port)
    assert len(answer) <= len(datagram) + (IPV4_GROWTH_5780 if request.change or request.response_port else IPV4_GROWTH)
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
    asked_too_much = request.change not in (None, Change()) or 0 < request.response_port < 1024
    if not request.unknown and not asked_too_much:
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
