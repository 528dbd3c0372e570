"""Relay tickets: the control server's word that a node may meet another at a relay (``docs/protocol-relay.rst``).

A ticket opens nothing by itself: the relay also wants the holder's signature over a cookie that it sent to the holder's
address, so a ticket that somebody saw is of no use to him.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from lanrage.core.envelope import Id16, Instant, Key
from lanrage.core.identity import SigningKey, verify_signature
from lanrage.errors import CryptoError, DecodeError

TICKET_LIMIT = 512
"""Bytes of an encoded ticket; ours have about 210, and a datagram that binds must fit into the smallest MTU."""
SIGNATURE_BYTES = 64
_TICKET_LABEL = b"lanrage relay ticket v1\0"
_BIND_LABEL = b"lanrage relay bind v1\0"

Pair = tuple[bytes, bytes]
"""Two X25519 WireGuard public keys, the lower one first."""


class Ticket(msgspec.Struct, frozen=True, array_like=True, tag="ticket1", forbid_unknown_fields=True):
    """Who may bind which pair, until when.

    :param party_id: 16 bytes.
    :param holder: Ed25519 identity key that must sign the binding.
    :param pair: the WireGuard keys of both ends, the lower one first.
    :param expires: seconds since the epoch.
    """

    party_id: Id16
    holder: Key
    pair: tuple[Key, Key]
    expires: Instant


class _Envelope(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    body: Annotated[bytes, Meta(max_length=TICKET_LIMIT)]
    signature: Annotated[bytes, Meta(min_length=SIGNATURE_BYTES, max_length=SIGNATURE_BYTES)]


def pair_of(one: bytes, other: bytes) -> Pair:
    """Both keys in a ticket's order."""
    return (one, other) if one < other else (other, one)


def issue(ticket: Ticket, key: SigningKey) -> bytes:
    """Sign a ticket by the control server's key; returns what the holder shows to the relay."""
    body = msgspec.msgpack.encode(ticket)
    return msgspec.msgpack.encode(_Envelope(body, key.sign(_TICKET_LABEL + body)))


def open_ticket(blob: bytes, server: bytes) -> Ticket:
    """Verify a ticket, but for its time.

    :param server: the control server's Ed25519 public key.
    :raises DecodeError: for bytes that are no ticket.
    :raises CryptoError: when another key signed it.
    """
    if len(blob) > TICKET_LIMIT:
        raise DecodeError("a relay ticket is too large")
    try:
        envelope = msgspec.msgpack.decode(blob, type=_Envelope)
        ticket = msgspec.msgpack.decode(envelope.body, type=Ticket)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise DecodeError("no valid relay ticket") from error
    if ticket.pair[0] >= ticket.pair[1]:
        raise DecodeError("a relay ticket names its pair in order")
    verify_signature(server, _TICKET_LABEL + envelope.body, envelope.signature)
    return ticket


def expiry(blob: bytes) -> int:
    """When a ticket's time is over, in seconds since the epoch; its holder need not verify what the relay will.

    :raises DecodeError: for bytes that are no ticket.
    """
    try:
        return msgspec.msgpack.decode(msgspec.msgpack.decode(blob, type=_Envelope).body, type=Ticket).expires
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise DecodeError("no valid relay ticket") from error


def verify(blob: bytes, server: bytes, now: float) -> Ticket:
    """Verify a ticket that is to be used now.

    :param server: the control server's Ed25519 public key.
    :param now: seconds since the epoch.
    :raises DecodeError: for bytes that are no ticket.
    :raises CryptoError: when another key signed it, or its time is over.
    """
    ticket = open_ticket(blob, server)
    if now >= ticket.expires:
        raise CryptoError("the relay ticket has expired")
    return ticket


def binding_statement(cookie: bytes, transaction: bytes, pair: Pair) -> bytes:
    """What a holder signs to bind: the cookie proves the address, so the signature serves from nowhere else."""
    return _BIND_LABEL + cookie + transaction + pair[0] + pair[1]
