"""What the control server keeps on disk, one class a table; the store maps them, the world is loaded from them."""

from __future__ import annotations

from typing import ClassVar

import attrs

from lanrage.core.stored_rows import Erase, Put

__all__ = [
    "ROW_KINDS",
    "Change",
    "ConflictRow",
    "Erase",
    "InvitationRow",
    "MembershipRow",
    "PartyRow",
    "Put",
    "RecordRow",
    "Row",
    "SeenRow",
    "StatusRow",
    "UseRow",
]


@attrs.frozen
class PartyRow:
    """A party.

    :param revision: of the last change to its members.
    """

    durable: ClassVar[bool] = True
    party_id: str
    charter: bytes = attrs.field(repr=False)
    revision: int

    @property
    def key(self) -> tuple[str | int | bytes, ...]:
        """Primary key, the party first, so that the tables can be split by party."""
        return (self.party_id,)


@attrs.frozen
class MembershipRow:
    """A member, or one that left and whose address is kept.

    :param left: when it left, seconds since the epoch; ``None`` while it is a member.
    """

    durable: ClassVar[bool] = True
    party_id: str
    identity: bytes
    certificate: bytes = attrs.field(repr=False)
    invitation: bytes = attrs.field(repr=False)
    left: float | None

    @property
    def key(self) -> tuple[str | int | bytes, ...]:
        """Primary key."""
        return (self.party_id, self.identity)


@attrs.frozen
class InvitationRow:
    """An invitation that can be used."""

    durable: ClassVar[bool] = True
    party_id: str
    invitation_id: str
    invitation: bytes = attrs.field(repr=False)

    @property
    def key(self) -> tuple[str | int | bytes, ...]:
        """Primary key."""
        return (self.party_id, self.invitation_id)


@attrs.frozen
class UseRow:
    """An identity joined by an invitation whose uses are counted."""

    durable: ClassVar[bool] = True
    party_id: str
    invitation_id: str
    identity: bytes

    @property
    def key(self) -> tuple[str | int | bytes, ...]:
        """Primary key."""
        return (self.party_id, self.invitation_id, self.identity)


@attrs.frozen
class SeenRow:
    """When a member's channel last came up or went down; may be lost for the last 100 ms before a crash."""

    durable: ClassVar[bool] = False
    identity: bytes
    at: float

    @property
    def key(self) -> tuple[str | int | bytes, ...]:
        """Primary key."""
        return (self.identity,)


@attrs.frozen
class RecordRow:
    """One signed record of a party's ledger."""

    durable: ClassVar[bool] = True
    party_id: str
    epoch: int
    record: bytes = attrs.field(repr=False)

    @property
    def key(self) -> tuple[str | int | bytes, ...]:
        """Primary key."""
        return (self.party_id, self.epoch)


@attrs.frozen
class StatusRow:
    """What a member says of itself; only it writes this, and its last word counts."""

    durable: ClassVar[bool] = False
    party_id: str
    identity: bytes
    text: str

    @property
    def key(self) -> tuple[str | int | bytes, ...]:
        """Primary key."""
        return (self.party_id, self.identity)


@attrs.frozen
class ConflictRow:
    """Two wanted what one could have; see :class:`lanrage.core.records.ConflictView`."""

    durable: ClassVar[bool] = False
    party_id: str
    number: int
    at: float
    identity: bytes
    wish: str
    winner: str

    @property
    def key(self) -> tuple[str | int | bytes, ...]:
        """Primary key."""
        return (self.party_id, self.number)


Row = PartyRow | RecordRow | MembershipRow | InvitationRow | UseRow | StatusRow | ConflictRow | SeenRow
ROW_KINDS: tuple[type[Row], ...] = (
    PartyRow,
    RecordRow,
    MembershipRow,
    InvitationRow,
    UseRow,
    StatusRow,
    ConflictRow,
    SeenRow,
)
"""In the order in which they are loaded: a party before what belongs to it."""

Change = Put[Row] | Erase[Row]
