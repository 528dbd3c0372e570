"""STUN at a relay's ports: told from all else, answered to whom asks, never by more than was asked with."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanrage.core.links import Endpoint
from lanrage.wire.relay_stun import REQUEST_BYTES, answer, answered, ask, is_stun
from lanrage.wire.stun import Kind, Message, decode, encode
from tests.strategies_links import endpoints

transactions = st.binary(min_size=12, max_size=12)


@given(transactions, endpoints)
def test_a_request_is_answered(transaction: bytes, source: Endpoint) -> None:
    """With the address that it came from, in no more bytes than it has."""
    request = ask(transaction)
    assert is_stun(request)
    assert len(request) == REQUEST_BYTES
    assert decode(request).kind is Kind.REQUEST
    data = answer(request, source)
    assert data is not None
    assert len(data) <= len(request)
    assert answered(data) == transaction
    assert decode(data).mapped == source


@given(st.binary(max_size=80), endpoints)
def test_any_bytes(data: bytes, source: Endpoint) -> None:
    """Nothing, or no more than came in."""
    for text in (data, b"\0\x01" + data[:2] + b"\x21\x12\xa4\x42" + data[2:]):
        back = answer(text, source)
        assert back is None or len(back) <= len(text)
        assert back is None or is_stun(text)
        answered(text)


@given(st.binary(min_size=1, max_size=60).filter(lambda data: data[0] != 0))
def test_data_is_no_stun(data: bytes) -> None:
    """WireGuard's packets begin with 1 to 4, ours with L."""
    assert not is_stun(data)


def test_what_is_left_alone() -> None:
    """Short requests, answers, requests that want more than is known here."""
    source, transaction = Endpoint("192.0.2.1", 9), b"t" * 12
    assert answer(encode(Message(Kind.REQUEST, transaction)), source) is None
    good = answer(ask(transaction), source)
    assert good is not None
    assert answer(good, source) is None
    assert answered(ask(transaction)) is None
    strange = ask(transaction)[:20] + b"\x00\x55\x00\x14" + bytes(20)
    assert decode(strange).unknown
    assert answer(strange, source) is None


def test_a_wrong_size_is_not_written() -> None:
    """A mistake here shows here."""
    with pytest.raises(ValueError, match="bytes"):
        ask(b"short")
