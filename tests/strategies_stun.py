"""What hypothesis draws for STUN: messages, and datagrams that nearly are."""

from __future__ import annotations

import struct

from hypothesis import strategies as st

from lanrage.core.nat import Change
from lanrage.core.stun_questions import TRANSACTION_BYTES
from lanrage.wire.stun import COOKIE, HEADER, Kind, Message, encode
from tests.strategies_links import endpoints

transactions = st.binary(min_size=TRANSACTION_BYTES, max_size=TRANSACTION_BYTES)
fingerprints = st.booleans()
unknown_names = st.lists(st.integers(0x4000, 0x7FFF), min_size=1, max_size=9, unique=True).map(tuple)

changes = st.none() | st.builds(Change, st.booleans(), st.booleans())
requests = st.builds(
    Message,
    st.just(Kind.REQUEST),
    transactions,
    fingerprint=fingerprints,
    change=changes,
    response_port=st.integers(0, 65535),
)
successes = st.builds(
    Message,
    st.just(Kind.SUCCESS),
    transactions,
    mapped=endpoints,
    fingerprint=fingerprints,
    origin=st.none() | endpoints,
    other=st.none() | endpoints,
)
errors = st.builds(Message, st.just(Kind.ERROR), transactions, error=st.integers(300, 699), fingerprint=fingerprints)
messages = st.one_of(requests, successes, errors)

attributes = st.builds(
    lambda name, value: struct.pack("!HH", name, len(value)) + value + bytes(-len(value) % 4),
    st.sampled_from(
        [
            0x0003,
            0x0026,
            0x0027,
            0x802B,
            0x802C,
            0x0001,
            0x0006,
            0x0009,
            0x000A,
            0x0020,
            0x0024,
            0x4001,
            0x4002,
            0x7FFF,
            0x8022,
            0x8028,
            0x8029,
        ]
    ),
    st.binary(max_size=24),
)


@st.composite
def framed(draw: st.DrawFn, kinds: st.SearchStrategy[int] | None = None) -> bytes:
    """A datagram with a right header and any attributes."""
    body = b"".join(draw(st.lists(attributes, max_size=5)))
    kind = draw(kinds if kinds is not None else st.sampled_from([*Kind, 0x0011, 0x0003, 0x4001]))
    return HEADER.pack(kind, len(body), COOKIE, draw(transactions)) + body


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A good message with some bytes changed, cut off or added."""
    data = bytearray(encode(draw(messages)))
    for at, value in draw(st.lists(st.tuples(st.integers(0, len(data) - 1), st.integers(0, 255)), max_size=4)):
        data[at] = value
    return bytes(data[: draw(st.integers(0, len(data)))]) + draw(st.binary(max_size=8))


datagrams = st.one_of(st.binary(max_size=100), framed(), damaged(), messages.map(encode))
