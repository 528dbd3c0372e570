"""The relay's messages: what is written reads back, any bytes are a value or an error, sizes do not amplify."""

from __future__ import annotations

import pytest
from hypothesis import given

from lanrage.core.relay import (
    Bind,
    BindRequest,
    Bound,
    Challenge,
    Draining,
    Message,
    Refusal,
    Rejected,
    Unbind,
    Unknown,
)
from lanrage.errors import DecodeError
from lanrage.wire.relay import MESSAGE_LIMIT, UNKNOWN_BYTES, decode, encode
from tests.strategies_relay import datagrams, messages

TRANSACTION, COOKIE, SIGNATURE = b"12345678", b"c" * 16, b"s" * 64
SMALLEST_MTU_PAYLOAD = 1280 - 40 - 8
"""Bytes of UDP payload that every IPv6 path takes (RFC 8200): a larger BIND might be split."""


@given(messages)
def test_messages_read_back(message: Message) -> None:
    """The same value after its trip."""
    assert decode(encode(message)) == message


@given(datagrams)
def test_any_bytes_are_a_value_or_a_decode_error(data: bytes) -> None:
    """And a value has no other bytes than these."""
    try:
        message = decode(data)
    except DecodeError:
        return
    assert encode(message) == data


def test_the_layout_is_the_documented_one() -> None:
    """Byte for byte."""
    head = b"LRRL\x01"
    assert encode(BindRequest(TRANSACTION)) == head + b"\x01" + TRANSACTION + bytes(22)
    assert encode(Challenge(TRANSACTION, COOKIE)) == head + b"\x02" + TRANSACTION + COOKIE
    assert (
        encode(Bind(TRANSACTION, COOKIE, SIGNATURE, b"t")) == head + b"\x03" + TRANSACTION + COOKIE + SIGNATURE + b"t"
    )
    assert encode(Bound(TRANSACTION, 258, 60, True)) == head + b"\x04" + TRANSACTION + b"\0\0\x01\x02\0\x3c\x01"
    assert encode(Rejected(TRANSACTION, Refusal.FULL)) == head + b"\x05" + TRANSACTION + b"\x04"
    assert encode(Unbind(TRANSACTION)) == head + b"\x06" + TRANSACTION + bytes(22)
    assert encode(Unknown()) == head + b"\x07"
    assert encode(Draining(TRANSACTION, 5)) == head + b"\x08" + TRANSACTION + b"\x05"


def test_sizes() -> None:
    """What asks is no smaller than what answers, UNKNOWN is smaller than a keepalive, a BIND is never split."""
    asks = min(len(encode(BindRequest(TRANSACTION))), len(encode(Unbind(TRANSACTION))))
    bound, rejected = len(encode(Bound(TRANSACTION, 1, 60, True))), len(encode(Rejected(TRANSACTION, Refusal.FULL)))
    assert asks >= len(encode(Challenge(TRANSACTION, COOKIE)))
    assert asks >= bound + rejected
    assert asks >= bound + len(encode(Draining(TRANSACTION, 5)))
    assert len(encode(Bind(TRANSACTION, COOKIE, SIGNATURE, b"t"))) >= 3 * bound
    assert UNKNOWN_BYTES < 32
    assert MESSAGE_LIMIT <= SMALLEST_MTU_PAYLOAD


@pytest.mark.parametrize(
    "message",
    [
        BindRequest(b"short"),
        Challenge(TRANSACTION, b"short"),
        Bind(TRANSACTION, COOKIE, b"short", b"t"),
        Bind(TRANSACTION, COOKIE, SIGNATURE, b""),
        Bind(TRANSACTION, COOKIE, SIGNATURE, bytes(513)),
    ],
)
def test_no_wrong_size_is_written(message: Message) -> None:
    """A mistake here shows here, not at the other end."""
    with pytest.raises(ValueError, match="bytes"):
        encode(message)


def test_another_version_is_refused_by_its_name() -> None:
    """A node of tomorrow gets silence, not a guess."""
    data = bytearray(encode(BindRequest(TRANSACTION)))
    data[4] = 2
    with pytest.raises(DecodeError, match="version"):
        decode(bytes(data))


def test_secrets_are_not_shown() -> None:
    """Neither a ticket nor a signature is in what a log would print."""
    shown = repr(Bind(TRANSACTION, COOKIE, SIGNATURE, b"a ticket"))
    assert "a ticket" not in shown
    assert "sss" not in shown
