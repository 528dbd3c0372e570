"""hypothesis strategies for what machines hear, and for the messages about it."""

from __future__ import annotations

from ipaddress import IPv4Address

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from lanrage.core.interest import DIGEST_BYTES, EVERYTHING, MAX_GROUPS, MAX_PORTS, Interest
from lanrage.core.interest_talk import Ask, Changed, Held, Message, Told

PORTS = (4445, 6000)
GROUPS = (IPv4Address("224.0.2.60"),)
"""A few, so that what is sent is often heard."""


def small_interests() -> SearchStrategy[Interest]:
    """In few ports and groups."""
    return st.builds(Interest, st.frozensets(st.sampled_from(PORTS)), st.frozensets(st.sampled_from(GROUPS)))


def sets() -> SearchStrategy[Interest]:
    """Any, within the bounds."""
    groups = st.integers(0xE0000000, 0xEFFFFFFF).map(IPv4Address)
    ports = st.frozensets(st.integers(0, 65535), max_size=MAX_PORTS)
    return st.builds(Interest, ports, st.frozensets(groups, max_size=MAX_GROUPS))


def messages() -> SearchStrategy[Message]:
    """Any message."""
    u32 = st.integers(0, 2**32 - 1)
    return (
        st.builds(Told, u32, u32, sets() | st.just(EVERYTHING))
        | st.builds(Changed, u32, u32, sets(), sets())
        | st.builds(Held, u32, u32, st.binary(min_size=DIGEST_BYTES, max_size=DIGEST_BYTES))
        | st.just(Ask())
    )
