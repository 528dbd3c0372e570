"""A control server and nodes over real sockets, as tests drive them."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from lanrage.app.control import ControlService, ControlSettings
from lanrage.core.identity import NodeKeys
from lanrage.core.replica import PartyReplica
from lanrage.core.replica_changes import ReplicaChange
from lanrage.errors import Refused
from lanrage.net.control_client import ControlClient, Dialling
from lanrage.wire.control import (
    CreateParty,
    Done,
    FetchInvitation,
    FollowParty,
    InvitationFound,
    JoinParty,
    NoticeBody,
    PublishInvitation,
    RelayInfo,
    ReserveAddress,
    Reserved,
)
from lanrage.wire.control_codec import SUBPROTOCOLS
from lanrage.wire.control_party import Deltas, PartyState, Presence
from lanrage.wire.party import apply
from tests.fakes_control import PartyKit, node_keys

WAIT = 60.0
"""Seconds for anything to happen, on a busy machine."""
reactor: Any = _reactor
SECRET = b"s" * 16


class Node:
    """A node's control link with its replica."""

    def __init__(
        self, keys: NodeKeys, port: int, pin: bytes | None = None, offers: tuple[str, ...] = SUBPROTOCOLS
    ) -> None:
        self.keys = keys
        self.replica: PartyReplica | None = None
        self.changes: list[ReplicaChange] = []
        self.notices: list[NoticeBody] = []
        dialling = Dialling(jitter=lambda: 0.1, offers=offers)
        self.link = ControlClient(reactor, keys, (f"127.0.0.1:{port}",), pin, on_notice=self._heard, dialling=dialling)

    def _heard(self, body: NoticeBody, correlation_id: str) -> None:
        self.notices.append(body)
        if self.replica is not None and isinstance(body, (Deltas, Presence)):
            self.changes += apply(self.replica, body, time.time())

    def take(self, state: object) -> None:
        """Apply a reply to the replica."""
        assert isinstance(state, (PartyState, Deltas))
        self.replica = self.replica or PartyReplica(state.party_id)
        self.changes += apply(self.replica, state, time.time())

    async def follow(self) -> None:
        """Ask for what was missed."""
        assert self.replica is not None
        self.take(await self.link.request(FollowParty(self.replica.party_id, self.replica.since)))

    def names(self) -> dict[str, str]:
        """Names to addresses."""
        assert self.replica is not None
        certificates = [m.member.certificate for m in self.replica.members.values()]
        return {c.name: c.address for c in certificates}

    def everybody_online(self) -> bool:
        """Nobody is missing."""
        return self.replica is not None and all(entry.online for entry in self.replica.members.values())

    async def join(self, kit: PartyKit, name: str, secret: bytes = SECRET) -> str:
        """Join as the node does it: fetch, reserve, certify, join."""
        invitation = kit.invitation_id(secret)
        found = await self.link.request(FetchInvitation(kit.party_id, invitation))
        assert isinstance(found, InvitationFound)
        reserved = await self.link.request(ReserveAddress(kit.party_id, invitation, name, kit.proof(self.keys, secret)))
        assert isinstance(reserved, Reserved)
        certificate = kit.certificate(self.keys, name, reserved.address, secret=secret, now=reserved.now)
        self.take(await self.link.request(JoinParty(kit.party_id, certificate, invitation)))
        return reserved.address


class ControlCase(TestCase):
    """A control server and nodes over real sockets, stopped after each test."""

    timeout = 60

    def setUp(self) -> None:
        """A folder for the server's state."""
        self.folder = Path(tempfile.mkdtemp(prefix="lanrage-control-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.services: list[Any] = []
        self.addCleanup(self._stop_all)
        self.kit = PartyKit.make(now=time.time() - 10)

    async def _stop(self, service: Any) -> None:
        self.services.remove(service)
        await service.stopService()

    def _stop_all(self) -> Deferred[None]:
        async def stop() -> None:
            for service in reversed(list(self.services)):
                await self._stop(service)

        return Deferred.fromCoroutine(stop())

    async def serve(self, port: int = 0, **options: Any) -> ControlService:
        """Start a server."""
        settings = ControlSettings(self.folder, f"tcp:{port}:interface=127.0.0.1", (":3478",), (RelayInfo("", 1, 9),))
        service = ControlService(reactor, settings, **options)
        service.startService()
        await service.started
        self.services.append(service)
        return service

    async def node(self, seed: object, service: ControlService, **options: Any) -> Node:
        """Start a node and let it log in."""
        node = Node(node_keys(seed), service.address.port, **options)
        self.services.append(node.link)
        node.link.startService()
        await node.link.when_connected()
        return node

    async def founded(self, **invitation: Any) -> tuple[ControlService, Node]:
        """A server with a party of one and an invitation."""
        service = await self.serve()
        host = await self.node("host", service)
        certificate = self.kit.certificate(host.keys, "host", "10.66.0.1", now=time.time())
        host.take(await host.link.request(CreateParty(self.kit.charter_blob, certificate)))
        blob = self.kit.invitation(SECRET, now=time.time() - 5, **invitation)
        self.assertEqual(Done(), await host.link.request(PublishInvitation(self.kit.party_id, blob)))
        return service, host

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait for an event."""
        deadline = time.monotonic() + WAIT
        while not condition():
            if time.monotonic() > deadline:
                self.fail("it did not happen in time")
            await deferLater(reactor, 0.01, lambda: None)

    async def refused(self, code: str, work: Coroutine[Any, Any, Any]) -> str:
        """The work is refused with this word; its sentence."""
        try:
            await work
        except Refused as error:
            self.assertEqual(code, error.code)
            return error.message
        raise AssertionError("was not refused")

    def run_async(self, work: Coroutine[Any, Any, None]) -> Deferred[None]:
        """Run a test."""
        return Deferred.fromCoroutine(work)
