"""A party whose control server turns against it, for the tests of lying servers."""

from __future__ import annotations

from typing import Any

import attrs
import msgspec

from lanrage.app.control_requests import Answer
from lanrage.core.certificates import Certificate, open_certificate, open_invitation
from lanrage.core.identity import NodeKeys
from lanrage.core.replica import PartyReplica
from lanrage.core.world_state import Caller
from lanrage.wire.control import FollowParty, RequestBody, Resync
from lanrage.wire.control_party import Delta, Deltas, MemberJoined, MemberRow, PartyState
from tests.app.node_world import Player
from tests.app.test_governing import GoverningCase


@attrs.define
class LyingRequests:
    """Stands before the server's own requests and answers :class:`FollowParty` with what it was given.

    :ivar lies: by the identity that is lied to.
    """

    honest: Any
    lies: dict[bytes, PartyState] = attrs.field(factory=dict)

    def answer(self, caller: Caller, body: RequestBody, now: float, origin: str = "") -> Answer:
        """A lie, or what the honest server says."""
        if isinstance(body, FollowParty) and caller.identity in self.lies:
            return Answer(self.lies.pop(caller.identity), at_once=True)
        answer: Answer = self.honest.answer(caller, body, now, origin)
        return answer

    def __getattr__(self, name: str) -> Any:
        return getattr(self.honest, name)


class LyingCase(GoverningCase):
    """A party of three whose control server turns against it."""

    def life(self, player: Player) -> Any:
        """A player's party."""
        return player.node._life

    def keys(self, player: Player) -> NodeKeys:
        """A player's keys."""
        keys: NodeKeys = self.life(player).keys
        return keys

    def replica(self, player: Player) -> PartyReplica:
        """The party as a player believes it."""
        replica: PartyReplica = self.life(player).replica
        return replica

    def tell(self, player: Player, body: Any) -> None:
        """The server sends a node whatever it likes."""
        assert self.server is not None
        assert self.server._desk is not None
        self.server._desk._notify([(self.keys(player).identity.public, body)], "")

    async def told(self, player: Player, *changes: Any) -> None:
        """The server shows a node changes as the next revisions; they have arrived then."""
        replica = self.replica(player)
        replica.rejected.clear()
        first = replica.revision + 1
        deltas = tuple(Delta(first + number, change) for number, change in enumerate(changes))
        self.tell(player, Deltas(replica.party_id, deltas))
        await self.until(lambda: replica.revision == first + len(changes) - 1)

    async def shown(self, player: Player, **fields: Any) -> None:
        """The server shows a node the whole party, at a revision of its own, with what it likes changed."""
        replica = self.replica(player)
        rows = tuple(
            MemberRow(m.member.certificate_blob, m.member.invitation_blob, True) for m in replica.members.values()
        )
        state = PartyState(replica.party_id, replica.revision + 1, replica.charter_blob, rows, replica.epoch)
        replica.rejected.clear()
        wanted = fields.get("revision", state.revision)
        assert self.server is not None
        assert self.server._desk is not None
        desk = self.server._desk
        if not isinstance(desk._requests, LyingRequests):
            desk._requests = LyingRequests(desk._requests)  # type: ignore[assignment]
        lies: dict[bytes, PartyState] = desk._requests.lies  # type: ignore[attr-defined]
        lies[self.keys(player).identity.public] = msgspec.structs.replace(state, **fields)
        self.tell(player, Resync(replica.party_id))
        await self.until(lambda: replica.revision == wanted or replica.rejected)

    def row(self, certificate: bytes, invitation: bytes = b"") -> MemberRow:
        """A member's row, online."""
        return MemberRow(certificate, invitation, True)

    def joined(self, certificate: bytes, invitation: bytes = b"") -> MemberJoined:
        """The news that somebody joined."""
        return MemberJoined(self.row(certificate, invitation))

    def certificate(self, player: Player, **fields: Any) -> Certificate:
        """A member's certificate with other content."""
        replica = self.replica(player)
        member = replica.members[self.keys(player).identity.public].member
        assert replica.charter is not None
        invitation = open_invitation(member.invitation_blob, replica.charter) if member.invitation_blob else None
        opened = open_certificate(member.certificate_blob, replica.charter, invitation)
        return msgspec.structs.replace(opened, **fields)

    def blobs(self, player: Player) -> tuple[bytes, bytes]:
        """A member's certificate and invitation, as signed."""
        member = self.replica(player).members[self.keys(player).identity.public].member
        return member.certificate_blob, member.invitation_blob

    def untouched(self, *players: Player, keys: list[bytes]) -> None:
        """These players' WireGuard knows these keys and no others, and so do their links."""
        for player in players:
            own = self.keys(player).wireguard.public
            self.assertEqual(sorted(set(keys) - {own}), sorted(self.peers(player)))
            links = self.life(player).session.links.peers.values()
            self.assertEqual(sorted(set(keys) - {own}), sorted(link.peer_key for link in links))
