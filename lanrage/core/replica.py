"""A node's own copy of its party: only members whose chain it verified itself, at one revision.

Each call takes what the control server said and returns what changed, so the node configures peers from verified
members alone. What does not hold is left out and counted with its reason; it never stops the rest.
"""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from lanrage.core.certificates import Charter, Invitation, Member, open_charter, open_invitation
from lanrage.core.names import name_key
from lanrage.core.records import MemberRecord
from lanrage.errors import CryptoError, DecodeError

SERVER = "the control server"
"""The name under which its own faults are remembered."""
REJECTED_LIMIT = 64
"""Reasons remembered, the oldest forgotten first: a lying server must not fill the memory."""


@attrs.frozen
class ReplicaMember:
    """A verified member and whether the control server sees it."""

    member: Member
    online: bool

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
    """A member left, or is no longer shown."""

    member: ReplicaMember


@attrs.frozen
class PresenceChanged:
    """A member's link to the control server came up or went down."""

    member: ReplicaMember


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


ReplicaChange = MemberAdded | MemberChanged | MemberRemoved | PresenceChanged | MemberRejected | Behind


@attrs.define
class PartyReplica:
    """The party as this node believes it.

    :param party_id: 32 hexadecimal digits; the charter must prove it.
    :ivar charter: ``None`` until the first full state.
    :ivar revision: of the server's last message applied; never goes down.
    :ivar members: verified ones, by identity.
    :ivar rejected: reason by claimed name, for status and the doctor.
    :ivar estranged: the server forgot revisions (an old backup): what it shows counts again once it is past ours.
    """

    party_id: str
    charter: Charter | None = attrs.field(init=False, default=None)
    charter_blob: bytes = attrs.field(init=False, default=b"", repr=False)
    revision: int = attrs.field(init=False, default=0)
    members: dict[bytes, ReplicaMember] = attrs.field(init=False, factory=dict)
    rejected: dict[str, str] = attrs.field(init=False, factory=dict)
    estranged: bool = attrs.field(init=False, default=False)

    @property
    def since(self) -> int:
        """The revision to give in ``FollowParty``: ours, or 0 where the server's history is not ours."""
        return 0 if self.estranged or self.charter is None else self.revision

    def full(self, revision: int, charter: bytes, records: Iterable[MemberRecord], now: float) -> list[ReplicaChange]:
        """Apply a full state; one of a lower revision than ours is ignored.

        :param now: seconds since the epoch, for the certificates' expiry.
        :raises CryptoError, DecodeError: when the charter is not this party's; nothing has changed then.
        """
        opened = open_charter(charter, self.party_id)
        self.estranged = revision < self.revision
        if self.estranged:
            return [self._reject(SERVER, f"it shows revision {revision}, this node has seen {self.revision}")]
        self.rejected.pop(SERVER, None)
        self.charter, self.charter_blob, self.revision = opened, charter, revision
        verified, changes = self._verify_all(records, now)
        shown = {entry.identity for entry in verified}
        for identity in [key for key in self.members if key not in shown]:
            changes.append(MemberRemoved(self.members.pop(identity)))
        known = [entry for entry in verified if entry.identity in self.members]
        for entry in known + [entry for entry in verified if entry not in known]:
            changes += self._admit(entry)
        return changes

    def joined(self, revision: int, record: MemberRecord, now: float) -> list[ReplicaChange]:
        """Apply the delta that a member joined, or has a new certificate."""
        if (skip := self._step(revision)) is not None:
            return skip
        verified, changes = self._verify_all((record,), now)
        for entry in verified:
            changes += self._admit(entry)
        return changes

    def left(self, revision: int, identity: bytes) -> list[ReplicaChange]:
        """Apply the delta that a member left."""
        if (skip := self._step(revision)) is not None:
            return skip
        gone = self.members.pop(identity, None)
        return [] if gone is None else [MemberRemoved(gone)]

    def presence(self, identity: bytes, online: bool) -> list[ReplicaChange]:
        """A member's link came up or went down."""
        entry = self.members.get(identity)
        if entry is None or entry.online == online:
            return []
        self.members[identity] = entry = attrs.evolve(entry, online=online)
        return [PresenceChanged(entry)]

    def online(self, identities: Iterable[bytes]) -> list[ReplicaChange]:
        """Set everybody's presence at once."""
        there = set(identities)
        return [change for key in list(self.members) for change in self.presence(key, key in there)]

    def _step(self, revision: int) -> list[ReplicaChange] | None:
        """Move to the next revision; otherwise what to answer instead."""
        if self.charter is None or self.estranged or revision > self.revision + 1:
            return [Behind()]
        if revision <= self.revision:
            return []
        self.revision = revision
        return None

    def _verify_all(
        self, records: Iterable[MemberRecord], now: float
    ) -> tuple[list[ReplicaMember], list[ReplicaChange]]:
        verified: list[ReplicaMember] = []
        changes: list[ReplicaChange] = []
        assert self.charter is not None
        for record in records:
            try:
                member = Member.verify(self.charter, record.certificate, record.invitation)
                if member.certificate.expires < now:
                    raise CryptoError("the certificate has expired (or this machine's clock is wrong)")
                verified.append(ReplicaMember(member, record.online))
            except (CryptoError, DecodeError) as error:
                changes.append(self._reject("a member that proves nothing", str(error)))
        return verified, changes

    def _admit(self, entry: ReplicaMember) -> list[ReplicaChange]:
        before = self.members.get(entry.identity)
        name = entry.member.certificate.name
        if (reason := self._objection(entry, before)) is not None:
            return [self._reject(name, reason)]
        self.rejected.pop(name, None)
        self.members[entry.identity] = entry
        if before is None:
            return [MemberAdded(entry)]
        if before.member.certificate != entry.member.certificate:
            return [MemberChanged(before, entry)]
        return [PresenceChanged(entry)] if before.online != entry.online else []

    def _objection(self, entry: ReplicaMember, before: ReplicaMember | None) -> str | None:
        """Why a verified member is not taken in: who came first is pinned."""
        new = entry.member.certificate
        if before is not None and new.issued < before.member.certificate.issued:
            return "an older certificate than the one that is known"
        others = [m.member for key, m in self.members.items() if key != entry.identity]
        for other in (m.certificate for m in others):
            if other.ip == new.ip:
                return f"its address {new.address} belongs to {other.name}"
            if name_key(other.name) == name_key(new.name):
                return f"its name belongs to the member at {other.address}"
            if other.wireguard_key == new.wireguard_key:
                return f"its WireGuard key belongs to {other.name}"
        assert self.charter is not None
        if len(others) >= self.charter.max_members:
            return f"the party's charter allows {self.charter.max_members} members"
        return self._overused(entry, others, self.charter)

    @staticmethod
    def _overused(entry: ReplicaMember, others: list[Member], charter: Charter) -> str | None:
        blob = entry.member.invitation_blob
        if not blob:
            return None
        invitation: Invitation = open_invitation(blob, charter)
        same = sum(1 for other in others if other.certificate.issuer == invitation.invite_key)
        if invitation.uses and same >= invitation.uses:
            return f"its invitation allows {invitation.uses} members"
        return None

    def _reject(self, who: str, reason: str) -> MemberRejected:
        if who not in self.rejected and len(self.rejected) >= REJECTED_LIMIT:
            self.rejected.pop(next(iter(self.rejected)))
        self.rejected[who] = reason
        return MemberRejected(who, reason)
