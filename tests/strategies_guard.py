"""Ports, rules and packets for the party firewall's tests."""

from __future__ import annotations

from hypothesis import strategies as st

from lanrage.core.exposure import ICMP_TYPES, OWN_PORTS, Arrival, Exposure, GuardRules
from lanrage.core.kept_ports import KEPT
from lanrage.core.play_ports import LAST_PORT, PROTOS, Span, merged

# Few numbers, so that spans meet each other, and packets meet spans.
NUMBERS = (1, 2, 3, 22, 666, 1023, 1024, 4445, 5432, 27960, 27961, 31337, LAST_PORT, *OWN_PORTS)
numbers = st.one_of(st.sampled_from(NUMBERS), st.integers(1, LAST_PORT))
protos = st.sampled_from(PROTOS)
spans = st.builds(lambda proto, one, other: Span(proto, min(one, other), max(one, other)), protos, numbers, numbers)
span_lists = st.lists(spans, max_size=5).map(merged)
rules = st.builds(GuardRules, st.sampled_from(Exposure), span_lists, span_lists, st.one_of(st.just(KEPT), span_lists))
_icmp_types = st.sampled_from(sorted({0, 3, 133, 134, *(each for types in ICMP_TYPES.values() for each in types)}))
_flags = {"known": st.booleans(), "asked": st.booleans(), "through": st.booleans(), "passes": st.booleans()}
arrivals = st.one_of(
    st.builds(Arrival, protos, numbers, translated=st.one_of(st.none(), numbers), **_flags),
    st.builds(Arrival, st.sampled_from(("icmp", "icmpv6")), _icmp_types, **_flags),
    st.builds(Arrival, st.just("other"), st.just(0), **_flags),
)
