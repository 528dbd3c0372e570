"""Changes of a party that its members sign, compare and set by the ledger's epoch; statuses; conflicts. Pure."""

from __future__ import annotations

import attrs

from lanrage.core.certificates import Member, open_invitation
from lanrage.core.ledger import refuse
from lanrage.core.ledger_records import (
    CLOCK_SLACK,
    Action,
    Admit,
    Appoint,
    BringGuest,
    DismissGuest,
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
from lanrage.core.records import ConflictView, Left, LostView, Note, Recorded, StatusView
from lanrage.core.world_joining import JoiningWorld
from lanrage.core.world_rows import Change, ConflictRow, Erase, Put, RecordRow, StatusRow
from lanrage.core.world_state import Caller, Outcome
from lanrage.errors import Refused


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
        # Nobody may write into the future: no later record could follow. Takeovers count by these times.
        if record.at > now + CLOCK_SLACK or (isinstance(record.action, Support) and record.at < now - CLOCK_SLACK):
            raise refuse("bad_record", "the record's time is not now: look at this machine's clock")
        if isinstance(record.action, BringGuest):
            party.expire(now)
            party.check_guest(record.action, now)
        ledger.append(blob)
        changes, notes = self._revise(party, Recorded(blob))
        fallen, told = self._enforce(party, record, now)
        rows = (Put(RecordRow(party_id, record.epoch, blob)), *changes, *fallen)
        return Outcome(None, rows, (*notes, *told))

    def _enforce(self, party: Party, record: Record, now: float) -> tuple[list[Change], list[Note]]:
        """What a record takes away here: memberships, the seat that was held, the invitations."""
        changes: list[Change] = []
        notes: list[Note] = []
        if isinstance(record.action, Revoke):
            party.reservations.pop(record.action.identity, None)
        for member in list(party.members()):
            identity = member.certificate.identity
            if self._stands(party, member):
                continue
            changes += self._end_membership(party, identity, now)
            if not isinstance(record.action, Revoke) or identity != record.action.identity:
                revised, told = self._revise(party, Left(identity))
                changes += revised
                notes += told
        for invitation_id in [key for key in party.invitations if key in party.ledger.void]:
            changes += self._forget_invitation(party, invitation_id)
        return changes, notes

    @staticmethod
    def _stands(party: Party, member: Member) -> bool:
        blob = member.invitation_blob
        invitation = open_invitation(blob, party.charter) if blob else None
        try:
            party.ledger.standing(member.certificate, invitation)
        except Refused:
            return False
        return True

    def _lost(self, party: Party, caller: Caller, record: Record, now: float) -> Outcome[LostView | None]:
        """Another record came first: tell by whom and what, and give what the loser has not seen."""
        wish = describe(record.action, party)
        newer = party.ledger.after(min(record.epoch - 1, party.ledger.epoch))
        winner = "a record that this ledger does not have"
        if newer:
            first = open_record(newer[0], party.party_id)
            winner = f"{party.name_of(first.author)} came first: {describe(first.action, party)}"
        records = party.records_after(min(record.epoch - 1, party.ledger.epoch))
        # Only what its author lost himself is a conflict; countersigning is a race by design.
        if record.author == caller.identity and not isinstance(record.action, Admit):
            conflict, changes = self.conflict(party, caller.identity, wish, winner, now)
        else:
            conflict, changes = ConflictView(now, caller.identity, wish, winner), ()
        return Outcome(LostView(conflict, records, party.ledger.epoch), changes)

    def conflict(
        self, party: Party, identity: bytes, wish: str, winner: str, now: float
    ) -> tuple[ConflictView, tuple[Change, ...]]:
        """Note that two wanted what one could have; the oldest notes go."""
        conflict = ConflictView(now, identity, wish, winner)
        if any((c.identity, c.wish, c.winner) == (identity, wish, winner) for c in party.conflicts.values()):
            return conflict, ()  # repeating a lost wish pushes out nobody else's
        number = max(party.conflicts, default=0) + 1
        party.conflicts[number] = conflict
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
        case BringGuest():
            words = f"bring the guest {action.name}"
        case DismissGuest():
            words = "dismiss a guest"
    return words
