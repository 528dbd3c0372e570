"""What hypothesis draws for the control plane."""

from __future__ import annotations

from hypothesis import strategies as st

from lanrage.core.certificates import NAME_LIMIT
from lanrage.core.code import InvitationCode

names = st.text(
    st.characters(exclude_categories=("Cc", "Cs", "Zs", "Zl", "Zp"), exclude_characters="\x7f"),
    min_size=1,
    max_size=NAME_LIMIT,
)
"""Valid names of members and parties."""
addresses = st.builds(
    "{}:{}".format,
    st.one_of(
        st.ip_addresses(v=4).map(str),
        st.ip_addresses(v=6).map("[{}]".format),
        st.from_regex(r"[a-z][a-z0-9]{0,20}(\.[a-z]{2,10}){0,2}", fullmatch=True),
    ),
    st.integers(1, 65535),
)
"""``host:port`` of a control server."""
codes = st.builds(
    InvitationCode,
    st.binary(min_size=16, max_size=16),
    st.binary(min_size=16, max_size=16).map(bytes.hex),
    st.binary(min_size=16, max_size=16),
    st.lists(addresses, min_size=1, max_size=4).map(tuple),
)
"""Invitation codes."""
