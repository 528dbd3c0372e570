"""A port on loopback that stands for a peer."""

from __future__ import annotations

import socket
from typing import Any

from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from lanrage.net.loopback_port import LoopbackPort

reactor: Any = _reactor


class LoopbackPortTests(TestCase):
    """Real sockets on loopback: one is WireGuard's, one is a stranger's."""

    timeout = 120

    def opened(self) -> socket.socket:
        """A socket on loopback."""
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(made.close)
        made.bind(("127.0.0.1", 0))
        made.settimeout(2.0)
        return made

    def test_both_ways(self) -> Deferred[None]:
        """WireGuard alone is heard, and alone is sent to; after the end neither."""

        async def run() -> None:
            wireguard, stranger = self.opened(), self.opened()
            heard: list[bytes] = []
            port = LoopbackPort(reactor, wireguard.getsockname()[1], heard.append)
            there = (port.endpoint.host, port.endpoint.port)
            stranger.sendto(b"stranger", there)
            wireguard.sendto(b"wireguard", there)
            while not heard:
                await deferLater(reactor, 0.001, lambda: None)
            self.assertEqual(([b"wireguard"], 1), (heard, port.foreign))
            port.deliver(b"to wireguard")
            self.assertEqual((b"to wireguard", there), wireguard.recvfrom(100))
            port.deliver(bytes(70_000))
            self.assertEqual(1, port.unsent)
            port.close()
            port.close()
            port.deliver(b"too late")
            await deferLater(reactor, 0, lambda: None)

        return Deferred.fromCoroutine(run())
