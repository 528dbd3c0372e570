"""What a control server tells of a party: the server's world makes these values, a node's replica takes them."""

from __future__ import annotations

import attrs


@attrs.frozen
class MemberRecord:
    """A member as the control server shows it; whoever receives it verifies both blobs.

    :param invitation: empty for the founder.
    :param status: what it says of itself; the last word counts.
    """

    certificate: bytes = attrs.field(repr=False)
    invitation: bytes = attrs.field(repr=False)
    online: bool = False
    status: str = ""


@attrs.frozen
class PartyView:
    """A party in full, at a revision.

    :param epoch: of the ledger's last record.
    :param records: of the ledger, after the epoch that was asked for; not up to the last where they are many.
    """

    party_id: str
    revision: int
    charter: bytes = attrs.field(repr=False)
    members: tuple[MemberRecord, ...]
    epoch: int = 0
    records: tuple[bytes, ...] = attrs.field(default=(), repr=False)


@attrs.frozen
class Joined:
    """A new member, or a known one with a new certificate."""

    member: MemberRecord


@attrs.frozen
class Left:
    """A member is gone of its own will."""

    identity: bytes


@attrs.frozen
class Recorded:
    """The ledger has one signed record more; who is thrown out by it is a member no more."""

    record: bytes = attrs.field(repr=False)


@attrs.frozen
class DeltaView:
    """What one revision changed."""

    revision: int
    change: Joined | Left | Recorded


@attrs.frozen
class DeltasView:
    """Consecutive revisions, oldest first.

    :param online: everybody who is online; ``None`` where only the revisions are told.
    :param statuses: likewise, what members say of themselves.
    """

    party_id: str
    deltas: tuple[DeltaView, ...]
    online: tuple[bytes, ...] | None = None
    statuses: tuple[tuple[bytes, str], ...] = ()


@attrs.frozen
class PresenceView:
    """A member's channel came up or went down."""

    party_id: str
    identity: bytes
    online: bool


@attrs.frozen
class StatusView:
    """What a member says of itself has changed."""

    party_id: str
    identity: bytes
    text: str


@attrs.frozen
class ConflictView:
    """Two wanted what one could have.

    :param at: seconds since the epoch.
    :param identity: who lost.
    :param wish: what it wanted, as a sentence without its subject.
    :param winner: what stands in its place.
    """

    at: float
    identity: bytes
    wish: str
    winner: str


@attrs.frozen
class LostView:
    """The answer to a record that came second, with the records that it did not know of.

    :param epoch: of the server's last record.
    """

    conflict: ConflictView
    records: tuple[bytes, ...] = attrs.field(repr=False)
    epoch: int = 0


@attrs.frozen
class Note:
    """Something to tell one identity, if it is connected."""

    to: bytes
    body: DeltasView | PresenceView | StatusView
