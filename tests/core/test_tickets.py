"""Relay tickets: only what the control server signed opens, and only while it holds."""

from __future__ import annotations

import attrs
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanrage.core.identity import SigningKey
from lanrage.core.tickets import TICKET_LIMIT, Ticket, binding_statement, issue, open_ticket, pair_of, verify
from lanrage.errors import CryptoError, DecodeError
from tests.strategies_links import keys
from tests.strategies_relay import cookies, pairs, tickets, transactions

SERVER = SigningKey(b"S" * 32)
OTHER = SigningKey(b"O" * 32)


@given(tickets)
def test_a_ticket_reads_back_and_is_small(ticket: Ticket) -> None:
    """The same value; far below what a datagram carries."""
    blob = issue(ticket, SERVER)
    assert open_ticket(blob, SERVER.public) == ticket
    assert len(blob) <= TICKET_LIMIT // 2


@given(tickets, st.floats(-10, 10))
def test_it_holds_until_its_time(ticket: Ticket, late: float) -> None:
    """To the moment."""
    blob, now = issue(ticket, SERVER), ticket.expires + late
    if now < ticket.expires:
        assert verify(blob, SERVER.public, now) == ticket
    else:
        with pytest.raises(CryptoError, match="expired"):
            verify(blob, SERVER.public, now)


@given(tickets)
def test_another_servers_ticket_does_not_open(ticket: Ticket) -> None:
    """Whoever's key signed it."""
    with pytest.raises(CryptoError):
        open_ticket(issue(ticket, OTHER), SERVER.public)


@given(tickets, st.data())
def test_no_bit_may_flip(ticket: Ticket, data: st.DataObject) -> None:
    """Anywhere in it."""
    blob = bytearray(issue(ticket, SERVER))
    at = data.draw(st.integers(0, len(blob) * 8 - 1))
    blob[at // 8] ^= 1 << at % 8
    with pytest.raises((CryptoError, DecodeError)):
        open_ticket(bytes(blob), SERVER.public)


packed = st.recursive(st.integers(0, 2**64 - 1) | st.binary(), st.lists).map(msgspec.msgpack.encode)


@given(st.binary(max_size=600) | packed)
def test_any_bytes_are_an_error(data: bytes) -> None:
    """And no other error than ours."""
    with pytest.raises((CryptoError, DecodeError)):
        open_ticket(data, SERVER.public)


@given(tickets)
def test_a_signature_for_something_else_is_no_ticket(ticket: Ticket) -> None:
    """The label separates: the server's key over the bare body, or a login, opens nothing."""
    body = msgspec.msgpack.encode(ticket)
    for label in (b"", b"lanrage login v1\0", b"lanrage relay bind v1\0"):
        with pytest.raises(CryptoError):
            open_ticket(msgspec.msgpack.encode([body, SERVER.sign(label + body)]), SERVER.public)


@given(tickets)
def test_the_pair_is_in_order(ticket: Ticket) -> None:
    """One name for a pair: the reverse, and a key with itself, is no ticket."""
    for pair in ((ticket.pair[1], ticket.pair[0]), (ticket.pair[0], ticket.pair[0])):
        with pytest.raises(DecodeError):
            open_ticket(issue(msgspec.structs.replace(ticket, pair=pair), SERVER), SERVER.public)


@given(keys, keys)
def test_both_ends_name_their_pair_alike(one: bytes, other: bytes) -> None:
    """Whoever asks."""
    assert pair_of(one, other) == pair_of(other, one)


@attrs.frozen
class Statement:
    """What a holder signs, in its parts."""

    cookie: bytes
    transaction: bytes
    pair: tuple[bytes, bytes]


statements = st.builds(Statement, cookies, transactions, pairs)


@given(statements, statements)
def test_statements_differ_where_a_part_differs(one: Statement, other: Statement) -> None:
    """No two bindings have one signature."""
    texts = [binding_statement(each.cookie, each.transaction, each.pair) for each in (one, other)]
    assert (texts[0] == texts[1]) == (one == other)
