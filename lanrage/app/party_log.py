"""What the log tells of a party's members (``docs/logging.rst``)."""

from __future__ import annotations

from collections.abc import Iterable

from lanrage.core.identity import fingerprint
from lanrage.core.ledger import Ledger
from lanrage.core.ledger_records import open_record
from lanrage.core.replica import PartyReplica
from lanrage.core.replica_changes import (
    LedgerGrew,
    MemberAdded,
    MemberChanged,
    MemberRemoved,
    PresenceChanged,
    ReplicaChange,
)
from lanrage.logs import get_logger

log = get_logger(__name__)


def tell(changes: Iterable[ReplicaChange]) -> None:
    """Tell who came, went and changed; what is refused is told where it is."""
    for change in changes:
        if isinstance(change, LedgerGrew):
            log.debug("the party's ledger has {count} records more", count=len(change.records))
        elif isinstance(change, MemberAdded | MemberChanged | MemberRemoved | PresenceChanged):
            member = change.member
            who = {"name": member.member.certificate.name, "peer_id": fingerprint(member.identity).hex()}
            if isinstance(change, MemberAdded):
                log.info("{name} is in the party", address=member.member.certificate.address, **who)
            elif isinstance(change, MemberRemoved):
                log.info("{name} is out of the party", reason=change.reason, **who)
            elif isinstance(change, MemberChanged):
                log.info("{name} has a new certificate", before=change.before.member.certificate.name, **who)
            else:
                log.debug("{name} at the control server: online {online}", online=member.online, **who)


def by_whom(replica: PartyReplica, ledger: Ledger, own: bytes, epoch: int, changes: Iterable[ReplicaChange]) -> str:
    """Who threw this node out, as its user is told.

    :param own: this node's identity.
    :param epoch: of the record that did.
    """
    record = open_record(ledger.records[epoch - 1], replica.party_id)
    gone = [change.member for change in changes if isinstance(change, MemberRemoved)]
    names = {m.identity: m.member.certificate.name for m in (*replica.members.values(), *gone)}
    name = names.get(record.author) or fingerprint(record.author).hex()
    word = "banned from" if own in ledger.banned else "thrown out of"
    return f"this node was {word} the party {ledger.name} by {name}"
