"""Between a party's values and the control channel's messages about it, both ways."""

from __future__ import annotations

from collections.abc import Iterable

from lanrage.core.records import DeltasView, DeltaView, MemberRecord, Note, PartyView, PresenceView
from lanrage.core.replica import PartyReplica, ReplicaChange
from lanrage.errors import DecodeError
from lanrage.wire.control import (
    Delta,
    Deltas,
    MemberJoined,
    MemberLeft,
    MemberRow,
    PartyState,
    Presence,
)


def record(member: MemberRow) -> MemberRecord:
    """A member's row as the replica takes it."""
    return MemberRecord(member.certificate, member.invitation, member.online)


def row(shown: MemberRecord) -> MemberRow:
    """A member as it travels."""
    return MemberRow(shown.certificate, shown.invitation, shown.online)


def message(view: PartyView | DeltasView | PresenceView) -> PartyState | Deltas | Presence:
    """What the control server's world shows, as it travels."""
    if isinstance(view, PartyView):
        return PartyState(view.party_id, view.revision, view.charter, tuple(map(row, view.members)))
    return news(view)


def news(view: DeltasView | PresenceView) -> Deltas | Presence:
    """What followers are told, as it travels."""
    if isinstance(view, PresenceView):
        return Presence(view.party_id, view.identity, view.online)
    return Deltas(view.party_id, tuple(map(_delta, view.deltas)), view.online)


def messages(notes: Iterable[Note]) -> tuple[tuple[bytes, Deltas | Presence], ...]:
    """Whom to tell what, as it travels: one message for all that hear the same."""
    told: list[tuple[bytes, Deltas | Presence]] = []
    view: DeltasView | PresenceView | None = None
    for note in notes:
        if note.body is not view:
            view, shown = note.body, news(note.body)
        told.append((note.to, shown))
    return tuple(told)


def _delta(view: DeltaView) -> Delta:
    if view.member is None:
        return Delta(view.revision, MemberLeft(view.identity))
    return Delta(view.revision, MemberJoined(row(view.member)))


def apply(replica: PartyReplica, heard: PartyState | Deltas | Presence, now: float) -> list[ReplicaChange]:
    """Bring a replica forward by one message of the control server.

    :param now: seconds since the epoch.
    :returns: what changed, in order; :class:`lanrage.core.replica.Behind` = ask again.
    :raises DecodeError: a message about another party.
    :raises CryptoError: a charter that is not this party's.
    """
    if heard.party_id != replica.party_id:
        raise DecodeError("a message about another party")
    if isinstance(heard, PartyState):
        return replica.full(heard.revision, heard.charter, map(record, heard.members), now)
    if isinstance(heard, Presence):
        return replica.presence(heard.identity, heard.online)
    changes: list[ReplicaChange] = []
    for delta in heard.deltas:
        if isinstance(delta.change, MemberJoined):
            changes += replica.joined(delta.revision, record(delta.change.member), now)
        else:
            changes += replica.left(delta.revision, delta.change.identity)
    if heard.online is not None:
        changes += replica.online(heard.online)
    return changes
