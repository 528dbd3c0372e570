"""One party as the control server knows it, and the rules by which one joins it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from ipaddress import IPv4Address

import attrs

from lanrage.core.certificates import Charter, Invitation, Member
from lanrage.core.ipam import Claim, choose_address
from lanrage.core.ledger import Ledger, refuse
from lanrage.core.ledger_records import BringGuest
from lanrage.core.names import name_key
from lanrage.core.party_guests import read_address
from lanrage.core.records import ConflictView, DeltaView, MemberRecord

DELTAS_KEPT = 256
"""Revisions kept for those who come back; older gaps get the full state."""
DELTAS_SENT = 64
"""Most revisions in one answer: a longer gap costs more than a full party of 64."""
RESERVATION_TIME = 60.0
"""Seconds from the reservation to the join: a node needs one, a slow network a few."""
INVITATIONS_LIMIT = 32
"""Invitations of a party that have not expired."""
MEMBERSHIPS_LIMIT = 1024
"""Rows of a party, those who left included; beyond it the one who left longest ago is forgotten."""
RECORDS_SENT = 96 * 1024
"""Bytes of ledger records in one answer; who lacks more asks again."""
CONFLICTS_LIMIT = 64
"""Conflicts of a party that are remembered."""


@attrs.frozen
class Membership:
    """A member, or one who left.

    :param left: seconds since the epoch; ``None`` while it is a member.
    """

    member: Member
    left: float | None = None


@attrs.frozen
class Reservation:
    """An address and a name held for an identity that is about to join."""

    address: IPv4Address
    name: str
    until: float


@attrs.frozen
class StoredInvitation:
    """A verified invitation with its bytes."""

    invitation: Invitation
    blob: bytes = attrs.field(repr=False)


@attrs.define
class Party:
    """State of one party; only :class:`lanrage.core.world.World` changes it.

    :ivar memberships: by identity, those who left included.
    :ivar invitations: by invitation id.
    :ivar uses: identities that joined by an invitation whose uses are limited.
    :ivar followers: identities that hear of changes.
    :ivar ledger: its signed records, and what follows from them.
    :ivar statuses: what members say of themselves.
    :ivar conflicts: the last ones, by a number that rises.
    """

    charter: Charter
    charter_blob: bytes = attrs.field(repr=False)
    revision: int = 0
    memberships: dict[bytes, Membership] = attrs.field(factory=dict)
    invitations: dict[str, StoredInvitation] = attrs.field(factory=dict)
    uses: dict[str, set[bytes]] = attrs.field(factory=dict)
    reservations: dict[bytes, Reservation] = attrs.field(factory=dict)
    deltas: deque[DeltaView] = attrs.field(factory=lambda: deque(maxlen=DELTAS_KEPT))
    followers: set[bytes] = attrs.field(factory=set)
    memberships_limit: int = MEMBERSHIPS_LIMIT
    statuses: dict[bytes, str] = attrs.field(factory=dict)
    conflicts: dict[int, ConflictView] = attrs.field(factory=dict)
    ledger: Ledger = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.ledger = Ledger(self.charter, self.charter_blob)

    @property
    def party_id(self) -> str:
        """32 hexadecimal digits."""
        return self.charter.party_id

    def members(self) -> Iterator[Member]:
        """Those who are members now."""
        return (entry.member for entry in self.memberships.values() if entry.left is None)

    @property
    def deserted(self) -> bool:
        """All have left."""
        return next(self.members(), None) is None

    def member(self, identity: bytes) -> Member | None:
        """The member of this identity, if it is one now."""
        entry = self.memberships.get(identity)
        return entry.member if entry is not None and entry.left is None else None

    def records(self, online: set[bytes]) -> tuple[MemberRecord, ...]:
        """All members as they are shown to others."""
        return tuple(
            MemberRecord(
                m.certificate_blob,
                m.invitation_blob,
                m.certificate.identity in online,
                self.statuses.get(m.certificate.identity, ""),
            )
            for m in self.members()
        )

    def records_after(self, epoch: int) -> tuple[bytes, ...]:
        """The ledger's records after an epoch, as many as one answer takes."""
        taken: list[bytes] = []
        size = 0
        for blob in self.ledger.records[epoch:]:
            size += len(blob)
            if size > RECORDS_SENT:
                break
            taken.append(blob)
        return tuple(taken)

    def name_of(self, identity: bytes) -> str:
        """The member's name, or the beginning of its key."""
        entry = self.memberships.get(identity)
        return entry.member.certificate.name if entry is not None else identity.hex()[:8]

    def since(self, revision: int) -> tuple[DeltaView, ...] | None:
        """The deltas after a revision; ``None`` when they are not all kept, are too many, or it was never reached."""
        gap = self.revision - revision
        if not 0 <= gap <= min(len(self.deltas), DELTAS_SENT):
            return None
        return tuple(self.deltas)[len(self.deltas) - gap :]

    # --- rules --------------------------------------------------------------------------------------------------------

    def expire(self, now: float) -> None:
        """Forget reservations that were not used; one that ends too late was made before the clock went back."""
        for identity in [
            key for key, held in self.reservations.items() if not now < held.until <= now + RESERVATION_TIME
        ]:
            del self.reservations[identity]

    def usable(self, invitation_id: str, identity: bytes, now: float) -> StoredInvitation:
        """The invitation by which this identity may join now.

        :raises Refused: ``banned``, ``unknown_invitation``, ``invitation_void``, ``invitation_expired``,
            ``invitation_used_up``.
        """
        if identity in self.ledger.banned:
            raise refuse("banned")
        stored = self.invitations.get(invitation_id)
        if stored is None:
            raise refuse("invitation_void" if invitation_id in self.ledger.void else "unknown_invitation")
        self.ledger.check_invitation(stored.invitation, identity)
        if stored.invitation.expires < now:
            raise refuse("invitation_expired")
        used = self.uses.get(invitation_id, set())
        if stored.invitation.uses and identity not in used and len(used) >= stored.invitation.uses:
            raise refuse("invitation_used_up")
        return stored

    def check_room(self, identity: bytes) -> None:
        """:raises Refused: ``party_full``: members and reservations of others fill it."""
        others = {m.certificate.identity for m in self.members()} | set(self.reservations)
        if len(others - {identity}) >= self.charter.max_members:
            raise refuse("party_full", f"the party is full: it allows {self.charter.max_members} members")

    def check_name(self, identity: bytes, name: str) -> None:
        """:raises Refused: ``name_taken`` by another member, or by one that is about to join."""
        wanted = name_key(name)
        names = {m.certificate.identity: m.certificate.name for m in self.members()}
        held = {key: reservation.name for key, reservation in self.reservations.items()}
        for other, taken in [*names.items(), *held.items()]:
            if other != identity and name_key(taken) == wanted:
                raise refuse("name_taken", f"another member of the party has the name {taken!r}")

    def check_wireguard_key(self, identity: bytes, key: bytes) -> None:
        """:raises Refused: ``bad_certificate``: WireGuard knows a peer by its key, so two members cannot share one."""
        if any(m.certificate.wireguard_key == key and m.certificate.identity != identity for m in self.members()):
            raise refuse("bad_certificate", "another member of the party has this WireGuard key")

    def address_for(self, identity: bytes, now: float) -> IPv4Address:
        """The address that this identity gets.

        :param now: seconds since the epoch: guests whose time is over hold no address.
        :raises Refused: ``party_full``: every address is in use.
        """
        held = self._held_by_others(identity, now)
        claims = {key: Claim(reservation.address, None) for key, reservation in self.reservations.items()}
        claims |= {guest.key: Claim(guest.address, None) for guest in self.ledger.guests.living(now)}
        for key, entry in self.memberships.items():
            if key not in claims and entry.member.certificate.ip not in held:
                claims[key] = Claim(entry.member.certificate.ip, entry.left)
        address = choose_address(self.charter.network, claims, identity)
        if address is None:
            raise refuse("party_full", f"every address of {self.charter.subnet} is in use")
        return address

    def expected_address(self, identity: bytes, now: float) -> IPv4Address | None:
        """The address that a certificate of this identity must have; ``None`` without a reservation."""
        if (held := self.reservations.get(identity)) is not None:
            return held.address
        entry = self.memberships.get(identity)
        if entry is None or entry.member.certificate.ip in self._held_by_others(identity, now):
            return None
        return entry.member.certificate.ip

    def _held_by_others(self, identity: bytes, now: float) -> set[IPv4Address]:
        held = {held.address for key, held in self.reservations.items() if key != identity}
        return held | {guest.address for guest in self.ledger.guests.living(now)}

    def check_guest(self, action: BringGuest, now: float) -> None:
        """Whether a guest's record takes nothing from members.

        :raises Refused: ``guest_taken``, ``bad_guest``.
        """
        address = read_address(action.address)
        taken = {member.certificate.ip for member in self.members()}
        if address in taken | {held.address for held in self.reservations.values()}:
            raise refuse("guest_taken", f"{address} is a member's address")
        if any(member.certificate.wireguard_key == action.key for member in self.members()):
            raise refuse("guest_taken", "a guest's key is a member's")
        if action.expires <= now:
            raise refuse("bad_guest", "a guest's end lies in the past")

    def holder(self, address: IPv4Address) -> bytes | None:
        """Whose row has this address."""
        return next((k for k, entry in self.memberships.items() if entry.member.certificate.ip == address), None)

    def surplus(self) -> bytes | None:
        """Who is forgotten when there are too many rows: the one who left longest ago."""
        if len(self.memberships) <= self.memberships_limit:
            return None
        left = [(entry.left, key) for key, entry in self.memberships.items() if entry.left is not None]
        return min(left)[1] if left else None
