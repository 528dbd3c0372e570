"""What node and relay tell each other (``docs/protocol-relay.rst``); the bytes are in :mod:`lanrage.wire.relay`."""

from __future__ import annotations

import enum

import attrs

TRANSACTION_BYTES = 8
OPERATION_BYTES = 32
"""The longest name of an operation."""
COOKIE_BYTES = 16


class Refusal(enum.IntEnum):
    """Why a relay does not bind."""

    TICKET = 1
    """The ticket is none of this relay's control server."""
    EXPIRED = 2
    """The ticket's time is over: fetch another one."""
    HOLDER = 3
    """The signature is not that of the ticket's holder for this pair and address."""
    FULL = 4
    """A limit of the relay is reached, or two others hold this pair: try again later."""
    REVOKED = 5
    """The holder left the party or was thrown out of it."""
    DRAINING = 6
    """The relay is about to stop and takes no new pairs: go to another one."""


@attrs.frozen
class BindRequest:
    """Asks for a cookie; with the transaction of a binding that stands at this address, refreshes it.

    :param transaction: 8 bytes that nobody can guess, drawn by the node.
    """

    transaction: bytes


@attrs.frozen
class Challenge:
    """The cookie (16 bytes) that proves the asker's address."""

    transaction: bytes
    cookie: bytes


@attrs.frozen
class Bind:
    """Takes the address at which it arrives, and the relay's port, for one end of a pair.

    :param signature: of the ticket's holder over :func:`lanrage.core.tickets.binding_statement`.
    :param ticket: as issued.
    """

    transaction: bytes
    cookie: bytes
    signature: bytes = attrs.field(repr=False)
    ticket: bytes = attrs.field(repr=False)


@attrs.frozen
class Bound:
    """The binding stands.

    :param number: rises with each one sent for a binding: an overtaken one is known by it.
    :param lifetime: seconds until it ends without a refresh.
    :param peer_present: the pair's other end is bound, too.
    """

    transaction: bytes
    number: int
    lifetime: int
    peer_present: bool


@attrs.frozen
class Rejected:
    """The binding was refused."""

    transaction: bytes
    reason: Refusal


@attrs.frozen
class Unbind:
    """Gives the binding of this transaction up."""

    transaction: bytes


@attrs.frozen
class Unknown:
    """Data came from an address without a binding: the relay started anew, or the binding ended."""


@attrs.frozen
class Draining:
    """The relay is about to stop: use another one.

    :param seconds: until then, rounded up; 0 = it stops now, and forwards nothing any more.
    """

    transaction: bytes
    seconds: int


@attrs.frozen
class Named:
    """The operation that led to the binding of this transaction, for the relay's log; nothing answers it.

    :param operation: 1 to 32 letters, digits and hyphens.
    """

    transaction: bytes
    operation: str


Message = BindRequest | Challenge | Bind | Bound | Rejected | Unbind | Unknown | Draining | Named
