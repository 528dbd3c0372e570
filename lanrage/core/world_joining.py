"""How parties are founded and joined at the control server; pure, `now` is an argument."""

from __future__ import annotations

from ipaddress import IPv4Address

import attrs

from lanrage.core.certificates import (
    Certificate,
    Member,
    check_reservation,
    open_charter,
    open_invitation,
    peek_party_key,
)
from lanrage.core.identity import fingerprint
from lanrage.core.ledger import refuse
from lanrage.core.party import INVITATIONS_LIMIT, RESERVATION_TIME, Membership, Party, Reservation, StoredInvitation
from lanrage.core.records import Joined, MemberRecord, PartyView
from lanrage.core.world_rows import (
    Change,
    ConflictRow,
    Erase,
    InvitationRow,
    MembershipRow,
    PartyRow,
    Put,
    RecordRow,
    StatusRow,
    UseRow,
)
from lanrage.core.world_state import Caller, Outcome, WorldState, membership_row
from lanrage.errors import CryptoError

PARTIES_LIMIT = 10_000
"""Parties of one server: about 100 MB of memory when all are full."""
PARTIES_PER_IDENTITY = 16
"""Parties of which one identity may be a member."""


@attrs.define
class JoiningWorld(WorldState):
    """Create, publish, fetch, reserve, join."""

    def create(self, caller: Caller, charter_blob: bytes, certificate: bytes, now: float) -> Outcome[PartyView]:
        """Register a party with its founder, who follows it from now on.

        :raises Refused: ``party_exists``, ``limit``, ``bad_certificate``.
        :raises CryptoError, DecodeError: when a signature or a statement does not hold.
        """
        charter = open_charter(charter_blob, fingerprint(peek_party_key(charter_blob)).hex())
        member = Member.verify(charter, certificate, b"")
        _check_own(member.certificate, caller, now)
        party = self.parties.get(charter.party_id)
        if party is not None:
            if self._holds(party, caller, certificate) and party.charter_blob == charter_blob:
                return self._repeated(party, caller)
            raise refuse("party_exists")
        if len(self.parties) >= PARTIES_LIMIT and not self.empty:
            raise refuse("limit", f"this control server holds {PARTIES_LIMIT} parties, and no more")
        self._check_quota(caller.identity)
        gone = self._forget_party(next(iter(self.empty))) if len(self.parties) >= PARTIES_LIMIT else []
        party = self.parties[charter.party_id] = Party(charter, charter_blob)
        return self._admit(party, member, tuple(gone))

    def publish(self, caller: Caller, party_id: str, blob: bytes, now: float) -> Outcome[None]:
        """Store an invitation.

        :raises Refused: ``unknown_party``, ``not_a_member``, ``not_allowed``, ``invitation_expired``,
            ``invitation_void``, ``limit``.
        :raises CryptoError, DecodeError: when it is not signed by who it names.
        """
        party = self._as_member(caller, party_id)
        invitation = open_invitation(blob, party.charter)
        if invitation.issuer != caller.identity or not party.ledger.governs(caller.identity):
            raise refuse("not_allowed", "only the host and moderators of the party make invitations")
        if invitation.expires < now:
            raise refuse("invitation_expired")
        party.ledger.check_invitation(invitation, caller.identity)
        key = invitation.invitation_id
        if (known := party.invitations.get(key)) is not None and known.blob == blob:
            return Outcome(None)
        expired = [old for old, stored in party.invitations.items() if stored.invitation.expires < now and old != key]
        if len(party.invitations) - len(expired) >= INVITATIONS_LIMIT:
            raise refuse("limit", f"the party has {INVITATIONS_LIMIT} invitations that have not expired, and no more")
        changes: list[Change] = []
        for old in expired:
            changes += self._forget_invitation(party, old)
        party.invitations[key] = StoredInvitation(invitation, blob)
        return Outcome(None, (*changes, Put(InvitationRow(party_id, key, blob))))

    def fetch(self, caller: Caller, party_id: str, invitation_id: str, now: float) -> Outcome[tuple[bytes, bytes]]:
        """The charter and the invitation behind a code.

        :raises Refused: ``banned``, ``unknown_invitation``, ``invitation_void``, ``invitation_expired``,
            ``invitation_used_up``.
        """
        party = self.parties.get(party_id)
        if party is None:
            raise refuse("unknown_invitation")
        return Outcome((party.charter_blob, party.usable(invitation_id, caller.identity, now).blob))

    def reserve(
        self, caller: Caller, party_id: str, invitation_id: str, name: str, proof: bytes, now: float
    ) -> Outcome[IPv4Address]:
        """Hold an address and a name for 60 s, in memory alone.

        :param proof: that the caller holds the invitation's secret; whoever knew its id alone could hold all seats.
        :raises Refused: ``bad_certificate``, ``unknown_invitation`` (and its like), ``party_full``, ``name_taken``,
            ``limit``.
        """
        party = self.parties.get(party_id)
        if party is None:
            raise refuse("unknown_invitation")
        stored = party.usable(invitation_id, caller.identity, now)
        try:
            check_reservation(stored.invitation, caller.identity, proof)
        except CryptoError as error:
            raise refuse("bad_certificate", "the reservation is not signed by the invitation's key") from error
        party.expire(now)
        if party_id not in self.parties_of.get(caller.identity, ()):
            self._check_quota(caller.identity)
        party.check_room(caller.identity)
        party.check_name(caller.identity, name)
        address = party.address_for(caller.identity, now)
        party.reservations[caller.identity] = Reservation(address, name, now + RESERVATION_TIME)
        return Outcome(address)

    def join(
        self, caller: Caller, party_id: str, invitation_id: str, certificate: bytes, now: float
    ) -> Outcome[PartyView]:
        """Become a member, or renew one's certificate; the caller follows the party from now on.

        :raises Refused: as :meth:`reserve`, and ``bad_certificate``.
        :raises CryptoError, DecodeError: when the chain does not hold.
        """
        party = self.parties.get(party_id)
        if party is None:
            raise refuse("unknown_invitation")
        if self._holds(party, caller, certificate):
            return self._repeated(party, caller)
        stored = party.usable(invitation_id, caller.identity, now)
        member = Member.verify(party.charter, certificate, stored.blob)
        _check_own(member.certificate, caller, now)
        party.ledger.standing(member.certificate, stored.invitation)
        party.expire(now)
        if member.certificate.ip != party.expected_address(caller.identity, now):
            raise refuse("bad_certificate", "the certificate's address is not reserved for this node: join again")
        party.check_room(caller.identity)
        party.check_name(caller.identity, member.certificate.name)
        party.check_wireguard_key(caller.identity, caller.wireguard_key)
        changes: list[Change] = []
        used = party.uses.setdefault(invitation_id, set())
        if stored.invitation.uses and caller.identity not in used:
            used.add(caller.identity)
            changes.append(Put(UseRow(party_id, invitation_id, caller.identity)))
        return self._admit(party, member, tuple(changes))

    def _holds(self, party: Party, caller: Caller, certificate: bytes) -> bool:
        member = party.member(caller.identity)
        return member is not None and member.certificate_blob == certificate

    def _repeated(self, party: Party, caller: Caller) -> Outcome[PartyView]:
        party.followers.add(caller.identity)
        return Outcome(self._view(party))

    def _check_quota(self, identity: bytes) -> None:
        if len(self.parties_of.get(identity, ())) >= PARTIES_PER_IDENTITY:
            raise refuse("limit", f"a node may be in {PARTIES_PER_IDENTITY} parties, and no more")

    def _admit(self, party: Party, member: Member, changes: tuple[Change, ...]) -> Outcome[PartyView]:
        """Put a verified member in, tell the followers, and let it follow."""
        identity = member.certificate.identity
        gone = [party.holder(member.certificate.ip)]
        entry = party.memberships[identity] = Membership(member)
        gone.append(party.surplus())
        party.reservations.pop(identity, None)
        self.empty.pop(party.party_id, None)
        self.parties_of.setdefault(identity, set()).add(party.party_id)
        erased = []
        for other in gone:
            if other is not None and other != identity and party.memberships.pop(other, None) is not None:
                erased.append(Erase(MembershipRow, (party.party_id, other)))
        status = party.statuses.get(identity, "")
        record = MemberRecord(member.certificate_blob, member.invitation_blob, identity in self.online, status)
        revised, notes = self._revise(party, Joined(record))
        party.followers.add(identity)
        rows = (*changes, *erased, Put(membership_row(party.party_id, entry)), *revised)
        return Outcome(self._view(party), rows, tuple(note for note in notes if note.to != identity))

    def _forget_party(self, party_id: str) -> list[Change]:
        party = self.parties.pop(party_id)
        del self.empty[party_id]
        changes: list[Change] = [Erase(MembershipRow, (party_id, identity)) for identity in sorted(party.memberships)]
        for invitation_id in list(party.invitations):
            changes += self._forget_invitation(party, invitation_id)
        changes += [Erase(RecordRow, (party_id, epoch)) for epoch in range(1, party.ledger.epoch + 1)]
        changes += [Erase(StatusRow, (party_id, identity)) for identity in sorted(party.statuses)]
        changes += [Erase(ConflictRow, (party_id, number)) for number in party.conflicts]
        return [*changes, Erase(PartyRow, (party_id,))]


def _check_own(certificate: Certificate, caller: Caller, now: float) -> None:
    """:raises Refused: ``bad_certificate``: it is another's, or no longer valid."""
    if certificate.identity != caller.identity or certificate.wireguard_key != caller.wireguard_key:
        raise refuse("bad_certificate", "the certificate is of another node")
    if certificate.expires <= now:
        raise refuse("bad_certificate", "the certificate has expired")
