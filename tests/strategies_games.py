"""What hypothesis draws of games' announcements."""

from __future__ import annotations

from hypothesis import strategies as st

from tests import game_packets as packets
from tests.strategies_mutation import changed_bytes
from tests.wire.test_games_described import CASES
from tests.wire.test_games_real import ANSWERS

names = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=12)
"""Names that are shown as they are, whatever their letters; short enough for each field as UTF-8 but the smallest."""
short_names = (
    st.text(st.sampled_from("abcXYZ 09äß").map(str), min_size=1, max_size=7)
    .map(lambda text: " ".join(text.split()))
    .filter(bool)
)
"""Names that fit the smallest field, 16 bytes."""
counts = st.integers(0, 64)
ports = st.integers(1, 65_535)

good = st.one_of(
    st.sampled_from([payload for payload, _ in CASES.values()]),
    st.sampled_from([captured.payload for captured in ANSWERS.values()]),
    st.builds(
        packets.minecraft_status,
        st.recursive(
            st.none() | st.text(max_size=9),
            lambda inner: (
                st.lists(inner) | st.dictionaries(st.sampled_from(["description", "text", "extra", "players"]), inner)
            ),
            max_leaves=6,
        ),
    ),
)
"""Right announcements and answers of all games."""
hostile = st.one_of(
    st.binary(max_size=300), good.flatmap(changed_bytes), st.builds(bytes.__add__, good, st.binary(max_size=8))
)
"""Any bytes, and right ones that were changed."""
