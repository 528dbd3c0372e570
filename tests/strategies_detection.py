"""hypothesis strategies for the detection of games."""

from __future__ import annotations

from hypothesis import strategies as st

from lanrage.core.game_detection import DetectionResult, Method
from lanrage.core.game_programs import ProcessSeen

WORDS = ("openttd", "quake", "factory", "server", "zombie", "racer", "clonk", "battle", "x", "2")
names = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map("".join) | st.text(
    "abcdefgh-_. 0123456789", min_size=1, max_size=20
)
"""Names of programs: some near each other, some of anything."""
endings = st.sampled_from(("", ".exe", ".x86_64", "-1.2.3", "-linux64", ".bin.x86_64", "_v2.0"))
games = st.sampled_from(("doom", "quake", "ttd", "tee"))
pids = st.integers(2, 9)
confidences = st.sampled_from((0.6, 0.675, 0.75, 0.8, 0.95))
paths = st.lists(names, min_size=1, max_size=4).map("/".join)
texts = st.text(max_size=30)
processes = st.builds(
    ProcessSeen,
    pids,
    paths | st.just(""),
    st.text(max_size=15),
    st.lists(paths | texts, max_size=6).map(tuple),
    st.integers(0, 2**31) | st.none(),
)
"""Processes as no kernel would make them, too."""


def signs(method: Method) -> st.SearchStrategy[DetectionResult]:
    """Signs of one kind."""
    return st.builds(DetectionResult, games, st.just(method), confidences, st.just("why"), pids)
