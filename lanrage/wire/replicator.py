"""What a member says of passing frames on (``docs/protocol-replicator.rst``): flags (1 byte), digest (4 bytes)."""

from __future__ import annotations

from lanrage.core.replicator import DIGEST_BYTES, Standing
from lanrage.errors import DecodeError

ACCEPTS, PASSES_ON = 1, 2


def encode_standing(standing: Standing) -> bytes:
    """The bytes of a message."""
    flags = (ACCEPTS if standing.accepts else 0) | (PASSES_ON if standing.passes_on else 0)
    return bytes([flags]) + standing.digest


def decode_standing(data: bytes) -> Standing:
    """Read a message.

    :raises DecodeError: for bytes that are none.
    """
    if len(data) != 1 + DIGEST_BYTES or data[0] > ACCEPTS | PASSES_ON:
        raise DecodeError("no word on passing frames on")
    return Standing(bool(data[0] & ACCEPTS), bool(data[0] & PASSES_ON), data[1:])
