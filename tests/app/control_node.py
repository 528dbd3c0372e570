"""A node's control link with its replica, as tests drive it over real sockets."""

from __future__ import annotations

import time
from typing import Any

from twisted.internet import reactor as _reactor

from lanrage.core.identity import NodeKeys
from lanrage.core.replica import PartyReplica, ReplicaChange
from lanrage.net.control_client import ControlClient, Dialling
from lanrage.wire.control import (
    VERSIONS,
    Deltas,
    FetchInvitation,
    FollowParty,
    InvitationFound,
    JoinParty,
    NoticeBody,
    PartyState,
    Presence,
    ReserveAddress,
    Reserved,
)
from lanrage.wire.party import apply
from tests.fakes_control import PartyKit

reactor: Any = _reactor
SECRET = b"s" * 16


class Node:
    """A node's control link with its replica."""

    def __init__(
        self, keys: NodeKeys, port: int, pin: bytes | None = None, versions: tuple[int, ...] = VERSIONS
    ) -> None:
        self.keys = keys
        self.replica: PartyReplica | None = None
        self.changes: list[ReplicaChange] = []
        self.notices: list[NoticeBody] = []
        dialling = Dialling(jitter=lambda: 0.1, versions=versions)
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
        reserved = await self.link.request(ReserveAddress(kit.party_id, invitation, name))
        assert isinstance(reserved, Reserved)
        certificate = kit.certificate(self.keys, name, reserved.address, secret=secret, now=reserved.now)
        self.take(await self.link.request(JoinParty(kit.party_id, certificate, invitation)))
        return reserved.address
