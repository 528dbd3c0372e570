"""The reflector as a service, on real loopback sockets."""

from __future__ import annotations

import socket
from typing import Any

from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred
from twisted.internet.protocol import DatagramProtocol
from twisted.trial.unittest import SynchronousTestCase, TestCase

from lanrage.app.reflector import Alternate, ReflectorService
from lanrage.core.links import Endpoint
from lanrage.core.nat import Change
from lanrage.errors import BadInput
from lanrage.wire.stun import Kind, Message, decode, encode

reactor: Any = _reactor
WAIT = 60.0
"""Seconds for a datagram over loopback, on a busy machine."""


class Asker(DatagramProtocol):
    """Sends one request, waits for one answer."""

    noisy = False

    def __init__(self, reflector: Endpoint, change: Change | None = None) -> None:
        self._reflector, self._change = reflector, change
        self.answer: Deferred[bytes] = Deferred()
        self.source = ("", 0)

    def startProtocol(self) -> None:
        """The port is open."""
        assert self.transport is not None
        request = encode(Message(Kind.REQUEST, b"twelve bytes", change=self._change))
        self.transport.write(request, (self._reflector.host, self._reflector.port))

    def datagramReceived(self, datagram: bytes, addr: tuple[str, int]) -> None:
        """The answer."""
        self.source = addr
        if not self.answer.called:
            self.answer.callback(datagram)


