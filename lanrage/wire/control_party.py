"""The control channel's messages that show a party: in full, and what changed (``docs/protocol-control.rst``)."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from lanrage.core.certificates import Epoch
from lanrage.wire.control_ledger import RecordAdded, Records, StatusText
from lanrage.wire.control_types import Blob, Key, Message, OptionalBlob, PartyId, Revision


class MemberRow(Message, frozen=True):
    """A member as the server holds it; nodes verify both blobs themselves.

    :param invitation: empty for the founder.
    """

    certificate: Blob
    invitation: OptionalBlob
    online: bool
    status: StatusText = ""


class PartyState(Message, frozen=True, tag="party"):
    """A party in full, at a revision.

    :param epoch: of the ledger's last record.
    :param records: those after the epoch that was asked for, as many as one message takes.
    """

    party_id: PartyId
    revision: Revision
    charter: Blob
    members: Annotated[tuple[MemberRow, ...], Meta(max_length=64)]
    epoch: Epoch = 0
    records: Records = ()


class MemberJoined(Message, frozen=True, tag="joined"):
    """A new member, or a known one with a new certificate."""

    member: MemberRow


class MemberLeft(Message, frozen=True, tag="left"):
    """A member is gone."""

    identity: Key


Change = MemberJoined | MemberLeft | RecordAdded


class Delta(Message, frozen=True):
    """What one revision changed."""

    revision: Revision
    change: Change


class Deltas(Message, frozen=True, tag="deltas"):
    """Consecutive revisions of one party, oldest first; also the reply to :class:`FollowParty` for a small gap."""

    party_id: PartyId
    deltas: Annotated[tuple[Delta, ...], Meta(max_length=256)]
    online: Annotated[tuple[Key, ...], Meta(max_length=64)] | None = None
    """In a reply: identities that are online; ``None`` in a notice."""
    statuses: Annotated[tuple[tuple[Key, StatusText], ...], Meta(max_length=64)] = ()
    """In a reply: what members say of themselves."""


class Presence(Message, frozen=True, tag="presence"):
    """A member's channel came up or went down; not a revision."""

    party_id: PartyId
    identity: Key
    online: bool
