"""The control server's world: parties, who is in them, who is online; pure, `now` is an argument.

Each operation checks, changes the world in memory and returns an :class:`~lanrage.core.world_state.Outcome`: the
answer, what must be on disk before the answer may leave, and whom to tell. Every operation may be repeated: a node
whose answer was lost asks again.
"""

from __future__ import annotations

import attrs

from lanrage.core.certificates import Certificate
from lanrage.core.ledger import refuse
from lanrage.core.records import DeltasView, Left, Note, PartyView, PresenceView, Recorded
from lanrage.core.world_governing import GoverningWorld
from lanrage.core.world_rows import Put, SeenRow
from lanrage.core.world_state import Caller, Outcome


@attrs.define
class World(GoverningWorld):
    """All parties of one control server."""

    def leave(self, caller: Caller, party_id: str, now: float) -> Outcome[None]:
        """Give up membership; the row stays, and with it the address.

        :raises Refused: ``unknown_party``, ``not_a_member``.
        """
        party = self._party(party_id)
        entry = party.memberships.get(caller.identity)
        if entry is None:
            raise refuse("not_a_member")
        if entry.left is not None:
            return Outcome(None)
        ended = self._end_membership(party, caller.identity, now)
        changes, notes = self._revise(party, Left(caller.identity))
        return Outcome(None, (*ended, *changes), notes)

    def follow(self, caller: Caller, party_id: str, since: int, epoch: int = 0) -> Outcome[PartyView | DeltasView]:
        """Hear of changes from now on, after those since a revision.

        Who was thrown out gets the ledger up to that record, so that it can see for itself.

        :param epoch: of the last ledger record that the caller has.
        :raises Refused: ``unknown_party``, ``not_a_member``.
        """
        party = self._party(party_id)
        if party.member(caller.identity) is None and (thrown := party.ledger.revoked.get(caller.identity)):
            records = party.records_after(epoch)[: max(0, thrown - epoch)]
            return Outcome(PartyView(party_id, party.revision, party.charter_blob, (), thrown, records))
        party = self._as_member(caller, party_id)
        party.followers.add(caller.identity)
        deltas = party.since(since) if since else None
        recorded = sum(isinstance(delta.change, Recorded) for delta in deltas or ())
        if deltas is None or epoch + recorded != party.ledger.epoch:
            return Outcome(self._view(party, epoch))
        online = tuple(m.certificate.identity for m in party.members() if m.certificate.identity in self.online)
        return Outcome(DeltasView(party_id, deltas, online, tuple(party.statuses.items())))

    def peer(self, caller: Caller, party_id: str, identity: bytes) -> Certificate:
        """The certificate of another member, to pass it a signal or to issue a ticket for the pair.

        :raises Refused: ``unknown_party``, ``not_a_member``, ``unknown_peer``.
        """
        member = self._as_member(caller, party_id).member(identity)
        if member is None or identity == caller.identity:
            raise refuse("unknown_peer")
        return member.certificate

    def connected(self, identity: bytes, now: float) -> Outcome[None]:
        """A channel of this identity came up; one that takes the place of another is no news, but must follow anew."""
        again = identity in self.online
        self.online.add(identity)
        for party_id in self.parties_of.get(identity, ()):
            self.parties[party_id].followers.discard(identity)
        return Outcome(None) if again else self._presence(identity, True, now)

    def disconnected(self, identity: bytes, now: float) -> Outcome[None]:
        """The last channel of this identity went down."""
        self.online.discard(identity)
        for party_id in self.parties_of.get(identity, ()):
            self.parties[party_id].followers.discard(identity)
        return self._presence(identity, False, now)

    def _presence(self, identity: bytes, online: bool, now: float) -> Outcome[None]:
        parties = self.parties_of.get(identity)
        if not parties:
            return Outcome(None)
        notes = [
            Note(follower, PresenceView(party_id, identity, online))
            for party_id in sorted(parties)
            for follower in sorted(self.parties[party_id].followers)
            if follower != identity
        ]
        return Outcome(None, (Put(SeenRow(identity, now)),), tuple(notes))
