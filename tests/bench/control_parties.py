"""How the bench's players found and join parties: the same requests as a node's, prepared as its core does."""

from __future__ import annotations

import os
import time
from ipaddress import IPv4Network
from typing import TypeVar

import attrs

from lanrage.core.certificates import SECRET_BYTES, invite_key, open_invitation, prove_reservation
from lanrage.core.identity import SigningKey
from lanrage.core.joining import Admission, Founded, certify, found, invite
from lanrage.core.links import KEY_BYTES
from lanrage.wire.control import (
    CreateParty,
    Done,
    FollowParty,
    JoinParty,
    PublishInvitation,
    ReplyBody,
    ReserveAddress,
    Reserved,
)
from lanrage.wire.control_party import Deltas, PartyState
from tests.bench.control_fleet import Player
from tests.bench.control_wire import Wire

SUBNET = IPv4Network("10.66.0.0/24")
HOURS = 24.0

R = TypeVar("R")


@attrs.define(eq=False)
class Group:
    """A party: its first player founds it, the others join by its invitation.

    :ivar members: players that are in now.
    :ivar joins: how each joined, to join again.
    """

    players: list[Player]
    party_id: str = ""
    members: list[Player] = attrs.field(factory=list)
    joins: dict[bytes, JoinParty] = attrs.field(factory=dict)
    _admission: Admission | None = None

    async def found(self) -> None:
        """Found the party and publish its invitation."""
        founder, key, now = self.players[0], SigningKey(os.urandom(KEY_BYTES)), time.time()
        size = max(2, len(self.players))
        founded = found(key, founder.keys, "the party", "player 0", SUBNET, size, now)
        self.party_id = founded.charter.party_id
        state = await ask(founder, CreateParty(founded.charter_blob, founded.certificate_blob), PartyState)
        founder.revision = state.revision
        secret = os.urandom(SECRET_BYTES)
        blob = invite(founder.keys, self.party_id, 0, secret, HOURS, 0, now)
        await ask(founder, PublishInvitation(self.party_id, blob), Done)
        self.members.append(founder)
        self._admission = _admission(founded, blob, secret)

    async def join(self, number: int) -> None:
        """Let a player join."""
        player, admission = self.players[number], self._admission
        assert admission is not None
        invitation_id, name = admission.invitation.invitation_id, f"player {number}"
        proof = prove_reservation(admission.key, player.identity)
        reserved = await ask(player, ReserveAddress(self.party_id, invitation_id, name, proof), Reserved)
        certificate = certify(admission, player.keys, name, reserved.address, reserved.now)
        self.joins[player.identity] = JoinParty(self.party_id, certificate, invitation_id)
        state = await ask(player, self.joins[player.identity], PartyState)
        player.revision = state.revision
        self.members.append(player)

    async def fill(self) -> None:
        """Found it and let all join, one after the other."""
        await self.found()
        for number in range(1, len(self.players)):
            await self.join(number)

    async def complete(self) -> None:
        """Let those join again who left."""
        for player in self.players:
            if player not in self.members:
                await ask(player, self.joins[player.identity], PartyState)
                self.members.append(player)

    async def resume(self, player: Player) -> None:
        """Follow the party again from the revision that the player has."""
        answer = await online(player).request(FollowParty(self.party_id, player.revision))
        if not isinstance(answer, Deltas | PartyState):
            raise RuntimeError(f"a player could not follow its party: {answer}")


def _admission(founded: Founded, blob: bytes, secret: bytes) -> Admission:
    charter = founded.charter
    key = invite_key(secret, charter.party_id)
    return Admission(charter, founded.charter_blob, open_invitation(blob, charter), blob, key)


def online(player: Player) -> Wire:
    """The player's connection.

    :raises RuntimeError: it has none.
    """
    if player.wire is None:
        raise RuntimeError("a player has lost its connection")
    return player.wire


async def ask(player: Player, body: object, kind: type[R]) -> R:
    """The answer to a request, which must be of this kind."""
    answer: ReplyBody = await online(player).request(body)  # type: ignore[arg-type]
    if not isinstance(answer, kind):
        raise RuntimeError(f"{type(body).__name__} was answered by {answer}")
    return answer
