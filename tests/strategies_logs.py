"""What hypothesis draws for the logs' tests: any values, namespaces, events."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from lanrage.core.log_levels import Level

names = st.text("abcxyz_", min_size=1, max_size=8)
namespaces = st.lists(names, min_size=1, max_size=4).map(".".join)
levels = st.sampled_from(list(Level))


class Odd:
    """Its texts cannot be had."""

    def __str__(self) -> str:
        raise ValueError("no text")

    def __repr__(self) -> str:
        raise RuntimeError("none at all")


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=50),
    st.text("\x00\x1b\n\u2028\ud800\"'\\{}", max_size=20),
    st.binary(max_size=80),
    st.builds(Odd),
    st.builds(ValueError, st.text(max_size=20)),
)
values: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=40),
        st.dictionaries(st.one_of(st.text(max_size=10), st.integers(), st.binary(max_size=4)), inner, max_size=40),
        st.sets(st.integers(), max_size=40),
        st.tuples(inner, inner),
    ),
    max_leaves=40,
)
fields = st.dictionaries(names, values, max_size=60)
