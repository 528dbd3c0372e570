"""The tagged datagram of the visibility probe, and a member's report (``docs/protocol-visibility.rst``).

The datagram is a game's broadcast to everything on its way; it is longer than the report that answers it::

    datagram:  "LRVP" | version 1 | turn (1) | 0 0 | tag (8) | zeros up to 64 bytes
    report:    tag (8) | turn (1) | flags (1) | injected (4) | heard (4) | held (4)   times in microseconds
"""

from __future__ import annotations

import struct

import attrs

from lanrage.core.visibility import TAG_BYTES, Report
from lanrage.errors import DecodeError

MAGIC = b"LRVP"
VERSION = 1
PROBE_BYTES = 64
INJECTED, HEARD = 1, 2
MICROSECONDS = 1_000_000
LONGEST = 2**32 - 1

_PROBE = struct.Struct(f"!4sBBxx{TAG_BYTES}s")
_REPORT = struct.Struct(f"!{TAG_BYTES}sBBIII")


@attrs.frozen
class Tagged:
    """What the datagram says.

    :param tag: drawn for one probe.
    :param turn: which of its datagrams.
    """

    tag: bytes
    turn: int


def encode_tagged(tagged: Tagged) -> bytes:
    """The datagram's payload."""
    return _PROBE.pack(MAGIC, VERSION, tagged.turn, tagged.tag).ljust(PROBE_BYTES, b"\0")


def decode_tagged(payload: bytes) -> Tagged:
    """Read the datagram's payload.

    :raises DecodeError: for any other.
    """
    if len(payload) != PROBE_BYTES:
        raise DecodeError("no tagged datagram")
    magic, version, turn, tag = _PROBE.unpack_from(payload)
    tagged = Tagged(tag, turn)
    if magic != MAGIC or version != VERSION or encode_tagged(tagged) != payload:
        raise DecodeError("no tagged datagram")
    return tagged


def encode_report(report: Report) -> bytes:
    """The bytes of a report; a stage that was not reached has the time 0."""
    flags = (report.injected is not None) * INJECTED | (report.heard is not None) * HEARD
    times = (_whole(each or 0.0) for each in (report.injected, report.heard, report.held))
    return _REPORT.pack(report.tag, report.turn, flags, *times)


def decode_report(data: bytes) -> Report:
    """Read a report.

    :raises DecodeError: for bytes that are none.
    """
    if len(data) != _REPORT.size:
        raise DecodeError("no report of a probe")
    tag, turn, flags, injected, heard, held = _REPORT.unpack(data)
    if flags > INJECTED | HEARD or (injected and not flags & INJECTED) or (heard and not flags & HEARD):
        raise DecodeError("a report gives a time of a stage that was not reached")
    return Report(
        tag,
        turn,
        injected / MICROSECONDS if flags & INJECTED else None,
        heard / MICROSECONDS if flags & HEARD else None,
        held / MICROSECONDS,
    )


def _whole(seconds: float) -> int:
    return min(LONGEST, max(0, round(seconds * MICROSECONDS)))
