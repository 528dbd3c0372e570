"""The party's ledger: who was admitted, who is host or moderator, who was thrown out; pure, the same everywhere.

What a ledger holds follows from its records alone: no clock, no server's word. So a control server that lies can hide
the end of a ledger for a while, but can neither add to it nor change it, and two nodes with one head believe the same.
"""

from __future__ import annotations

import enum

import attrs

from lanrage.core.certificates import Certificate, Charter, Invitation, open_certificate, open_invitation
from lanrage.core.identity import Verify, verify_again
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
    Role,
    Support,
    Veto,
    Withdraw,
    chained,
    genesis,
    open_record,
)
from lanrage.core.party_guests import GuestBook
from lanrage.errors import REFUSALS, Refused

LEDGER_LIMIT = 2048
"""Records of one ledger: a party of friends writes a few a week; more would be a burden for each newcomer."""
MODERATORS_LIMIT = 16
"""Moderators at one time."""
ADMIT_GRACE = 14 * 86400
"""Seconds after an invitation's end in which one who joined in time may be countersigned: perhaps nobody was there."""


class Standing(enum.Enum):
    """What the ledger says of one who shows a valid certificate."""

    FULL = "full"
    """Admitted by a record."""
    PROVISIONAL = "provisional"
    """The invitation is good, and no member has countersigned yet."""


def refuse(code: str, message: str = "") -> Refused:
    """A refusal with its usual sentence, or a better one."""
    return Refused(code, message or REFUSALS[code])


@attrs.frozen
class Claim:
    """A moderator's wish for another host."""

    candidate: bytes
    at: int


