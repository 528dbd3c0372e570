"""The control server's world: parties, who is in them, who is online; pure, `now` is an argument.

Each operation checks, changes the world in memory and returns an :class:`Outcome`: the answer, what must be on disk
before the answer may leave, and whom to tell. Every operation may be repeated: a node whose answer was lost asks again.
"""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import Generic, TypeVar

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
from lanrage.core.party import (
    INVITATIONS_LIMIT,
    RESERVATION_TIME,
    Membership,
    Party,
    Reservation,
    StoredInvitation,
    refuse,
)
from lanrage.core.records import DeltasView, DeltaView, MemberRecord, Note, PartyView, PresenceView
from lanrage.core.world_rows import Change, Erase, InvitationRow, MembershipRow, PartyRow, Put, SeenRow, UseRow
from lanrage.errors import CryptoError

PARTIES_LIMIT = 10_000
"""Parties of one server: about 100 MB of memory when all are full."""
PARTIES_PER_IDENTITY = 16
"""Parties of which one identity may be a member."""

A = TypeVar("A", covariant=True)


@attrs.frozen
class Caller:
    """Who asks, as the login proved it: Ed25519 identity and X25519 WireGuard key."""

    identity: bytes
    wireguard_key: bytes


@attrs.frozen
class Outcome(Generic[A]):
    """What an operation did.

    :param reply: the answer.
    :param changes: for the journal; the answer and the notes wait for the durable ones.
    :param notes: whom to tell.
    """

    reply: A
    changes: tuple[Change, ...] = ()
    notes: tuple[Note, ...] = ()


