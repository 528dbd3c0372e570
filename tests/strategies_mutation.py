"""What hypothesis does to a message: bytes changed, moved, lost; fields of other values and types, gone or added."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from hypothesis import strategies as st

from lanrage.wire.control_codec import JSON, Codec

Draw = Callable[[st.SearchStrategy[Any]], Any]

values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text(max_size=40) | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)
"""Values of any type that both encodings know."""


@st.composite
def mutated(draw: Draw, raw: bytes, codec: Codec) -> bytes:
    """Another message than `raw`; or, now and then, the same."""
    return draw(st.one_of(changed_bytes(raw), _fields(raw, codec)))


@st.composite
def changed_bytes(draw: Draw, raw: bytes) -> bytes:
    """Bytes that are changed anywhere, of any message."""
    data = bytearray(raw)
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 8)))
        kind = draw(st.sampled_from(["flip", "replace", "delete", "double", "cut"]))
        if kind == "flip" and start < len(data):
            data[start] ^= 1 << draw(st.integers(0, 7))
        elif kind == "replace":
            data[start:end] = draw(st.binary(max_size=8))
        elif kind == "delete":
            del data[start:end]
        elif kind == "double":
            data[start:start] = data[start:end]
        elif kind == "cut":
            del data[start:]
    return bytes(data)


@st.composite
def _fields(draw: Draw, raw: bytes, codec: Codec) -> bytes:
    """One field changed, gone or added."""
    message = codec.decode(raw, object)
    place: Any = message
    while isinstance(place, dict):
        name = draw(st.sampled_from(sorted(place)))
        kind = draw(st.sampled_from(["in", "other", "gone", "more"]))
        if kind == "in" and isinstance(place[name], dict):
            place = place[name]
            continue
        if kind == "gone":
            del place[name]
        elif kind == "more":
            place[draw(st.text(max_size=8))] = draw(values)
        else:
            place[name] = draw(values | _like(place[name]))
        break
    return (msgspec.json if codec is JSON else msgspec.msgpack).encode(message)


def _like(value: object) -> st.SearchStrategy[Any]:
    """Another value of the same type."""
    if isinstance(value, bool):
        return st.just(not value)
    if isinstance(value, int):
        return st.integers(-1, 2**53 + 1)
    if isinstance(value, str):
        return st.text(max_size=len(value) + 1) | st.just(value.upper()) | st.just(value[::-1])
    if isinstance(value, bytes):
        return st.binary(min_size=len(value), max_size=len(value))
    return st.just(value)