@attrs.define
class Ledger:
    """All records so far, and what follows from them.

    :ivar epoch: number of the last record, 0 for none.
    :ivar head: hash of the chain, 32 bytes.
    :ivar at: time of the last record.
    :ivar members: identities that were admitted, and at which epoch; leaving takes nobody out, revoking does.
    :ivar revoked: identities that were thrown out, and at which epoch last.
    :ivar stripped: identities that lost a role, and at which epoch last: invitations of theirs from before are void.
    :ivar void: ids of void invitations.
    :ivar uses: identities admitted by each invitation.
    :ivar guests: devices that take part through a member.
    :ivar records: as signed, the first first.
    """

    charter: Charter
    charter_blob: bytes = attrs.field(repr=False)
    epoch: int = attrs.field(init=False, default=0)
    head: bytes = attrs.field(init=False)
    at: int = attrs.field(init=False)
    name: str = attrs.field(init=False)
    host: bytes = attrs.field(init=False)
    moderators: set[bytes] = attrs.field(init=False, factory=set)
    members: dict[bytes, int] = attrs.field(init=False)
    revoked: dict[bytes, int] = attrs.field(init=False, factory=dict)
    banned: set[bytes] = attrs.field(init=False, factory=set)
    stripped: dict[bytes, int] = attrs.field(init=False, factory=dict)
    void: set[str] = attrs.field(init=False, factory=set)
    uses: dict[str, set[bytes]] = attrs.field(init=False, factory=dict)
    claims: dict[bytes, Claim] = attrs.field(init=False, factory=dict)
    guests: GuestBook = attrs.field(init=False, factory=GuestBook)
    records: list[bytes] = attrs.field(init=False, factory=list, repr=False)
    heads: list[bytes] = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self.head = genesis(self.charter_blob)
        self.heads = [self.head]
        self.at, self.name, self.host = self.charter.created, self.charter.name, self.charter.founder
        self.members = {self.charter.founder: 0}

    # --- asking -------------------------------------------------------------------------------------------------------

    def role(self, identity: bytes) -> Role:
        """What this identity may do."""
        if identity == self.host:
            return "host"
        return "moderator" if identity in self.moderators else "member"

    def governs(self, identity: bytes) -> bool:
        """Host or moderator: may invite, throw members out and rename the party."""
        return identity == self.host or identity in self.moderators

    def after(self, epoch: int) -> tuple[bytes, ...]:
        """The records after an epoch."""
        return tuple(self.records[epoch:])

    def check_invitation(self, invitation: Invitation, identity: bytes) -> None:
        """Whether this identity may still come in by this invitation.

        :raises Refused: ``banned``, ``invitation_void``, ``invitation_used_up``.
        """
        if identity in self.banned:
            raise refuse("banned")
        issuer = invitation.issuer
        if not self.governs(issuer) or invitation.invitation_id in self.void:
            raise refuse("invitation_void")
        if invitation.epoch > self.epoch or invitation.epoch < max(
            self.stripped.get(issuer, 0), self.revoked.get(identity, 0)
        ):
            raise refuse("invitation_void")
        used = self.uses.get(invitation.invitation_id, set())
        if invitation.uses and identity not in used and len(used) >= invitation.uses:
            raise refuse("invitation_used_up")

    def standing(self, certificate: Certificate, invitation: Invitation | None) -> Standing:
        """What the holder of a certificate is, whose chain was verified.

        :param invitation: by which it joined; ``None`` for the founder.
        :raises Refused: ``banned``, ``revoked``, ``invitation_void``, ``invitation_used_up``.
        """
        identity = certificate.identity
        if identity in self.banned:
            raise refuse("banned")
        if certificate.epoch < self.revoked.get(identity, 0) or (invitation is None and identity in self.revoked):
            raise refuse("revoked")
        if identity in self.members:
            return Standing.FULL
        if invitation is None:
            raise refuse("revoked")
        self.check_invitation(invitation, identity)
        return Standing.PROVISIONAL

    # --- growing ------------------------------------------------------------------------------------------------------

    def check(self, blob: bytes, verify: Verify = verify_again) -> Record:
        """Whether this record can be the next one.

        :param verify: checks each signature.

        :raises CryptoError, DecodeError: it is no record of this party, or not by its author.
        :raises Refused: ``conflict`` when another one came first, else the rule that it breaks.
        """
        record = open_record(blob, self.charter.party_id, verify)
        if record.epoch != self.epoch + 1 or record.previous != self.head:
            raise refuse("conflict")
        if record.epoch > LEDGER_LIMIT:
            raise refuse("limit", f"the party's ledger has {LEDGER_LIMIT} records, and no more: found a new party")
        if record.at < self.at:
            raise refuse("bad_record", "the record is dated before the one that it follows: look at the clocks")
        if record.author not in self.members:
            raise refuse("not_a_member")
        self._check_action(record, record.action, verify)
        return record

    def append(self, blob: bytes, verify: Verify = verify_again) -> Record:
        """Take the next record in.

        :param verify: checks each signature.

        :raises CryptoError, DecodeError, Refused: as :meth:`check`; nothing has changed then.
        """
        record = self.check(blob, verify)
        self.records.append(blob)
        self.epoch, self.head, self.at = record.epoch, chained(self.head, blob), record.at
        self.heads.append(self.head)
        self._carry_out(record, record.action, verify)
        return record

    # --- rules --------------------------------------------------------------------------------------------------------

    def _check_action(self, record: Record, action: Action, verify: Verify) -> None:
        author = record.author
        match action:
            case Admit():
                self._check_admit(record, action, verify)
            case Withdraw():
                self._only(self.governs(author), "only the host and moderators withdraw invitations")
                self._news(action.invitation_id.hex() not in self.void)
            case Appoint():
                self._check_appoint(author, action)
            case Revoke():
                self._check_revoke(author, action)
            case Pardon():
                self._only(author == self.host, "only the host lifts a ban")
                self._news(action.identity in self.banned)
            case Rename():
                self._only(self.governs(author), "only the host and moderators rename the party")
                self._news(action.name != self.name)
            case HandOver():
                self._only(author == self.host, "only the host hands the party over")
                self._only(action.identity in self.members, "the new host must be a full member")
                self._news(action.identity != self.host)
            case Support():
                self._check_support(record, action)
            case Veto():
                self._only(author == self.host and self.charter.takeover == "delay", "only the host has a veto")
                self._news(bool(self.claims))
            case BringGuest() | DismissGuest():
                self.guests.check(record, self.charter.network, self.members, governs=self.governs(author))

    @staticmethod
    def _only(condition: bool, sentence: str) -> None:
        if not condition:
            raise refuse("not_allowed", sentence)

    @staticmethod
    def _news(condition: bool) -> None:
        if not condition:
            raise refuse("no_change")

    def _check_admit(self, record: Record, action: Admit, verify: Verify) -> None:
        invitation = open_invitation(action.invitation, self.charter, verify)
        certificate = open_certificate(action.certificate, self.charter, invitation, verify)
        if certificate.identity != action.identity:
            raise refuse("bad_record", "the record names another identity than its certificate")
        self._news(action.identity not in self.members)
        self.check_invitation(invitation, action.identity)
        if not invitation.created <= record.at <= invitation.expires + ADMIT_GRACE:
            raise refuse("invitation_expired")

    def _check_appoint(self, author: bytes, action: Appoint) -> None:
        self._only(author == self.host, "only the host appoints moderators")
        self._only(action.identity in self.members, "only a full member can be a moderator")
        self._only(action.identity != self.host, "the host hands the party over before it can be something else")
        self._news(self.role(action.identity) != action.role)
        if action.role == "moderator" and len(self.moderators) >= MODERATORS_LIMIT:
            raise refuse("limit", f"a party has {MODERATORS_LIMIT} moderators, and no more")

    def _check_revoke(self, author: bytes, action: Revoke) -> None:
        self._only(self.governs(author), "only the host and moderators throw members out")
        self._only(action.identity != self.host, "nobody throws the host out")
        self._only(author == self.host or not self.governs(action.identity), "only the host throws a moderator out")
        self._news(action.ban or action.identity in self.members or action.identity not in self.revoked)
        self._news(action.identity not in self.banned)

    def _check_support(self, record: Record, action: Support) -> None:
        self._only(self.charter.takeover != "never", "this party's rule is that nobody takes the host's place")
        self._only(record.author in self.moderators, "only moderators choose another host")
        self._only(action.candidate in self.members, "the new host must be a full member")
        self._news(action.candidate != self.host)
        claim = self.claims.get(record.author)
        if claim is None or claim.candidate != action.candidate:
            return
        self._news(self.charter.takeover == "delay")
        left = claim.at + self.charter.takeover_delay - record.at
        if left > 0:
            raise refuse("too_early", f"the host may object for another {left} s")

    # --- consequences -------------------------------------------------------------------------------------------------

    def _carry_out(self, record: Record, action: Action, verify: Verify) -> None:
        match action:
            case Admit():
                invitation = open_invitation(action.invitation, self.charter, verify)
                self.members[action.identity] = record.epoch
                self.uses.setdefault(invitation.invitation_id, set()).add(action.identity)
            case Withdraw():
                self.void.add(action.invitation_id.hex())
            case Appoint():
                self._appoint(action, record.epoch)
            case Revoke():
                self._revoke(action, record.epoch)
            case Pardon():
                self.banned.discard(action.identity)
            case Rename():
                self.name = action.name
            case HandOver():
                self._new_host(action.identity)
                self.moderators.add(record.author)
            case Support():
                self._support(record, action)
            case Veto():
                self.claims.clear()
            case BringGuest() | DismissGuest():
                self.guests.carry_out(record)

    def _appoint(self, action: Appoint, epoch: int) -> None:
        if action.role == "moderator":
            self.moderators.add(action.identity)
        else:
            self._demote(action.identity, epoch)

    def _demote(self, identity: bytes, epoch: int) -> None:
        self.moderators.discard(identity)
        self.claims.pop(identity, None)
        self.stripped[identity] = epoch
        self.guests.role_lost(identity)

    def _revoke(self, action: Revoke, epoch: int) -> None:
        identity = action.identity
        self.members.pop(identity, None)
        self._demote(identity, epoch)
        self.revoked[identity] = epoch
        if action.ban:
            self.banned.add(identity)
        self.void.update(voided.hex() for voided in action.invitations)
        self.void.update(key for key, used in self.uses.items() if identity in used)
        self.claims = {who: claim for who, claim in self.claims.items() if claim.candidate != identity}
        self.guests.member_gone(identity)

    def _new_host(self, identity: bytes) -> None:
        self.moderators.discard(identity)
        self.host = identity
        self.claims.clear()

    def _support(self, record: Record, action: Support) -> None:
        claim = self.claims.get(record.author)
        self.claims[record.author] = Claim(action.candidate, record.at)
        if self.charter.takeover == "majority":
            votes = sum(each.candidate == action.candidate for each in self.claims.values())
            won = 2 * votes > len(self.moderators)
        else:
            won = claim is not None and claim.candidate == action.candidate
        if won:
            old = self.host
            self._new_host(action.candidate)
            self._demote(old, record.epoch)
