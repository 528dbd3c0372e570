"""The control channel's messages about a party's ledger, statuses and conflicts (``docs/protocol-control.rst``)."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from lanrage.core.certificates import Epoch
from lanrage.core.party import CONFLICTS_LIMIT
from lanrage.wire.control_types import Blob, Key, Message, PartyId

STATUS_LIMIT = 100
"""Characters that a member says of itself: a line in a list of members."""
RECORDS_LIMIT = 512
"""Ledger records in one message; the server stops by their bytes long before."""

Records = Annotated[tuple[Blob, ...], Meta(max_length=RECORDS_LIMIT)]
Sentence = Annotated[str, Meta(max_length=300)]
StatusText = Annotated[str, Meta(max_length=STATUS_LIMIT, pattern=r"^[^\x00-\x1f\x7f]*\Z")]


class AppendRecord(Message, frozen=True, tag="append"):
    """Put a signed record at the end of the party's ledger; answered by Done or :class:`Lost`. Members only."""

    party_id: PartyId
    record: Blob


class SetStatus(Message, frozen=True, tag="status"):
    """Say something of oneself to the party; the last word counts; answered by Done. Members only."""

    party_id: PartyId
    text: StatusText


class FetchConflicts(Message, frozen=True, tag="conflicts"):
    """Ask what was lost to whom lately; answered by :class:`ConflictsFound`. Members only."""

    party_id: PartyId


class Conflict(Message, frozen=True):
    """Two wanted what one could have: who lost, what it wanted, what stands in its place."""

    at: float
    identity: Key
    wish: Sentence
    winner: Sentence


class Lost(Message, frozen=True, tag="lost"):
    """Another record came first: the conflict, the records from there on, and the epoch of the server's last one."""

    conflict: Conflict
    records: Records
    epoch: Epoch = 0


class ConflictsFound(Message, frozen=True, tag="conflicts"):
    """The party's last conflicts, the oldest first."""

    conflicts: Annotated[tuple[Conflict, ...], Meta(max_length=CONFLICTS_LIMIT)]


class RecordAdded(Message, frozen=True, tag="record"):
    """The party's ledger has one signed record more."""

    record: Blob


class StatusChanged(Message, frozen=True, tag="status"):
    """What a member says of itself; not a revision."""

    party_id: PartyId
    identity: Key
    text: StatusText
