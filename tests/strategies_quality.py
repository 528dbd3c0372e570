"""What hypothesis draws of paths that members tell of."""

from __future__ import annotations

from ipaddress import IPv4Address

from hypothesis import strategies as st

from lanrage.core.path_reports import PathTold
from lanrage.wire.party_quality import TOKEN_BYTES, ClockAsk, ClockTold, Quality

kinds = st.sampled_from(("direct", "relay", "relay-tcp", "none"))
times = st.floats(0, 60, allow_nan=False)
shares = st.floats(0, 1)
paths = st.builds(PathTold, kinds, st.none() | times, times, shares)
good = st.builds(PathTold, st.just("direct"), st.floats(0, 0.04), st.floats(0, 0.005))
bad = st.builds(PathTold, kinds, st.floats(0.2, 2), st.floats(0.06, 1), st.floats(0.1, 1))
addresses = st.integers(0, 2**32 - 1).map(IPv4Address)
reports = st.dictionaries(addresses, paths, max_size=64)
tokens = st.binary(min_size=TOKEN_BYTES, max_size=TOKEN_BYTES)
quality_words = st.one_of(
    reports.map(lambda rows: Quality.of(rows.items())),
    st.builds(ClockAsk, tokens),
    st.builds(ClockTold, tokens, st.integers(0, 2**53 - 1)),
)
