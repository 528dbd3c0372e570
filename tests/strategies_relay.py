"""What hypothesis draws for the relay: messages, datagrams that nearly are, a bad network."""

from __future__ import annotations

import random
from collections.abc import Callable

from hypothesis import strategies as st

from lanrage.core.relay import (
    COOKIE_BYTES,
    TRANSACTION_BYTES,
    Bind,
    BindRequest,
    Bound,
    Challenge,
    Draining,
    Named,
    Refusal,
    Rejected,
    Unbind,
    Unknown,
)
from lanrage.core.tickets import SIGNATURE_BYTES, TICKET_LIMIT, Ticket, pair_of
from lanrage.wire.relay import MAGIC, VERSION, encode
from tests.strategies_links import keys

transactions = st.binary(min_size=TRANSACTION_BYTES, max_size=TRANSACTION_BYTES)
cookies = st.binary(min_size=COOKIE_BYTES, max_size=COOKIE_BYTES)
signatures = st.binary(min_size=SIGNATURE_BYTES, max_size=SIGNATURE_BYTES)
pairs = st.tuples(keys, keys).filter(lambda two: two[0] != two[1]).map(lambda two: pair_of(*two))
tickets = st.builds(Ticket, st.binary(min_size=16, max_size=16), keys, pairs, st.integers(0, 2**40))

messages = st.one_of(
    st.builds(BindRequest, transactions),
    st.builds(Challenge, transactions, cookies),
    st.builds(Bind, transactions, cookies, signatures, st.binary(min_size=1, max_size=TICKET_LIMIT)),
    st.builds(Bound, transactions, st.integers(0, 2**32 - 1), st.integers(0, 2**16 - 1), st.booleans()),
    st.builds(Rejected, transactions, st.sampled_from(Refusal)),
    st.builds(Unbind, transactions),
    st.just(Unknown()),
    st.builds(Draining, transactions, st.integers(0, 255)),
    st.builds(Named, transactions, st.from_regex(r"[0-9a-zA-Z-]{1,32}", fullmatch=True)),
)

headed = st.builds(
    lambda version, kind, rest: MAGIC + bytes([version, kind]) + rest,
    st.sampled_from([0, VERSION, VERSION + 1]),
    st.integers(0, 9),
    st.binary(max_size=60),
)
"""The magic, then anything."""


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A good message with some bytes changed, cut off or added."""
    data = bytearray(encode(draw(messages)))
    for at, value in draw(st.lists(st.tuples(st.integers(0, len(data) - 1), st.integers(0, 255)), max_size=3)):
        data[at] = value
    return bytes(data[: draw(st.integers(0, len(data)))]) + draw(st.binary(max_size=4))


datagrams = st.one_of(st.binary(max_size=100), headed, damaged(), messages.map(encode))


@st.composite
def fates(draw: st.DrawFn) -> Callable[[], list[float]]:
    """A network that loses up to 40 %, doubles up to 30 % and overtakes: each copy takes 5 to 300 ms."""
    dice = random.Random(draw(st.integers(0, 2**32)))
    loss, double = draw(st.sampled_from([0.0, 0.1, 0.4])), draw(st.sampled_from([0.0, 0.3]))
    slow = draw(st.sampled_from([0.01, 0.3]))

    def fate() -> list[float]:
        copies = 1 + (dice.random() < double)
        return [dice.uniform(0.005, slow) for _ in range(copies) if dice.random() >= loss]

    return fate
