"""STUN at a relay's ports (RFC 8489): how a node measures its distance to a relay from WireGuard's own port.

A relay never sends more bytes than it gets, so a node fills its request up with a SOFTWARE attribute to the length of
the longest answer, that with an IPv6 address; a relay leaves shorter requests unanswered.
"""

from __future__ import annotations

from lanrage.core.links import Endpoint
from lanrage.core.stun_questions import TRANSACTION_BYTES
from lanrage.errors import DecodeError
from lanrage.wire.stun import COOKIE, HEADER, SOFTWARE, Kind, Message, decode, encode

_COOKIE_BYTES = COOKIE.to_bytes(4, "big")
_FILLING = b"LANrage".ljust(20, b"\0")
REQUEST_BYTES = HEADER.size + 4 + len(_FILLING)
"""Size of a request: header and one attribute, 44 bytes; as many as an answer with an IPv6 address."""


def is_stun(datagram: bytes) -> bool:
    """Whether a datagram is STUN: neither WireGuard's packets nor probes begin with zero bits (RFC 8489, section 5)."""
    return datagram[:1] < b"\x01" and datagram[4:8] == _COOKIE_BYTES


def ask(transaction: bytes) -> bytes:
    """A request of :data:`REQUEST_BYTES`.

    :param transaction: 12 random bytes.
    """
    if len(transaction) != TRANSACTION_BYTES:
        raise ValueError(f"{TRANSACTION_BYTES} bytes are wanted, not {len(transaction)}")
    head = HEADER.pack(Kind.REQUEST, 4 + len(_FILLING), COOKIE, transaction)
    return head + SOFTWARE.to_bytes(2, "big") + len(_FILLING).to_bytes(2, "big") + _FILLING


def answer(datagram: bytes, source: Endpoint) -> bytes | None:
    """What a relay answers to a request; ``None`` = nothing.

    :param source: where it came from.
    """
    try:
        message = decode(datagram)
    except DecodeError:
        return None
    if message.kind is not Kind.REQUEST or message.unknown:
        return None
    data = encode(Message(Kind.SUCCESS, message.transaction, mapped=source, fingerprint=message.fingerprint))
    return data if len(data) <= len(datagram) else None


def answered(datagram: bytes) -> bytes | None:
    """The transaction that a relay's answer belongs to; ``None`` for what is no answer."""
    try:
        message = decode(datagram)
    except DecodeError:
        return None
    return message.transaction if message.kind is Kind.SUCCESS else None
