"""hypothesis strategies for files of games' profiles."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from lanrage.core.game_profile import DiscoveryKind, ModKind, Platform, PortRole, Speaker
from lanrage.core.game_rules import TRAFFIC

KEYS = st.text("abz09-", max_size=38).map(lambda rest: f"k{rest}")
PORTS = st.integers(1, 65535)
TEXTS = st.text(
    st.characters(min_codepoint=32, max_codepoint=0x2FF, exclude_characters="\x7f"), min_size=1, max_size=40
)
PROTOS = st.sampled_from(("tcp", "udp"))


def span_texts(protos: st.SearchStrategy[str] = PROTOS) -> st.SearchStrategy[str]:
    """One port or consecutive ones, as a file has them."""

    def text(first: int, more: int, proto: str) -> str:
        last = min(first + more, 65535)
        return f"{first}/{proto}" if last == first else f"{first}-{last}/{proto}"

    return st.builds(text, PORTS, st.sampled_from((0, 0, 3, 255)), protos)


@st.composite
def discoveries(draw: st.DrawFn, source: str) -> dict[str, Any]:
    """A way to be found."""
    kind = draw(st.sampled_from(DiscoveryKind))
    row: dict[str, Any] = {"kind": kind.value, "speaker": draw(st.sampled_from(Speaker)).value, "source": source}
    row["ports"] = draw(span_texts(PROTOS if kind is DiscoveryKind.SWEEP else st.just("udp")))
    if kind is DiscoveryKind.MULTICAST:
        row["group"] = draw(st.sampled_from(("224.0.2.60", "239.255.255.250", "ff02::1", "ff35:30:2001:db8::1")))
    if draw(st.booleans()):
        row |= {"signature": draw(st.binary(min_size=1, max_size=64)).hex(), "format": draw(KEYS)}
    if draw(st.booleans()):
        row |= {"period": draw(st.sampled_from((0.05, 1.5, 600.0))), "source_port": draw(PORTS)}
    return row


@st.composite
def programs(draw: st.DrawFn, source: str) -> list[dict[str, Any]]:
    """Programs, each name once."""
    names = draw(st.lists(st.text("aZ0_.", min_size=1, max_size=8), unique_by=str.casefold, max_size=3))
    rows = []
    for name in names:
        platform = draw(st.sampled_from(Platform))
        called = f"{name}.exe" if platform is Platform.WINDOWS else name
        rows.append({"platform": platform.value, "names": [called], "source": source})
    return rows


@st.composite
def games(draw: st.DrawFn, source: str = "s") -> dict[str, Any]:
    """A table that keeps all rules."""
    table: dict[str, Any] = {"id": draw(KEYS), "name": draw(TEXTS)}
    table["confidence"] = draw(st.sampled_from(("high", "medium", "low")))
    roles = draw(st.lists(st.sampled_from(PortRole), min_size=1, max_size=4, unique=True))
    table["ports"] = [{"ports": draw(span_texts()), "role": role.value, "source": source} for role in roles]
    table["discovery"] = draw(st.lists(discoveries(source), max_size=3))
    table["executables"] = draw(programs(source))
    table["steam"] = [{"ids": draw(st.lists(PORTS, min_size=1, max_size=3)), "source": [source]}]
    table |= draw(st.fixed_dictionaries({}, optional=_singles(source)))
    players = [name for each in table["executables"] if each["platform"] == "linux" for name in each["names"]]
    if "join" in table and players:
        table["join"]["programs"] = draw(st.lists(st.sampled_from(players), min_size=1, max_size=2, unique=True))
    elif "join" in table:
        del table["join"]
    return table


def _singles(source: str) -> dict[str, st.SearchStrategy[dict[str, Any]]]:
    """Rows of which a game has one."""

    def row(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
        return st.fixed_dictionaries({**fields, "source": st.just(source)})

    command = st.just(["-n", "{address}:{port}"])
    return {
        "query": row(name=KEYS, port=PORTS),
        "keepalive": row(seconds=st.integers(1, 300)),
        "mtu": row(bytes=st.integers(576, 1500)),
        "traffic": row(name=st.sampled_from(sorted(TRAFFIC))),
        "join": row(method=st.just("command"), command=command),
        "mods": row(kind=st.sampled_from([each.value for each in ModKind]), paths=st.just(["mods/*.jar"])),
    }


def as_toml(tables: list[dict[str, Any]], sources: dict[str, str]) -> str:
    """A file in the manner of those that come with the program: each row of a list on a line of its own."""
    lines = ["[sources]", *(f"{key} = {json.dumps(text)}" for key, text in sources.items())]
    for table in tables:
        lines += ["", "[[game]]"]
        for key, value in table.items():
            if isinstance(value, list):
                lines += [f"{key} = [", *(f"    {_value(row)}," for row in value), "]"]
            else:
                lines.append(f"{key} = {_value(value)}")
    return "\n".join(lines) + "\n"


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_value(each)}" for key, each in value.items()) + " }"
    return json.dumps(value)
