"""State of the control server's world, and what all its operations share; pure, `now` is an argument."""

from __future__ import annotations

from typing import Generic, TypeVar

import attrs

from lanrage.core.ledger import refuse
from lanrage.core.party import Membership, Party
from lanrage.core.records import DeltasView, DeltaView, Joined, Left, Note, PartyView, Recorded
from lanrage.core.world_rows import Change, Erase, InvitationRow, MembershipRow, PartyRow, Put, StatusRow, UseRow

A = TypeVar("A", covariant=True)


@attrs.frozen
class Caller:
    """Who asks, as the login proved it: Ed25519 identity and X25519 WireGuard key."""

    identity: bytes
    wireguard_key: bytes


@attrs.frozen
class Outcome(Generic[A]):
    """What an operation did.

    :param reply: the answer.
    :param changes: for the journal; the answer and the notes wait for the durable ones.
    :param notes: whom to tell.
    """

    reply: A
    changes: tuple[Change, ...] = ()
    notes: tuple[Note, ...] = ()


@attrs.define
class WorldState:
    """All parties of one control server.

    :ivar online: identities with a channel.
    :ivar parties_of: the parties of which an identity is a member now.
    :ivar empty: the parties that all have left, the longest ago first; they go when the server is full.
    """

    parties: dict[str, Party] = attrs.field(init=False, factory=dict)
    online: set[bytes] = attrs.field(init=False, factory=set)
    parties_of: dict[bytes, set[str]] = attrs.field(init=False, factory=dict)
    empty: dict[str, None] = attrs.field(init=False, factory=dict)

    def _party(self, party_id: str) -> Party:
        party = self.parties.get(party_id)
        if party is None:
            raise refuse("unknown_party")
        return party

    def _as_member(self, caller: Caller, party_id: str) -> Party:
        party = self._party(party_id)
        if party.member(caller.identity) is None:
            raise refuse("not_a_member")
        return party

    def _view(self, party: Party, epoch: int = 0) -> PartyView:
        members, records = party.records(self.online), party.records_after(epoch)
        return PartyView(party.party_id, party.revision, party.charter_blob, members, party.ledger.epoch, records)

    def _end_membership(self, party: Party, identity: bytes, now: float) -> tuple[Change, ...]:
        """It is no member from now on; its address stays its own."""
        entry = party.memberships[identity]
        party.memberships[identity] = gone = attrs.evolve(entry, left=now)
        party.followers.discard(identity)
        self.parties_of[identity].discard(party.party_id)
        if not self.parties_of[identity]:
            del self.parties_of[identity]
        if party.deserted:
            self.empty[party.party_id] = None
        silent: tuple[Change, ...] = ()
        if party.statuses.pop(identity, None) is not None:
            silent = (Erase(StatusRow, (party.party_id, identity)),)
        return (Put(membership_row(party.party_id, gone)), *silent)

    def _revise(self, party: Party, change: Joined | Left | Recorded) -> tuple[tuple[Change, ...], tuple[Note, ...]]:
        """One revision more."""
        party.revision += 1
        delta = DeltaView(party.revision, change)
        party.deltas.append(delta)
        view = DeltasView(party.party_id, (delta,))
        notes = tuple(Note(follower, view) for follower in sorted(party.followers))
        return (Put(PartyRow(party.party_id, party.charter_blob, party.revision)),), notes

    @staticmethod
    def _forget_invitation(party: Party, invitation_id: str) -> list[Change]:
        del party.invitations[invitation_id]
        uses = party.uses.pop(invitation_id, set())
        erased: list[Change] = [Erase(UseRow, (party.party_id, invitation_id, identity)) for identity in sorted(uses)]
        return [*erased, Erase(InvitationRow, (party.party_id, invitation_id))]


def membership_row(party_id: str, entry: Membership) -> MembershipRow:
    """A membership as it is stored."""
    member = entry.member
    return MembershipRow(
        party_id, member.certificate.identity, member.certificate_blob, member.invitation_blob, entry.left
    )
