"""Changes of a party that its members sign, compare and set by the ledger's epoch; statuses; conflicts. Pure."""

from __future__ import annotations

import attrs

from lanrage.core.ledger import refuse
from lanrage.core.ledger_records import (
    Action,
    Admit,
    Appoint,
    HandOver,
    Pardon,
    Record,
    Rename,
    Revoke,
    Support,
    Veto,
    Withdraw,
    open_record,
)
from lanrage.core.party import CONFLICTS_LIMIT, Party
from lanrage.core.records import ConflictView, LostView, Note, Recorded, StatusView
from lanrage.core.world_joining import JoiningWorld
from lanrage.core.world_rows import Change, ConflictRow, Erase, Put, RecordRow, StatusRow
from lanrage.core.world_state import Caller, Outcome
from lanrage.errors import Refused

CLOCK_SLACK = 300
"""Seconds by which an author's clock may differ from the server's: takeovers count by these times."""


@attrs.define
class GoverningWorld(JoiningWorld):
    """Append, status, conflicts."""

    def append(self, caller: Caller, party_id: str, blob: bytes, now: float) -> Outcome[LostView | None]:
        """Put a signed record at the end of the party's ledger, if it fits there.

        Any member may bring a record: one that a server lost (an old backup) comes back so. A record that is in the
        ledger already is no error.

        :returns: ``None``, or what came first.
        :raises Refused: ``unknown_party``, ``not_a_member``, or the rule that it breaks.
        :raises CryptoError, DecodeError: when it is no record of this party, or not by its author.
        """
        party = self._as_member(caller, party_id)
        record = open_record(blob, party_id)
        ledger = party.ledger
        if record.epoch <= ledger.epoch and ledger.records[record.epoch - 1 : record.epoch] == [blob]:
            return Outcome(None)
        if record.epoch != ledger.epoch + 1 or record.previous != ledger.head:
            return self._lost(party, caller, record, now)
        if record.author == caller.identity and abs(record.at - now) > CLOCK_SLACK:
            raise refuse("bad_record", "the record's time is not now: look at this machine's clock")
        ledger.append(blob)
        changes, notes = self._revise(party, Recorded(blob))
        return Outcome(
            None, (Put(RecordRow(party_id, record.epoch, blob)), *changes, *self._enforce(party, record, now)), notes
        )

    def _enforce(self, party: Party, record: Record, now: float) -> list[Change]:
        """What a record takes away here: the membership, the seat that was held, the invitations."""
        changes: list[Change] = []
        if isinstance(record.action, Revoke):
            identity = record.action.identity
            party.reservations.pop(identity, None)
            if party.member(identity) is not None:
                changes += self._end_membership(party, identity, now)
        for invitation_id in [key for key in party.invitations if key in party.ledger.void]:
            changes += self._forget_invitation(party, invitation_id)
        return changes

    def _lost(self, party: Party, caller: Caller, record: Record, now: float) -> Outcome[LostView | None]:
        """Another record came first: tell by whom and what, and give what the loser has not seen."""
        wish = describe(record.action, party)
        newer = party.ledger.after(min(record.epoch - 1, party.ledger.epoch))
        winner = "a record that this ledger does not have"
        if newer:
            first = open_record(newer[0], party.party_id)
            winner = f"{party.name_of(first.author)} came first: {describe(first.action, party)}"
        conflict, changes = self.conflict(party, caller.identity, wish, winner, now)
        records = party.records_after(min(max(0, record.epoch - 1), party.ledger.epoch))
        return Outcome(LostView(conflict, records), changes)

    def conflict(
        self, party: Party, identity: bytes, wish: str, winner: str, now: float
    ) -> tuple[ConflictView, tuple[Change, ...]]:
        """Note that two wanted what one could have; the oldest notes go."""
        number = max(party.conflicts, default=0) + 1
        conflict = party.conflicts[number] = ConflictView(now, identity, wish, winner)
        changes: list[Change] = [
            Put(ConflictRow(party.party_id, number, now, identity, wish, winner)),
        ]
        for old in sorted(party.conflicts)[:-CONFLICTS_LIMIT]:
            del party.conflicts[old]
            changes.append(Erase(ConflictRow, (party.party_id, old)))
        return conflict, tuple(changes)

    def contend(self, caller: Caller, party_id: str, wish: str, refusal: Refused, now: float) -> Outcome[None]:
        """Note that a join lost its seat or name to another one."""
        party = self.parties.get(party_id)
        if party is None:
            return Outcome(None)
        return Outcome(None, self.conflict(party, caller.identity, wish, refusal.message, now)[1])

    def conflicts(self, caller: Caller, party_id: str) -> Outcome[tuple[ConflictView, ...]]:
        """The last conflicts of a party, the oldest first.

        :raises Refused: ``unknown_party``, ``not_a_member``.
        """
        party = self._as_member(caller, party_id)
        return Outcome(tuple(party.conflicts[number] for number in sorted(party.conflicts)))

    def set_status(self, caller: Caller, party_id: str, text: str) -> Outcome[None]:
        """What the caller says of itself; it has one owner, so its last word counts, and nobody waits for the disk.

        :raises Refused: ``unknown_party``, ``not_a_member``.
        """
        party = self._as_member(caller, party_id)
        if party.statuses.get(caller.identity, "") == text:
            return Outcome(None)
        party.statuses[caller.identity] = text
        view = StatusView(party_id, caller.identity, text)
        notes = tuple(Note(follower, view) for follower in party.followers if follower != caller.identity)
        return Outcome(None, (Put(StatusRow(party_id, caller.identity, text)),), notes)


def describe(action: Action, party: Party) -> str:
    """What a record does, as a sentence without its subject."""
    match action:
        case Admit():
            words = f"countersign {party.name_of(action.identity)}"
        case Withdraw():
            words = "withdraw an invitation"
        case Appoint():
            words = f"make {party.name_of(action.identity)} a {action.role}"
        case Revoke():
            words = f"{'ban' if action.ban else 'throw out'} {party.name_of(action.identity)}"
        case Pardon():
            words = f"lift the ban of {party.name_of(action.identity)}"
        case Rename():
            words = f"rename the party to {action.name}"
        case HandOver():
            words = f"hand the party over to {party.name_of(action.identity)}"
        case Support():
            words = f"make {party.name_of(action.candidate)} the host"
        case Veto():
            words = "object to another host"
    return words
