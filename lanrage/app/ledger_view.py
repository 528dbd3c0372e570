"""What a node shows of its party's ledger: roles, history, claims, conflicts, alarms; in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

from lanrage.app.results import ConflictShown, RecordShown
from lanrage.core.certificates import open_invitation
from lanrage.core.identity import fingerprint
from lanrage.core.ledger_records import (
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
from lanrage.core.replica import PartyReplica
from lanrage.core.replica_changes import ReplicaMember
from lanrage.wire.control_ledger import Conflict


def names(replica: PartyReplica) -> dict[bytes, str]:
    """The members' names, by their identities."""
    return {identity: entry.member.certificate.name for identity, entry in replica.members.items()}


def name_of(replica: PartyReplica, identity: bytes, before: Mapping[bytes, str] = MappingProxyType({})) -> str:
    """The member's name, or the beginning of the fingerprint of one who is none now.

    :param before: names of some who were members.
    """
    entry = replica.members.get(identity)
    if entry is not None:
        return entry.member.certificate.name
    return before.get(identity, fingerprint(identity).hex()[:8])


def history(replica: PartyReplica) -> list[RecordShown]:
    """All records, the first first."""
    if replica.ledger is None:
        return []
    return [_shown(replica, open_record(blob, replica.party_id)) for blob in replica.ledger.records]


def last(replica: PartyReplica, before: Mapping[bytes, str] = MappingProxyType({})) -> str:
    """What the newest record did.

    :param before: as :func:`name_of` has it.
    """
    if replica.ledger is None or not replica.ledger.records:
        return ""
    return _shown(replica, open_record(replica.ledger.records[-1], replica.party_id), before).what


def _shown(replica: PartyReplica, record: Record, before: Mapping[bytes, str] = MappingProxyType({})) -> RecordShown:
    name = partial(name_of, replica, before=before)
    author = name(record.author)
    return RecordShown(record.epoch, float(record.at), author, f"{author} {_words(name, record.action)}")


def _words(name: Callable[[bytes], str], action: Action) -> str:
    match action:
        case Admit():
            words = f"countersigned {name(action.identity)}"
        case Withdraw():
            words = f"withdrew invitation {action.invitation_id.hex()[:8]}"
        case Appoint():
            words = f"made {name(action.identity)} a {action.role}"
        case Revoke():
            words = f"{'banned' if action.ban else 'threw out'} {name(action.identity)}"
        case Pardon():
            words = f"lifted the ban of {name(action.identity)}"
        case Rename():
            words = f"renamed the party to {action.name}"
        case HandOver():
            words = f"handed the party over to {name(action.identity)}"
        case Support():
            words = f"wants {name(action.candidate)} as host"
        case Veto():
            words = "objected to another host"
        case BringGuest():
            words = f"brought the guest {action.name}, served by {name(action.server)}"
        case DismissGuest():
            words = "dismissed a guest"
    return words


def conflict(row: Conflict, replica: PartyReplica) -> ConflictShown:
    """A conflict, with the loser's name."""
    return ConflictShown(row.at, name_of(replica, row.identity), row.wish, row.winner)


def shown_invitations(replica: PartyReplica, entry: ReplicaMember) -> tuple[bytes, ...]:
    """Ids of the invitations that a member came by: they fall with it."""
    if not entry.member.invitation_blob or replica.charter is None:
        return ()
    invitation = open_invitation(entry.member.invitation_blob, replica.charter)
    return (bytes.fromhex(invitation.invitation_id),)


def alarms(replica: PartyReplica) -> list[str]:
    """What the user must know of the ledger: other ledgers, and claims to the host's place."""
    found = [
        f"{who} shows another ledger of this party from record {epoch} on: somebody lies; compare with your friends"
        for who, epoch in replica.forks.items()
    ]
    ledger = replica.ledger
    if ledger is not None:
        for author, claim in ledger.claims.items():
            wish = f"{name_of(replica, author)} wants {name_of(replica, claim.candidate)} as host"
            found.append(f"{wish}; the host can object: lanrage party veto" if _can_veto(replica) else wish)
    return found


def _can_veto(replica: PartyReplica) -> bool:
    return replica.charter is not None and replica.charter.takeover == "delay"