class TestReflectorService(TestCase):
    """Its life."""

    async def ask(self, port: int) -> tuple[Message, Endpoint]:
        """What the reflector says, and where it was asked from."""
        asker = Asker(Endpoint("127.0.0.1", port))
        listening = reactor.listenUDP(0, asker, "127.0.0.1")
        try:
            answer = decode(await asker.answer.addTimeout(WAIT, reactor))
            return answer, Endpoint("127.0.0.1", listening.getHost().port)
        finally:
            await listening.stopListening()

    def test_it_tells_the_asker_its_address(self) -> Deferred[None]:
        """Also after a restart on the same port."""

        async def run() -> None:
            service = ReflectorService(reactor, 0, "127.0.0.1")
            service.startService()
            port = service.port
            await self._told(port)
            await service.stopService()
            again = ReflectorService(reactor, port, "127.0.0.1")
            again.startService()
            self.addCleanup(again.stopService)
            await self._told(port)
            self.assertEqual(again.reflector.counters.answered, 1)

        return Deferred.fromCoroutine(run())

    async def _told(self, port: int) -> None:
        answer, own = await self.ask(port)
        self.assertEqual(answer, Message(Kind.SUCCESS, b"twelve bytes", mapped=own))

    async def changed(self, reflector: Endpoint, change: Change) -> tuple[tuple[str, int], Message]:
        """From where the answer comes, and the answer."""
        asker = Asker(reflector, change)
        listening = reactor.listenUDP(0, asker)
        try:
            answer = decode(await asker.answer.addTimeout(WAIT, reactor))
            return asker.source, answer
        finally:
            await listening.stopListening()

    def free_ports(self) -> tuple[int, int]:
        """Two UDP ports that nobody has."""
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as two,
        ):
            one.bind(("", 0))
            two.bind(("", 0))
            return one.getsockname()[1], two.getsockname()[1]

    def test_two_addresses(self) -> Deferred[None]:
        """Every change is made; a third address of the machine is served as well, with its ports."""

        async def run() -> None:
            first, second = self.free_ports()
            service = ReflectorService(reactor, first, "127.0.0.1", Alternate(second, "127.0.0.2"))
            service.startService()
            self.addCleanup(service.stopService)
            self.assertEqual(service.port, first)
            at = {(n, p): (f"127.0.0.{n + 1}", (first, second)[p]) for n in (0, 1) for p in (0, 1)}
            for address in (0, 1):
                for port in (0, 1):
                    change = Change(bool(address), bool(port))
                    source, answer = await self.changed(Endpoint(*at[0, 0]), change)
                    self.assertEqual((source, answer.other), (at[address, port], Endpoint(*at[1, 1])))
                    source, answer = await self.changed(Endpoint(*at[1, 1]), change)
                    self.assertEqual((source, answer.other), (at[1 - address, 1 - port], Endpoint(*at[0, 0])))
            source, answer = await self.changed(Endpoint("127.0.0.3", first), Change(port=True))
            self.assertEqual((source[1], answer.other), (second, None))

        return Deferred.fromCoroutine(run())

    def test_two_ports_of_one_address(self) -> Deferred[None]:
        """The port is changed."""

        async def run() -> None:
            first, second = self.free_ports()
            service = ReflectorService(reactor, first, "127.0.0.1", Alternate(second))
            service.startService()
            self.addCleanup(service.stopService)
            source, answer = await self.changed(Endpoint("127.0.0.1", first), Change(port=True))
            self.assertEqual((source, answer.other), (("127.0.0.1", second), None))

        return Deferred.fromCoroutine(run())

    def test_a_second_port_that_is_taken(self) -> None:
        """Is an error where the user asked for it, and done without where not; nothing stays open after an error."""
        for host in ("127.0.0.1", "127.0.0.2"):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
                other.bind((host, 0))
                taken = other.getsockname()[1]
                alternate = Alternate(taken, "" if host == "127.0.0.1" else host)
                with self.assertRaises(BadInput) as caught:
                    ReflectorService(reactor, self.free_ports()[0], "127.0.0.1", alternate).startService()
                self.assertEqual(caught.exception.field, "stun-alternate")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind(("127.0.0.1", 0))
            first = self.free_ports()[0]
            service = ReflectorService(reactor, first, "127.0.0.1", Alternate(other.getsockname()[1], needed=False))
            service.startService()
            self.addCleanup(service.stopService)
            self.assertEqual((service.port, service.reflector.others), (first, {}))

    def test_the_same_address_twice(self) -> None:
        """Is an error."""
        with self.assertRaises(BadInput) as caught:
            ReflectorService(reactor, 3478, "127.0.0.1", Alternate(3479, "127.0.0.1")).startService()
        self.assertEqual(caught.exception.field, "stun-alternate")

    def test_a_taken_port_is_one_sentence(self) -> None:
        """The port and the reason are named."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind(("127.0.0.1", 0))
            port = other.getsockname()[1]
            with self.assertRaises(BadInput) as caught:
                ReflectorService(reactor, port, "127.0.0.1").startService()
        self.assertEqual(caught.exception.field, "stun-port")
        self.assertEqual(caught.exception.rule, f"UDP port {port} cannot be used: address already in use")

    def test_an_address_of_another_machine_is_one_sentence(self) -> None:
        """The reason is the system's own, not a guess."""
        with self.assertRaises(BadInput) as caught:
            ReflectorService(reactor, 0, "192.0.2.1").startService()
        self.assertEqual(caught.exception.rule, "UDP port 0 cannot be used: cannot assign requested address")

    def test_stopping_what_never_ran(self) -> Deferred[Any]:
        """Nothing happens."""
        return ReflectorService(reactor, 0).stopService()


class TestAlternate(SynchronousTestCase):
    """The option."""

    def test_words(self) -> None:
        """Each form; the second port is the next one where none is named."""
        expected = {
            "": Alternate(3479, needed=False),
            "none": None,
            ":5000": Alternate(5000),
            "192.0.2.2": Alternate(3479, "192.0.2.2"),
            "192.0.2.2:5000": Alternate(5000, "192.0.2.2"),
            "2001:db8::2": Alternate(3479, "2001:db8::2"),
            "[2001:db8::2]": Alternate(3479, "2001:db8::2"),
            "[2001:db8::2]:5000": Alternate(5000, "2001:db8::2"),
        }
        self.assertEqual({text: Alternate.parse(text, 3478) for text in expected}, expected)
        self.assertEqual(Alternate.parse("", 65535), Alternate(65534, needed=False))

    def test_refused(self) -> None:
        """By the option's name."""
        for text in (
            "example.org",
            "example.org:1",
            "192.0.2.2:",
            "192.0.2.2:0",
            ":x",
            ":3478",
            ":65536",
            ":" + "9" * 99,
        ):
            with self.assertRaises(BadInput) as caught:
                Alternate.parse(text, 3478)
            self.assertEqual(caught.exception.field, "stun-alternate", text)
