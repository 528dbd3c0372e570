"""The reflector as a service, on real loopback sockets."""

from __future__ import annotations

import socket
from typing import Any

from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred
from twisted.internet.protocol import DatagramProtocol
from twisted.trial.unittest import TestCase

from lanrage.app.reflector import ReflectorService
from lanrage.core.links import Endpoint
from lanrage.errors import BadInput
from lanrage.wire.stun import Kind, Message, decode, encode

reactor: Any = _reactor
WAIT = 10.0
"""Seconds for a datagram over loopback, on a busy machine."""


class Asker(DatagramProtocol):
    """Sends one request, waits for one answer."""

    noisy = False

    def __init__(self, reflector: int) -> None:
        self._reflector = reflector
        self.answer: Deferred[bytes] = Deferred()

    def startProtocol(self) -> None:
        """The port is open."""
        assert self.transport is not None
        self.transport.write(encode(Message(Kind.REQUEST, b"twelve bytes")), ("127.0.0.1", self._reflector))

    def datagramReceived(self, datagram: bytes, addr: tuple[str, int]) -> None:
        """The answer."""
        if not self.answer.called:
            self.answer.callback(datagram)


class TestReflectorService(TestCase):
    """Its life."""

    async def ask(self, port: int) -> tuple[Message, Endpoint]:
        """What the reflector says, and where it was asked from."""
        asker = Asker(port)
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
