"""A relay that reports to a real control server, on the loopback: nodes hear of it, a member who goes is cut off."""

from __future__ import annotations

import time
from pathlib import Path

import attrs
from twisted.internet.defer import Deferred

from lanrage.app.control import ControlService, ControlSettings
from lanrage.app.relay import RelayPlan, RelayService
from lanrage.app.relay_reporter import RelayReporter
from lanrage.core.links import Endpoint
from lanrage.core.tickets import pair_of
from lanrage.net.control_client import Dialling
from lanrage.store.keys import load_node_keys
from lanrage.wire.control import (
    CreateParty,
    Done,
    FetchTicket,
    LeaveParty,
    PublishInvitation,
    RelaysChanged,
    TicketIssued,
)
from lanrage.wire.control_relay import ReportRelay
from lanrage.wire.relay_binding import RelayBinding
from tests.app.control_node import SECRET, ControlCase, Node, reactor
from tests.app.test_relay import LOOPBACK, End, free_ports
from tests.fakes_control import node_keys
from tests.log_tape import start_tape


class ReporterTests(ControlCase):
    """Control server, relay and nodes in one process."""

    def setUp(self) -> None:
        """The relay has a state folder of its own."""
        super().setUp()
        self.relay_folder = Path(self.folder) / "relay"
        self.guest = node_keys("guest")

    async def start(self) -> ControlService:
        """A server that takes the reports of one relay."""
        keys = load_node_keys(self.relay_folder, lambda size: bytes([7]) * size)
        settings = ControlSettings(Path(self.folder), f"tcp:0:interface={LOOPBACK}")
        service = ControlService(reactor, attrs.evolve(settings, relay_keys=frozenset({keys.identity.public})))
        service.startService()
        await service.started
        self.services.append(service)
        return service

    async def report(self, service: ControlService, drain: float = 0.0) -> tuple[RelayService, RelayReporter]:
        """A relay that reports to it."""
        assert service.key is not None
        first = free_ports(4)
        relay = RelayService(reactor, service.key.public, (first, first + 3), LOOPBACK, plan=RelayPlan("eu", "", drain))
        address = f"{LOOPBACK}:{service.address.port}"
        dialling = Dialling(jitter=lambda: 0.1)
        reporter = RelayReporter(reactor, relay, address, service.key.public, self.relay_folder, dialling=dialling)
        for part in (reporter, relay):
            part.startService()
            self.services.append(part)
        return relay, reporter

    @staticmethod
    def relays(node: Node) -> list[RelaysChanged]:
        """What a node was told of relays."""
        return [notice for notice in node.notices if isinstance(notice, RelaysChanged)]

    def test_report(self) -> Deferred[None]:
        """A node that is connected hears of the relay, and later that it stops."""

        async def life() -> None:
            service = await self.start()
            tape = start_tape(self)
            node = await self.node("anna", service)
            self.assertEqual(node.link.server_info.relays if node.link.server_info else None, ())
            relay, reporter = await self.report(service)
            await self.until(lambda: self.relays(node))
            [said] = [each["message"] for each in tape.lines if "reports as" in each["message"]]
            self.assertIn(f"reports as {self.public()}, which", said)
            [info] = self.relays(node)[0].relays
            self.assertEqual((info.region, info.draining, info.host), ("eu", False, ""))
            late = await self.node("bert", service)
            told = late.link.server_info.relays[0] if late.link.server_info else info
            self.assertEqual((told.id, told.host), (info.id, LOOPBACK))
            self.assertEqual(reporter.trouble, "")
            await self._stop(relay)
            await self.until(lambda: self.relays(node)[-1].relays[0].draining)
            self.assertEqual((self.relay_folder / "relay.pub").read_text(encoding="ascii").strip(), self.public())

        return self.run_async(life())

    def public(self) -> str:
        """The relay's identity."""
        return load_node_keys(self.relay_folder, bytes).identity.public.hex()

    def test_a_stranger_s_report(self) -> Deferred[None]:
        """Is refused, and nobody hears of it."""

        async def life() -> None:
            service = await self.start()
            node = await self.node("anna", service)
            await self.refused("not_allowed", node.link.request(ReportRelay("203.0.113.66", 1, 2)))
            self.assertEqual(service.relays.infos(), ())

        return self.run_async(life())

    def test_who_leaves_is_cut_off(self) -> Deferred[None]:
        """The relay hears of it by its link, and what the member had bound ends."""

        async def life() -> None:
            service = await self.start()
            relay, _ = await self.report(service)
            await self.until(service.relays.infos)
            host = await self.join_party(service)
            ticket = await host.link.request(FetchTicket(self.kit.party_id, self.guest.identity.public))
            assert isinstance(ticket, TicketIssued)
            end = self.end(relay, host, ticket.ticket)
            await self.until(lambda: end.binding.bound)
            self.assertEqual(Done(), await host.link.request(LeaveParty(self.kit.party_id)))
            await self.until(lambda: not end.binding.bound)
            self.assertEqual((end.binding.failed, relay.counters()["bindings"]), ("revoked", 0))

        return self.run_async(life())

    async def join_party(self, service: ControlService) -> Node:
        """The host of a party with a guest."""
        host = await self.node("host", service)
        certificate = self.kit.certificate(host.keys, "host", "10.66.0.1", now=time.time())
        host.take(await host.link.request(CreateParty(self.kit.charter_blob, certificate)))
        blob = self.kit.invitation(SECRET, now=time.time() - 5)
        await host.link.request(PublishInvitation(self.kit.party_id, blob))
        guest = await self.node("guest", service)
        await guest.join(self.kit, "guest")
        return host

    def end(self, relay: RelayService, node: Node, ticket: bytes) -> End:
        """A node's socket at the relay; it closes with the test."""
        pair = pair_of(node.keys.wireguard.public, self.guest.wireguard.public)
        end = End(reactor, "host", "guest", relay.report().first)
        end.binding = RelayBinding(ticket, pair, node.keys.identity.sign, Endpoint(LOOPBACK, relay.report().first))
        port = reactor.listenUDP(0, end, LOOPBACK, maxPacketSize=65535)
        self.addCleanup(port.stopListening)
        self.addCleanup(end.stop_timer)
        return end