@attrs.define
class World:
    """All parties of one control server.

    :ivar online: identities with a channel.
    :ivar parties_of: the parties of which an identity is a member now.
    :ivar empty: the parties that all have left, the longest ago first; they go when the server is full.
    """

    parties: dict[str, Party] = attrs.field(init=False, factory=dict)
    online: set[bytes] = attrs.field(init=False, factory=set)
    parties_of: dict[bytes, set[str]] = attrs.field(init=False, factory=dict)
    empty: dict[str, None] = attrs.field(init=False, factory=dict)

    # --- founding and joining -----------------------------------------------------------------------------------------

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

        :raises Refused: ``unknown_party``, ``not_a_member``, ``invitation_expired``, ``limit``.
        :raises CryptoError, DecodeError: when it is not signed by the party.
        """
        party = self._as_member(caller, party_id)
        invitation = open_invitation(blob, party.charter)
        if invitation.expires < now:
            raise refuse("invitation_expired")
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

        :raises Refused: ``unknown_invitation``, ``invitation_expired``, ``invitation_used_up``.
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
        address = party.address_for(caller.identity)
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
        party.expire(now)
        if member.certificate.ip != party.expected_address(caller.identity):
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

    def leave(self, caller: Caller, party_id: str, now: float) -> Outcome[None]:
        """Give up membership; the row stays, and with it the address.

        :raises Refused: ``unknown_party``, ``not_a_member``.
        """
        party = self._party(party_id)
        entry = party.memberships.get(caller.identity)
        if entry is None:
            raise refuse("not_a_member")
        if entry.left is not None:
            return Outcome(None)
        party.memberships[caller.identity] = gone = attrs.evolve(entry, left=now)
        party.followers.discard(caller.identity)
        self.parties_of[caller.identity].discard(party_id)
        if not self.parties_of[caller.identity]:
            del self.parties_of[caller.identity]
        if party.deserted:
            self.empty[party_id] = None
        changes, notes = self._revise(party, caller.identity, None)
        return Outcome(None, (Put(_membership_row(party_id, gone)), *changes), notes)

    # --- members among themselves -------------------------------------------------------------------------------------

    def follow(self, caller: Caller, party_id: str, since: int) -> Outcome[PartyView | DeltasView]:
        """Hear of changes from now on, after those since a revision.

        :raises Refused: ``unknown_party``, ``not_a_member``.
        """
        party = self._as_member(caller, party_id)
        party.followers.add(caller.identity)
        deltas = party.since(since) if since else None
        if deltas is None:
            return Outcome(self._view(party))
        online = tuple(m.certificate.identity for m in party.members() if m.certificate.identity in self.online)
        return Outcome(DeltasView(party_id, deltas, online))

    def peer(self, caller: Caller, party_id: str, identity: bytes) -> Certificate:
        """The certificate of another member, to pass it a signal or to issue a ticket for the pair.

        :raises Refused: ``unknown_party``, ``not_a_member``, ``unknown_peer``.
        """
        member = self._as_member(caller, party_id).member(identity)
        if member is None or identity == caller.identity:
            raise refuse("unknown_peer")
        return member.certificate

    def connected(self, identity: bytes, now: float) -> Outcome[None]:
        """A channel of this identity came up; one that takes the place of another is no news, but must follow anew."""
        again = identity in self.online
        self.online.add(identity)
        for party_id in self.parties_of.get(identity, ()):
            self.parties[party_id].followers.discard(identity)
        return Outcome(None) if again else self._presence(identity, True, now)

    def disconnected(self, identity: bytes, now: float) -> Outcome[None]:
        """The last channel of this identity went down."""
        self.online.discard(identity)
        for party_id in self.parties_of.get(identity, ()):
            self.parties[party_id].followers.discard(identity)
        return self._presence(identity, False, now)

    # --- inside -------------------------------------------------------------------------------------------------------

    def _party(self, party_id: str) -> Party:
        party = self.parties.get(party_id)
        if party is None:
            raise refuse("unknown_party")
        return party

    def _as_member(self, caller: Caller, party_id: str) -> Party:
        party = self._party(party_id)
        if party.member(caller.identity) is None:
            raise refuse("not_a_member")
        return party

    def _holds(self, party: Party, caller: Caller, certificate: bytes) -> bool:
        member = party.member(caller.identity)
        return member is not None and member.certificate_blob == certificate

    def _repeated(self, party: Party, caller: Caller) -> Outcome[PartyView]:
        party.followers.add(caller.identity)
        return Outcome(self._view(party))

    def _check_quota(self, identity: bytes) -> None:
        if len(self.parties_of.get(identity, ())) >= PARTIES_PER_IDENTITY:
            raise refuse("limit", f"a node may be in {PARTIES_PER_IDENTITY} parties, and no more")

    def _view(self, party: Party) -> PartyView:
        return PartyView(party.party_id, party.revision, party.charter_blob, party.records(self.online))

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
        record = MemberRecord(member.certificate_blob, member.invitation_blob, identity in self.online)
        revised, notes = self._revise(party, identity, record)
        party.followers.add(identity)
        rows = (*changes, *erased, Put(_membership_row(party.party_id, entry)), *revised)
        return Outcome(self._view(party), rows, tuple(note for note in notes if note.to != identity))

    def _revise(
        self, party: Party, identity: bytes, member: MemberRecord | None
    ) -> tuple[tuple[Change, ...], tuple[Note, ...]]:
        """One revision more."""
        party.revision += 1
        delta = DeltaView(party.revision, identity, member)
        party.deltas.append(delta)
        view = DeltasView(party.party_id, (delta,))
        notes = tuple(Note(follower, view) for follower in sorted(party.followers))
        return (Put(PartyRow(party.party_id, party.charter_blob, party.revision)),), notes

    def _presence(self, identity: bytes, online: bool, now: float) -> Outcome[None]:
        parties = self.parties_of.get(identity)
        if not parties:
            return Outcome(None)
        notes = [
            Note(follower, PresenceView(party_id, identity, online))
            for party_id in sorted(parties)
            for follower in sorted(self.parties[party_id].followers)
            if follower != identity
        ]
        return Outcome(None, (Put(SeenRow(identity, now)),), tuple(notes))

    def _forget_party(self, party_id: str) -> list[Change]:
        party = self.parties.pop(party_id)
        del self.empty[party_id]
        changes: list[Change] = [Erase(MembershipRow, (party_id, identity)) for identity in sorted(party.memberships)]
        for invitation_id in list(party.invitations):
            changes += self._forget_invitation(party, invitation_id)
        return [*changes, Erase(PartyRow, (party_id,))]

    @staticmethod
    def _forget_invitation(party: Party, invitation_id: str) -> list[Change]:
        del party.invitations[invitation_id]
        uses = party.uses.pop(invitation_id, set())
        erased: list[Change] = [Erase(UseRow, (party.party_id, invitation_id, identity)) for identity in sorted(uses)]
        return [*erased, Erase(InvitationRow, (party.party_id, invitation_id))]


def _membership_row(party_id: str, entry: Membership) -> MembershipRow:
    member = entry.member
    return MembershipRow(
        party_id, member.certificate.identity, member.certificate_blob, member.invitation_blob, entry.left
    )


def _check_own(certificate: Certificate, caller: Caller, now: float) -> None:
    """:raises Refused: ``bad_certificate``: it is another's, or no longer valid."""
    if certificate.identity != caller.identity or certificate.wireguard_key != caller.wireguard_key:
        raise refuse("bad_certificate", "the certificate is of another node")
    if certificate.expires <= now:
        raise refuse("bad_certificate", "the certificate has expired")
