"""A control server with a relay on its own machine, over real sockets: one end over WebSocket, the other by UDP."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred
from twisted.internet.protocol import DatagramProtocol
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from lanrage.app.control import ControlService, ControlSettings
from lanrage.app.relay import RelayService
from lanrage.core.identity import SigningKey, fingerprint
from lanrage.core.links import Endpoint
from lanrage.core.tickets import Ticket, issue, pair_of
from lanrage.net.relay_tcp_client import RelaySession, dial
from lanrage.wire.control import RelayInfo
from lanrage.wire.relay_binding import RelayBinding
from lanrage.wire.relay_channels import Closed, Heard
from tests.app.test_relay import free_ports
from tests.core.relay_world import PARTY, holder, wireguard
from tests.log_tape import start_tape

reactor: Any = _reactor
PAIR = pair_of(wireguard("anna"), wireguard("bert"))
GAME = b"\x04 a packet of WireGuard"
WAIT = 60.0
"""Seconds for anything to happen, on a busy machine."""


class End:
    """One end of the pair."""

    def __init__(self, name: str, server: SigningKey, relay: Endpoint, operation: str = "") -> None:
        blob = issue(Ticket(PARTY, holder(name).public, PAIR, int(time.time()) + 600), server)
        self.binding = RelayBinding(blob, PAIR, holder(name).sign, relay, operation)
        self.got: list[bytes] = []
        self.send: Any = None

    def speak(self, datagrams: list[bytes]) -> None:
        """To the relay."""
        for datagram in datagrams:
            self.send(datagram)

    def hear(self, datagram: bytes) -> None:
        """From the relay."""
        if datagram.startswith(b"LRRL"):
            self.speak(self.binding.receive(datagram, reactor.seconds()))
        else:
            self.got.append(datagram)


class ByUdp(DatagramProtocol):
    """An end's UDP socket."""

    noisy = False

    def __init__(self, end: End) -> None:
        self._end = end

    def datagramReceived(self, datagram: bytes, addr: tuple[str, int]) -> None:
        """From the relay."""
        self._end.hear(datagram)


class EmbeddedTests(TestCase):
    """As role ``all`` has it."""

    timeout = 120

    async def until(self, condition: Any) -> None:
        """Wait for an event."""
        deadline = time.monotonic() + WAIT
        while not condition():
            self.assertLess(time.monotonic(), deadline, "it did not happen in time")
            await deferLater(reactor, 0.005, lambda: None)

    async def serve(self, first: int) -> tuple[ControlService, SigningKey]:
        """Control server and relay."""
        folder = Path(tempfile.mkdtemp(prefix="lanrage-relay-"))
        self.addCleanup(shutil.rmtree, folder)
        relays = (RelayInfo("", first, first + 1),)
        control = ControlService(reactor, ControlSettings(folder, "tcp:0:interface=127.0.0.1", relays=relays))
        control.startService()
        self.addCleanup(control.stopService)
        await control.started
        assert control.key is not None
        relay = RelayService(reactor, control.key.public, (first, first + 1), "127.0.0.1")
        relay.startService()
        self.addCleanup(relay.stopService)
        return control, control.key

    def test_pair(self) -> Deferred[None]:
        """Both ends bind, and a packet goes each way; the relay knows by which operation each came, the one over TCP as
        well; the server counts the connection while it stands."""

        async def run() -> None:
            first, tape = free_ports(2), start_tape(self)
            control, key = await self.serve(first)
            named = enumerate(("anna", "bert"))
            anna, bert = (End(name, key, Endpoint("127.0.0.1", first + n), f"join-{name}") for n, name in named)

            def heard(each: Heard | Closed) -> None:
                assert isinstance(each, Heard)
                anna.hear(each.datagram)

            address = f"127.0.0.1:{control.address.port}"
            session: RelaySession = await dial(reactor, address, fingerprint(key.public), heard)
            anna.send = lambda datagram: session.send(datagram, anna.binding.relay)
            port = reactor.listenUDP(0, ByUdp(bert), "127.0.0.1")
            self.addCleanup(port.stopListening)
            bert.send = lambda datagram: port.write(datagram, ("127.0.0.1", first + 1))
            for end in (anna, bert):
                end.speak(end.binding.start(reactor.seconds()))
            await self.until(lambda: anna.binding.usable and bert.binding.usable)
            anna.send(GAME)
            bert.send(GAME + b"!")
            await self.until(lambda: anna.got and bert.got)
            self.assertEqual(([GAME + b"!"], [GAME]), (anna.got, bert.got))
            event = "an end of a pair is bound at port {port}"
            await self.until(lambda: len(tape.where(event=event)) == 2)
            told = {(line["correlation_id"], line["peer_id"]) for line in tape.where(event=event)}
            self.assertEqual(
                {(f"join-{name}", fingerprint(holder(name).public).hex()) for name in ("anna", "bert")}, told
            )
            self.assertEqual({"connections": 1}, control.status()["relay_tcp"])
            session.close()
            await session.factory.ended
            await self.until(lambda: control.status()["relay_tcp"]["connections"] == 0)

        return Deferred.fromCoroutine(run())
