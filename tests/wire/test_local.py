"""The local API's codec: any bytes give a call or one error, and what is sent is what is read."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.errors import BadInput, DecodeError
from lanrage.wire.local import (
    CALL_LIMIT,
    Answer,
    BadCall,
    Call,
    ErrorBody,
    check_socket_path,
    decode_answer,
    decode_call,
    encode,
    quote,
)

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.text(max_size=20)
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
objects = st.dictionaries(st.text(max_size=12), values, max_size=4)
calls = st.builds(
    Call,
    st.integers(0, 2**53),
    st.text(min_size=1, max_size=64),
    objects,
    st.text("abcXYZ019-", max_size=32),
)
ids = st.none() | st.integers(0, 2**53)
answers = st.one_of(
    st.builds(Answer, ids, result=values),
    st.builds(Answer, ids, progress=st.text(max_size=40)),
    st.builds(
        Answer, ids, error=st.builds(ErrorBody, st.text(max_size=10), st.text(max_size=40), st.none() | st.text())
    ),
)
near_calls = st.fixed_dictionaries(
    {}, optional={"id": values, "op": values, "args": values, "correlation_id": values, "more": values}
)


class CallTests(SynchronousTestCase):
    """What a client sends."""

    @given(calls)
    def test_round_trip(self, call: Call) -> None:
        """A call arrives as it was sent."""
        self.assertEqual(decode_call(encode(call)), call)

    @given(st.binary(max_size=200))
    def test_any_bytes(self, data: bytes) -> None:
        """A call, or one error that names a field and a rule."""
        with contextlib.suppress(BadCall):
            decode_call(data)

    @given(near_calls)
    def test_almost_a_call(self, value: dict[str, Any]) -> None:
        """The error carries the id whenever it is a valid one, and the message survives a terminal."""
        try:
            decode_call(json.dumps(value).encode())
        except BadCall as error:
            given_id = value.get("id")
            valid = isinstance(given_id, int) and not isinstance(given_id, bool) and 0 <= given_id <= 2**53
            self.assertEqual(error.call_id, given_id if valid else None)
            self.assertTrue(error.field and error.rule and str(error).isprintable(), str(error))
            msgspec.json.encode(str(error))

    def test_hostile_sizes(self) -> None:
        """Deep nesting and great length are one error each."""
        for data in (
            b"[" * CALL_LIMIT,
            b'{"id":1,"op":"' + b"x" * CALL_LIMIT,
            b"9" * 6000,
            b'{"id":' + b"9" * 6000 + b"}",
        ):
            self.assertRaises(BadCall, decode_call, data)


class AnswerTests(SynchronousTestCase):
    """What a node sends."""

    @given(answers)
    def test_round_trip(self, answer: Answer) -> None:
        """An answer arrives as it was sent, a null result included."""
        self.assertEqual(decode_answer(encode(answer)), answer)

    @given(st.binary(max_size=200) | objects.map(lambda value: json.dumps(value).encode()))
    def test_any_bytes(self, data: bytes) -> None:
        """An answer, or one error."""
        with contextlib.suppress(DecodeError):
            decode_answer(data)

    def test_exactly_one_part(self) -> None:
        """Neither none nor two of result, error and progress."""
        for data in (b'{"id":1}', b'{"id":1,"result":null,"progress":"x"}'):
            self.assertRaises(DecodeError, decode_answer, data)


class TextTests(SynchronousTestCase):
    """Foreign text in our sentences, and paths."""

    @given(st.text(max_size=100))
    def test_a_quote_is_harmless(self, text: str) -> None:
        """Short and printable ASCII, whatever came."""
        quoted = quote(text)
        self.assertTrue(quoted.isascii() and quoted.isprintable())
        self.assertLess(len(quoted), 410)

    def test_socket_paths(self) -> None:
        """At most 107 bytes, counted as bytes."""
        self.assertEqual(check_socket_path("/" + "x" * 106), "/" + "x" * 106)
        for path in ("", "/" + "x" * 107, "/" + "\u00e4" * 54, "/a\0b"):
            self.assertRaises(BadInput, check_socket_path, path)
