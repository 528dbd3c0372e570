"""A knock: a sealed offer sent to WireGuard's own port of a member, where nobody else can carry it.

Layout (``docs/protocol-probe.rst``)::

    0  4s  magic "LRNG", as of a probe
    4  B   version 1
    5  B   kind 5
    6  8s  sender tag, as of a probe: finds the pair
    14 ..  the offer as :mod:`lanrage.wire.signals` seals it, which proves its sender
"""

from __future__ import annotations

from lanrage.errors import DecodeError
from lanrage.wire.probes import MAGIC, TAG_BYTES, VERSION

KIND = 5
"""Follows the kinds of :class:`lanrage.core.probe.ProbeKind`."""
KNOCK_LIMIT = 1200
"""Bytes; an offer of 20 addresses has 700."""
_HEADER = MAGIC + bytes([VERSION, KIND])


def is_knock(data: bytes) -> bool:
    """Whether this is a knock rather than a probe."""
    return data.startswith(_HEADER)


def encode(tag: bytes, payload: bytes) -> bytes:
    """The datagram.

    :param tag: the sender's, 8 bytes (:func:`lanrage.wire.probes.sender_tag`).
    :param payload: the sealed offer.
    """
    return _HEADER + tag + payload


def decode(data: bytes) -> tuple[bytes, bytes]:
    """The sender's tag and the sealed offer; nothing is verified yet.

    :raises DecodeError: for bytes that are no knock.
    """
    start = len(_HEADER) + TAG_BYTES
    if not is_knock(data) or not start < len(data) <= KNOCK_LIMIT:
        raise DecodeError("no knock")
    return data[len(_HEADER) : start], data[start:]
