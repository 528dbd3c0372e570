"""A node's own copy of its party: only members whose chain it verified itself, at one revision, under its ledger.

Each call takes what the control server said and returns what changed, so the node configures peers from verified
members alone. What does not hold is left out and counted with its reason; it never stops the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import attrs

from lanrage.core.certificates import Charter, Member, open_charter, open_invitation
from lanrage.core.ledger import Ledger, Standing
from lanrage.core.ledger_records import Record, open_record, peek_record
from lanrage.core.names import name_key
from lanrage.core.records import MemberRecord
from lanrage.core.replica_changes import (
    Behind,
    Forked,
    LedgerGrew,
    MemberAdded,
    MemberChanged,
    MemberRejected,
    MemberRemoved,
    PresenceChanged,
    ReplicaChange,
    ReplicaMember,
)
from lanrage.errors import CryptoError, DecodeError, Refused

SERVER = "the control server"
"""The name under which its own faults are remembered."""
REJECTED_LIMIT = 64
"""Reasons remembered, the oldest forgotten first: a lying server must not fill the memory."""


class _OtherLedger(Exception):
    """A record of another ledger than ours, which parts at this epoch."""

    def __init__(self, epoch: int) -> None:
        super().__init__(epoch)
        self.epoch = epoch


@attrs.define
class PartyReplica:
    """The party as this node believes it.

    :param party_id: 32 hexadecimal digits; the charter must prove it.
    :ivar charter: ``None`` until the first full state.
    :ivar revision: of the server's last message applied; never goes down.
    :ivar members: verified ones, by identity.
    :ivar rejected: reason by claimed name, for status and the doctor.
    :ivar ledger: its signed records; ``None`` until the first full state.
    :ivar forks: who showed another ledger than ours, and at which epoch it parts.
    :ivar estranged: the server forgot revisions (an old backup): what it shows counts again once it is past ours.
    """

    party_id: str
    charter: Charter | None = attrs.field(init=False, default=None)
    charter_blob: bytes = attrs.field(init=False, default=b"", repr=False)
    revision: int = attrs.field(init=False, default=0)
    members: dict[bytes, ReplicaMember] = attrs.field(init=False, factory=dict)
    ledger: Ledger | None = attrs.field(init=False, default=None)
    rejected: dict[str, str] = attrs.field(init=False, factory=dict)
    forks: dict[str, int] = attrs.field(init=False, factory=dict)
    _incomplete: bool = attrs.field(init=False, default=False)
    estranged: bool = attrs.field(init=False, default=False)

    @property
    def since(self) -> int:
        """The revision to give in ``FollowParty``: ours, or 0 where the server's history is not ours."""
        return 0 if self.estranged or self._incomplete or self.charter is None else self.revision

    @property
    def behind(self) -> bool:
        """The last answer did not tell all."""
        return self._incomplete

    @property
    def epoch(self) -> int:
        """Of the ledger's last record here."""
        return self.ledger.epoch if self.ledger is not None else 0

    def full(
        self,
        revision: int,
        charter: bytes,
        records: Iterable[MemberRecord],
        now: float,
        *,
        epoch: int = 0,
        ledger: Iterable[bytes] = (),
    ) -> list[ReplicaChange]:
        """Apply a full state; one of a lower revision than ours is ignored, but for its ledger.

        :param now: seconds since the epoch, for the certificates' expiry.
        :param epoch: of the server's last ledger record.
        :param ledger: records after the epoch that we have.
        :raises CryptoError, DecodeError: when the charter is not this party's; nothing has changed then.
        """
        opened = open_charter(charter, self.party_id)
        if self.ledger is None:
            self.ledger = Ledger(opened, charter)
        elif charter != self.charter_blob:
            raise CryptoError("the charter is another one than this node has verified")
        self.charter, self.charter_blob = opened, charter
        before = self.epoch
        changes = self.learn(tuple(ledger), SERVER)
        self._incomplete = self.epoch < epoch
        if self._incomplete:
            if self.epoch > before:
                return [*changes, Behind()]
            return [*changes, self._reject(SERVER, f"it withholds the ledger's records after {self.epoch}")]
        self.estranged = revision < self.revision
        if self.estranged:
            reason = f"it shows revision {revision}, this node has seen {self.revision}"
            return [*changes, self._reject(SERVER, reason)]
        self.rejected.pop(SERVER, None)
        self.revision = revision
        return changes + self._show_all(records, now)

    def _show_all(self, records: Iterable[MemberRecord], now: float) -> list[ReplicaChange]:
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

    def recorded(self, revision: int, blob: bytes) -> list[ReplicaChange]:
        """Apply the delta that the ledger has one record more."""
        if (skip := self._step(revision)) is not None:
            return skip
        changes = self.learn((blob,), SERVER)
        if self.ledger is not None and blob not in self.ledger.records:
            self._incomplete = True  # ask for what is missing in between
            return [*changes, Behind()]
        return changes

    def learn(self, blobs: tuple[bytes, ...], who: str) -> list[ReplicaChange]:
        """Take ledger records in, by whoever brings them; those that we have change nothing.

        :param who: for the log, should they not fit.
        """
        if self.ledger is None:
            return []
        grown: list[Record] = []
        changes: list[ReplicaChange] = []
        for blob in blobs:
            try:
                record = peek_record(blob, self.party_id)
                if record.epoch > self.ledger.epoch + 1:
                    break  # what lies between comes first
                grown += self._next_record(self.ledger, record, blob)
            except _OtherLedger as other:
                changes += self._fork(who, other.epoch)
                break
            except (CryptoError, DecodeError, Refused) as error:
                changes.append(self._reject(who, f"a ledger record is refused: {error}"))
                break
        if grown:
            changes = [LedgerGrew(tuple(grown)), *self._judge_again(), *changes]
        return changes

    @staticmethod
    def _next_record(ledger: Ledger, record: Record, blob: bytes) -> list[Record]:
        """Take in the next record, or find that it is another ledger's: by a member, and behind a history of ours."""
        known = record.author in ledger.members or record.author in ledger.revoked
        if record.epoch <= ledger.epoch:
            if ledger.records[record.epoch - 1] == blob:
                return []
            if known and record.previous == ledger.heads[record.epoch - 1]:
                open_record(blob, ledger.charter.party_id)
                raise _OtherLedger(record.epoch)
            raise CryptoError("it fits neither our ledger nor what came before it")
        if record.previous != ledger.head and known:
            open_record(blob, ledger.charter.party_id)
            raise _OtherLedger(ledger.epoch)
        return [ledger.append(blob)]

    def headed(self, epoch: int, head: bytes, who: str) -> list[ReplicaChange]:
        """A member told its head: an epoch that we have, with another hash, is another ledger."""
        if self.ledger is None or epoch > self.ledger.epoch or self.ledger.heads[epoch] == head:
            return []
        return self._fork(who, epoch)

    def _fork(self, who: str, epoch: int) -> list[ReplicaChange]:
        if self.forks.get(who, epoch + 1) <= epoch:
            return []  # known to part there, or before
        if who not in self.forks and len(self.forks) >= REJECTED_LIMIT:
            self.forks.pop(next(iter(self.forks)))
        self.forks[who] = min(epoch, self.forks.get(who, epoch))
        return [Forked(who, epoch)]

    def _judge_again(self) -> list[ReplicaChange]:
        """After the ledger grew: who is thrown out goes, who is countersigned is a full member."""
        changes: list[ReplicaChange] = []
        for identity, entry in list(self.members.items()):
            try:
                standing = self._standing(entry.member)
            except Refused as error:
                del self.members[identity]
                changes.append(MemberRemoved(entry, str(error)))
                continue
            if standing is not entry.standing:
                self.members[identity] = entry = attrs.evolve(entry, standing=standing)
                changes.append(PresenceChanged(entry))
        return changes

    def _standing(self, member: Member) -> Standing:
        assert self.ledger is not None
        blob = member.invitation_blob
        invitation = open_invitation(blob, self.ledger.charter) if blob else None
        return self.ledger.standing(member.certificate, invitation)

    def status(self, identity: bytes, text: str) -> list[ReplicaChange]:
        """What a member says of itself."""
        entry = self.members.get(identity)
        if entry is None or entry.status == text:
            return []
        self.members[identity] = entry = attrs.evolve(entry, status=text)
        return [PresenceChanged(entry)]

    def say_all(self, statuses: Mapping[bytes, str]) -> list[ReplicaChange]:
        """Set what everybody says at once."""
        return [change for key in list(self.members) for change in self.status(key, statuses.get(key, ""))]

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
                verified.append(ReplicaMember(member, record.online, self._standing(member), record.status))
            except (CryptoError, DecodeError) as error:
                changes.append(self._reject("a member that proves nothing", str(error)))
            except Refused as error:
                changes.append(self._reject(member.certificate.name, str(error)))
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
        return [PresenceChanged(entry)] if before != entry else []

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
        return self._overused(entry)

    def _overused(self, entry: ReplicaMember) -> str | None:
        """Provisional members count against the invitation's uses, beside those that the ledger admitted."""
        if entry.standing is Standing.FULL or self.ledger is None or self.charter is None:
            return None
        invitation = open_invitation(entry.member.invitation_blob, self.charter)
        waiting = {
            key
            for key, other in self.members.items()
            if other.standing is Standing.PROVISIONAL and other.member.certificate.issuer == invitation.invite_key
        }
        used = self.ledger.uses.get(invitation.invitation_id, set()) | waiting
        if invitation.uses and len(used - {entry.identity}) >= invitation.uses:
            return f"its invitation allows {invitation.uses} members"
        return None

    def _reject(self, who: str, reason: str) -> MemberRejected:
        if who not in self.rejected and len(self.rejected) >= REJECTED_LIMIT:
            self.rejected.pop(next(iter(self.rejected)))
        self.rejected[who] = reason
        return MemberRejected(who, reason)
