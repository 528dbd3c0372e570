"""What may change in a node's replica of its party."""

from __future__ import annotations

import attrs

from lanrage.core.certificates import Member
from lanrage.core.ledger import Standing
from lanrage.core.ledger_records import Record


@attrs.frozen
class ReplicaMember:
    """A verified member and whether the control server sees it.

    :param standing: admitted by the ledger, or not yet.
    :param status: what it says of itself, by the control server's word.
    """

    member: Member
    online: bool
    standing: Standing = Standing.PROVISIONAL
    status: str = ""

    @property
    def identity(self) -> bytes:
        """Ed25519 public key, 32 bytes."""
        return self.member.certificate.identity


@attrs.frozen
class MemberAdded:
    """A member was verified and is new to this node."""

    member: ReplicaMember


@attrs.frozen
class MemberChanged:
    """A member has a newer certificate: another name, WireGuard key or address."""

    before: ReplicaMember
    member: ReplicaMember


@attrs.frozen
class MemberRemoved:
    """A member left, is no longer shown, or was thrown out.

    :param reason: why it was thrown out; empty where it left.
    """

    member: ReplicaMember
    reason: str = ""


@attrs.frozen
class PresenceChanged:
    """A member's link to the control server came up or went down, or its status or standing is another."""

    member: ReplicaMember


@attrs.frozen
class LedgerGrew:
    """The ledger has these records more, in order."""

    records: tuple[Record, ...]


@attrs.frozen
class Forked:
    """Two different ledgers are shown for one epoch: somebody lies.

    :param who: who shows the other one.
    """

    who: str
    epoch: int


@attrs.frozen
class MemberRejected:
    """A member that the server shows was not taken in.

    :param who: its name as it claims, or part of its key.
    """

    who: str
    reason: str


@attrs.frozen
class Behind:
    """Revisions are missing: ask for them (``FollowParty`` with :attr:`PartyReplica.since`)."""


ReplicaChange = (
    MemberAdded | MemberChanged | MemberRemoved | PresenceChanged | MemberRejected | LedgerGrew | Forked | Behind
)
