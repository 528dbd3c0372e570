"""Our STUN beside aioice's: each reads what the other wrote."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from lanrage.core.links import Endpoint
from lanrage.wire.stun import Kind, Message, decode, encode
from tests.strategies_links import endpoints
from tests.strategies_stun import transactions

stun: Any = pytest.importorskip("aioice.stun", reason="needs the package aioice (extra: test)")


@given(transactions)
def test_they_read_our_request(transaction: bytes) -> None:
    """Kind, transaction and fingerprint: theirs is checked as they parse."""
    theirs = stun.parse_message(encode(Message(Kind.REQUEST, transaction)))
    assert (theirs.message_method, theirs.message_class) == (stun.Method.BINDING, stun.Class.REQUEST)
    assert theirs.transaction_id == transaction
    assert list(theirs.attributes) == ["FINGERPRINT"]


@given(transactions)
def test_we_read_their_request(transaction: bytes) -> None:
    """With SOFTWARE, USERNAME, MESSAGE-INTEGRITY and FINGERPRINT, as a WebRTC program sends it."""
    theirs = stun.Message(stun.Method.BINDING, stun.Class.REQUEST, transaction)
    theirs.attributes["SOFTWARE"] = "aioice"
    theirs.attributes["USERNAME"] = "one:two"
    theirs.add_message_integrity(b"secret")
    theirs.add_fingerprint()
    assert decode(bytes(theirs)) == Message(Kind.REQUEST, transaction)


@given(transactions, endpoints)
def test_they_read_our_answer(transaction: bytes, mapped: Endpoint) -> None:
    """The mapped address over both families."""
    theirs = stun.parse_message(encode(Message(Kind.SUCCESS, transaction, mapped=mapped)))
    assert theirs.message_class == stun.Class.RESPONSE
    host, port = theirs.attributes["XOR-MAPPED-ADDRESS"]
    assert Endpoint.parse(str(Endpoint(host, port))) == mapped


@given(transactions, endpoints)
def test_we_read_their_answer(transaction: bytes, mapped: Endpoint) -> None:
    """The other way round."""
    theirs = stun.Message(stun.Method.BINDING, stun.Class.RESPONSE, transaction)
    theirs.attributes["XOR-MAPPED-ADDRESS"] = (mapped.host, mapped.port)
    theirs.add_fingerprint()
    assert decode(bytes(theirs)) == Message(Kind.SUCCESS, transaction, mapped=mapped)


@given(transactions)
def test_errors_both_ways(transaction: bytes) -> None:
    """The code is the same; theirs carries words, ours does not."""
    ours = stun.parse_message(encode(Message(Kind.ERROR, transaction, error=420)))
    assert ours.attributes["ERROR-CODE"] == (420, "")
    theirs = stun.Message(stun.Method.BINDING, stun.Class.ERROR, transaction)
    theirs.attributes["ERROR-CODE"] = (420, "Unknown Attribute")
    assert decode(bytes(theirs)) == Message(Kind.ERROR, transaction, error=420, fingerprint=False)
