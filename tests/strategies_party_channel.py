"""What hypothesis draws for the party channel."""

from __future__ import annotations

from hypothesis import strategies as st

from lanrage.wire.party_channel import (
    EPOCH_LIMIT,
    PAYLOAD_LIMIT,
    RECORD_LIMIT,
    Forward,
    Forwarded,
    HeadTold,
    Records,
    Signal,
    Want,
)
from tests.strategies_links import keys

epochs = st.integers(0, EPOCH_LIMIT - 1)
payloads = st.binary(max_size=200) | st.binary(min_size=PAYLOAD_LIMIT, max_size=PAYLOAD_LIMIT)
records = st.binary(min_size=1, max_size=300) | st.binary(min_size=RECORD_LIMIT, max_size=RECORD_LIMIT)
messages = st.one_of(
    st.builds(HeadTold, epochs, keys),
    st.builds(Want, epochs),
    st.builds(Records, epochs, records.map(lambda record: (record,))),
    st.builds(Signal, payloads),
    st.builds(Forward, keys, payloads),
    st.builds(Forwarded, keys, payloads),
)
