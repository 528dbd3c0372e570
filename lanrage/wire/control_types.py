"""What the control channel's messages are made of: their fields' types with their limits, and their two bases."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from lanrage.core.envelope import STATEMENT_LIMIT

Key = Annotated[bytes, Meta(min_length=32, max_length=32)]
Random = Annotated[bytes, Meta(min_length=32, max_length=32)]
ID_PATTERN = r"^[0-9a-f]{32}\Z"
PartyId = Annotated[str, Meta(pattern=ID_PATTERN)]
Blob = Annotated[bytes, Meta(min_length=1, max_length=STATEMENT_LIMIT)]
OptionalBlob = Annotated[bytes, Meta(max_length=STATEMENT_LIMIT)]
Revision = Annotated[int, Meta(ge=0, le=2**53)]
Text = Annotated[str, Meta(max_length=300)]
CorrelationId = Annotated[str, Meta(max_length=32, pattern=r"^[0-9a-zA-Z-]*\Z")]


class Message(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Base of all sealed messages."""


class Opening(msgspec.Struct, frozen=True, omit_defaults=True):
    """Base of the messages in clear: every version must be able to read another's, so unknown fields are passed over.

    What either side sent is bound into the keys byte by byte, so nobody can add or take a field unnoticed.
    """
