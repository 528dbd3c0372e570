"""What a control server tells of a party: the server's world makes these values, a node's replica takes them."""

from __future__ import annotations

import attrs


@attrs.frozen
class MemberRecord:
    """A member as the control server shows it; whoever receives it verifies both blobs.

    :param invitation: empty for the founder.
    """

    certificate: bytes = attrs.field(repr=False)
    invitation: bytes = attrs.field(repr=False)
    online: bool = False


@attrs.frozen
class PartyView:
    """A party in full, at a revision."""

    party_id: str
    revision: int
    charter: bytes = attrs.field(repr=False)
    members: tuple[MemberRecord, ...]


@attrs.frozen
class DeltaView:
    """What one revision changed: `member` joined (or has a new certificate), or, where it is ``None``, left."""

    revision: int
    identity: bytes
    member: MemberRecord | None


@attrs.frozen
class DeltasView:
    """Consecutive revisions, oldest first.

    :param online: everybody who is online; ``None`` where only the revisions are told.
    """

    party_id: str
    deltas: tuple[DeltaView, ...]
    online: tuple[bytes, ...] | None = None


@attrs.frozen
class PresenceView:
    """A member's channel came up or went down."""

    party_id: str
    identity: bytes
    online: bool


@attrs.frozen
class Note:
    """Something to tell one identity, if it is connected."""

    to: bytes
    body: DeltasView | PresenceView
