"""Between a party's values and the control channel's messages about it, both ways."""

from __future__ import annotations

from collections.abc import Sequence

from lanrage.core.records import (
    ConflictView,
    DeltasView,
    DeltaView,
    Joined,
    Left,
    LostView,
    MemberRecord,
    Note,
    PartyView,
    PresenceView,
    StatusView,
)
from lanrage.core.replica import PartyReplica
from lanrage.core.replica_changes import ReplicaChange
from lanrage.errors import DecodeError
from lanrage.wire.control_ledger import Conflict, Lost, RecordAdded, StatusChanged
from lanrage.wire.control_party import Delta, Deltas, MemberJoined, MemberLeft, MemberRow, PartyState, Presence


def record(member: MemberRow) -> MemberRecord:
    """A member's row as the replica takes it."""
    return MemberRecord(member.certificate, member.invitation, member.online, member.status)


def row(shown: MemberRecord) -> MemberRow:
    """A member as it travels."""
    return MemberRow(shown.certificate, shown.invitation, shown.online, shown.status)


def message(view: PartyView | DeltasView | PresenceView | StatusView) -> PartyState | Deltas | Presence | StatusChanged:
    """What the control server's world shows, as it travels."""
    match view:
        case PartyView():
            members = tuple(map(row, view.members))
            return PartyState(view.party_id, view.revision, view.charter, members, view.epoch, view.records)
        case _:
            return news(view)


def news(view: DeltasView | PresenceView | StatusView) -> Deltas | Presence | StatusChanged:
    """What followers are told, as it travels."""
    match view:
        case PresenceView():
            return Presence(view.party_id, view.identity, view.online)
        case StatusView():
            return StatusChanged(view.party_id, view.identity, view.text)
        case DeltasView():
            return Deltas(view.party_id, tuple(map(_delta, view.deltas)), view.online, view.statuses)


def messages(notes: Sequence[Note]) -> tuple[tuple[bytes, Deltas | Presence | StatusChanged], ...]:
    """Whom to tell what, as it travels: one message for all that hear the same."""
    shown: dict[int, Deltas | Presence | StatusChanged] = {}
    told: list[tuple[bytes, Deltas | Presence | StatusChanged]] = []
    for note in notes:
        if id(note.body) not in shown:
            shown[id(note.body)] = news(note.body)
        told.append((note.to, shown[id(note.body)]))
    return tuple(told)


def _delta(view: DeltaView) -> Delta:
    if isinstance(view.change, Joined):
        return Delta(view.revision, MemberJoined(row(view.change.member)))
    if isinstance(view.change, Left):
        return Delta(view.revision, MemberLeft(view.change.identity))
    return Delta(view.revision, RecordAdded(view.change.record))


def conflict(view: ConflictView) -> Conflict:
    """A conflict as it travels."""
    return Conflict(view.at, view.identity, view.wish, view.winner)


def lost(view: LostView) -> Lost:
    """What came before a record, as it travels."""
    return Lost(conflict(view.conflict), view.records, view.epoch)


def apply(
    replica: PartyReplica, heard: PartyState | Deltas | Presence | StatusChanged, now: float
) -> list[ReplicaChange]:
    """Bring a replica forward by one message of the control server.

    :param now: seconds since the epoch.
    :returns: what changed, in order; :class:`lanrage.core.replica.Behind` = ask again.
    :raises DecodeError: a message about another party.
    :raises CryptoError: a charter that is not this party's.
    """
    if heard.party_id != replica.party_id:
        raise DecodeError("a message about another party")
    match heard:
        case PartyState():
            members = map(record, heard.members)
            return replica.full(heard.revision, heard.charter, members, now, epoch=heard.epoch, ledger=heard.records)
        case Presence():
            return replica.presence(heard.identity, heard.online)
        case StatusChanged():
            return replica.status(heard.identity, heard.text)
    changes: list[ReplicaChange] = []
    for delta in heard.deltas:
        if isinstance(delta.change, MemberJoined):
            changes += replica.joined(delta.revision, record(delta.change.member), now)
        elif isinstance(delta.change, MemberLeft):
            changes += replica.left(delta.revision, delta.change.identity)
        else:
            changes += replica.recorded(delta.revision, delta.change.record)
    if heard.online is not None:
        changes += replica.online(heard.online)
        changes += replica.say_all(dict(heard.statuses))
    return changes
