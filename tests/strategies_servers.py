"""hypothesis strategies for game servers: what they say of themselves, and whole lists of them."""

from __future__ import annotations

import attrs
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from lanrage.core.game_server import ServerFacts
from lanrage.core.server_browser import Sighting
from lanrage.core.server_entry import Ask, Found, Joinable, Origin, Server, Verdict
from lanrage.core.server_filter import Listed
from lanrage.core.server_marks import Mark

MEMBERS = tuple(bytes([number]) * 32 for number in range(1, 5))
ADDRESSES = tuple(f"10.66.0.{number}" for number in range(1, 5))
ORIGINS = tuple(
    Origin(address, member, member == MEMBERS[0]) for address, member in zip(ADDRESSES, MEMBERS, strict=True)
)

TEXTS = st.text(max_size=100)
COUNTS = st.none() | st.integers(-3, 70_000)


def facts() -> SearchStrategy[ServerFacts]:
    """Anything that a stranger may say."""
    return st.builds(
        ServerFacts,
        st.sampled_from(["quake3", "minecraft-lan", ""]) | TEXTS,
        name=TEXTS,
        port=COUNTS,
        game=TEXTS,
        map=TEXTS,
        mode=TEXTS,
        version=TEXTS,
        players=COUNTS,
        players_limit=COUNTS,
        password=st.none() | st.booleans(),
        closing=st.just(False),
    )


def sighting(member: int = 1, port: int = 27960, **changes: object) -> Sighting:
    """A server of the member with this number, from 0."""
    made = Sighting(ORIGINS[member], port, ServerFacts("quake3", "Arena"), "openarena", "udp", Ask("quake3", port))
    return attrs.evolve(made, **changes)  # type: ignore[arg-type]


def servers() -> SearchStrategy[Server]:
    """An entry of the list."""
    return st.builds(
        Server,
        st.sampled_from(ORIGINS),
        st.integers(1, 65535),
        st.sampled_from(["tcp", "udp"]),
        st.sampled_from(["openarena", "openttd", ""]),
        st.sampled_from([Ask(), Ask("quake3", 27960)]),
        facts(),
        st.frozensets(st.sampled_from(Found), min_size=1),
        st.just(0.0),
        verdict=st.builds(Verdict, st.sampled_from(Joinable)),
    )


def listed() -> SearchStrategy[Listed]:
    """A server with what is known beside."""
    marks = st.builds(Mark, st.booleans(), st.lists(st.sampled_from(["friday", "fun"]), unique=True).map(tuple))
    return st.builds(
        Listed,
        servers(),
        st.sampled_from(["Ana", "Ben", "Cara"]),
        st.sampled_from(["OpenArena", "OpenTTD", ""]),
        marks,
        st.none() | st.floats(0.0, 1.0),
    )
