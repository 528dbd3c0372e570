"""From the control channel's messages about a party to the node's replica of it."""

from __future__ import annotations

from lanrage.core.records import MemberRecord
from lanrage.core.replica import PartyReplica, ReplicaChange
from lanrage.errors import DecodeError
from lanrage.wire.control import Deltas, MemberJoined, MemberRow, PartyState, Presence


def record(row: MemberRow) -> MemberRecord:
    """A member's row as the replica takes it."""
    return MemberRecord(row.certificate, row.invitation, row.online)


def apply(replica: PartyReplica, message: PartyState | Deltas | Presence, now: float) -> list[ReplicaChange]:
    """Bring a replica forward by one message of the control server.

    :param now: seconds since the epoch.
    :returns: what changed, in order; :class:`lanrage.core.replica.Behind` = ask again.
    :raises DecodeError: a message about another party.
    :raises CryptoError: a charter that is not this party's.
    """
    if message.party_id != replica.party_id:
        raise DecodeError("a message about another party")
    if isinstance(message, PartyState):
        return replica.full(message.revision, message.charter, map(record, message.members), now)
    if isinstance(message, Presence):
        return replica.presence(message.identity, message.online)
    changes: list[ReplicaChange] = []
    for delta in message.deltas:
        if isinstance(delta.change, MemberJoined):
            changes += replica.joined(delta.revision, record(delta.change.member), now)
        else:
            changes += replica.left(delta.revision, delta.change.identity)
    if message.online is not None:
        changes += replica.online(message.online)
    return changes
