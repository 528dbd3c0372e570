"""What a profile of a game must keep: each rule refuses what breaks it, and says where."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.game_reading import read_games
from tests.strategies_game_files import as_toml, games

SOURCES = {"s": "seen with ss -u"}

GAME: dict[str, Any] = {
    "id": "tag",
    "name": "Tag",
    "confidence": "high",
    "executables": [
        {"platform": "linux", "names": ["tag", "tagd"], "source": "s"},
        {"platform": "windows", "names": ["Tagger.exe"], "source": "s"},
        {"platform": "linux", "names": ["tag-client"], "source": "s"},
    ],
    "ports": [
        {"ports": "4000/udp", "role": "game", "source": "s"},
        {"ports": "4001-4003/udp", "role": "query", "source": ["s"]},
    ],
    "discovery": [
        {"kind": "multicast", "speaker": "host", "ports": "4445/udp", "group": "224.0.2.60", "source": "s"},
        {"kind": "broadcast", "speaker": "client", "ports": "5/udp", "signature": "0a", "format": "f", "source": "s"},
    ],
    "query": {"name": "quake3", "source": "s"},
    "join": {
        "method": "command",
        "command": ["+connect", "{address}:{port}"],
        "programs": ["tag-client"],
        "source": "s",
    },
    "mods": {"kind": "native", "paths": ["~/.tag/mods/*"], "source": "s"},
    "keepalive": {"seconds": 20, "source": "s"},
    "mtu": {"bytes": 1200, "source": "s"},
    "traffic": {"name": "realtime", "source": "s"},
    "titles": [{"pattern": "Tag *", "source": "s"}],
}
"""A game that keeps all rules."""

WRONG: list[tuple[tuple[str | int, ...], Any, str]] = [
    (("id",), "Tag!", "id: expected `str` matching regex"),
    (("confidence",), "sure", "confidence: expected `str` matching regex"),
    (("name",), "", "name: expected `str` of length >= 1"),
    (("ports", 0, "ports"), "0/udp", "ports[0].ports: '0/udp' is not PORT or FIRST-LAST from 1 to 65535"),
    (("ports", 0, "ports"), "4000", "ports[0].ports: '4000' does not say /tcp or /udp of each"),
    (("ports", 0, "ports"), "", "ports[0].ports: expected `str` of length >= 1"),
    (("ports", 1, "ports"), "9-8/udp", "ports[1].ports: '9-8/udp' is not PORT or FIRST-LAST"),
    (("ports", 1, "ports"), "1-65535/udp", "ports[1].ports: 1-65535/udp is more than 256 ports"),
    (("ports", 1, "ports"), "4005/udp,4004-4006/udp", "ports[1]: 4004-4006/udp was named before as query"),
    (("ports", 0, "role"), "sauna", "ports[0].role: invalid enum value 'sauna'"),
    (("ports", 0, "source"), [], "ports[0]: no source is named"),
    (("ports", 0, "source"), "hearsay", "ports[0]: 'hearsay' is no key of [sources]"),
    (("ports", 0, "colour"), "red", "ports[0]: object contains unknown field `colour`"),
    (("colour",), "red", "object contains unknown field `colour`"),
    (("executables", 1, "names"), ["Tagger"], "executables[1]: 'Tagger' does not end with .exe"),
    (("executables", 1, "names"), ["Tag.exe"], "executables[1]: 'Tag.exe' is a name that anything may have"),
    (("executables", 1, "names"), ["Launcher.exe"], "executables[1]: 'Launcher.exe' is a name that anything may have"),
    (("executables", 0, "names"), ["server"], "executables[0]: 'server' is a name that anything may have"),
    (("executables", 0, "marks"), ["tag", "game"], "executables[0]: the mark 'game' is a folder or an argument of any"),
    (
        ("executables", 0, "marks"),
        ["mods/tag"],
        "executables[0]: the mark 'mods/tag' is a folder or an argument of any",
    ),
    (("executables", 0, "names"), ["/bin/tag"], "executables[0]: '/bin/tag' is a path"),
    (("executables", 0, "names"), ["tag", "TAG"], "executables[0]: 'TAG' was named before"),
    (("discovery", 0, "group"), "10.0.0.1", "discovery[0].group: '10.0.0.1' is no multicast address"),
    (("discovery", 0, "group"), "lan", "discovery[0].group: 'lan' is no multicast address"),
    (("discovery", 0, "group"), None, "discovery[0].group: a group is named where the kind is multicast"),
    (("discovery", 1, "group"), "224.0.2.60", "discovery[1].group: a group is named where the kind is multicast"),
    (("discovery", 1, "ports"), "5/tcp", "discovery[1].ports: broadcast goes by UDP alone"),
    (("discovery", 1, "ports"), "5/udp,6/udp", "discovery[1].ports: '5/udp,6/udp' can be written in fewer spans"),
    (("discovery", 1, "format"), None, "discovery[1].signature: a signature needs the format that it is of"),
    (("discovery", 1, "signature"), "0", "discovery[1].signature: '0' is no whole bytes"),
    (("discovery", 1, "signature"), "0A", "discovery[1].signature: '0A' is no whole bytes"),
    (("discovery", 1, "signature"), "00" * 65, "discovery[1].signature: has more than 64 bytes"),
    (("discovery", 1, "period"), 0.0, "discovery[1].period: 0.0 is not from 0.05 to 600.0"),
    (("discovery", 1, "source_port"), 0, "discovery[1].source_port: 0 is not from 1 to 65535"),
    (("query", "port"), 65536, "query.port: 65536 is not from 1 to 65535"),
    (("join", "command"), ["+connect", "{port}"], "join.command: {address} stands nowhere in it"),
    (("join", "command"), ["{address}", "{home}"], "join.command: '{home}' has another place than"),
    (("join", "command"), ["{address!r}"], "join.command: '{address!r}' has another place than"),
    (("join", "command"), ["{address}", "{"], "join.command: '{': "),
    (("join", "method"), "lobby", "join.command: a command is named where the method is command"),
    (("join", "command"), None, "join.command: a command is named where the method is command"),
    (("join", "programs"), None, "join.programs: the players' programs are named where a command is"),
    (("join", "programs"), ["Tagger.exe"], "join.programs: 'Tagger.exe' is no program of this game on Linux"),
    (("mods", "paths"), ["../*"], "mods.paths: '../*' leads out of"),
    (("mods", "paths"), ["/etc/*"], "mods.paths: '/etc/*' leads out of"),
    (("keepalive", "seconds"), 0, "keepalive.seconds: 0 is not from 1 to 300"),
    (("mtu", "bytes"), 575, "mtu.bytes: 575 is not from 576 to 1500"),
    (("traffic", "name"), "fast", "traffic.name: 'fast' is none of realtime, bulk, standard"),
    (("titles", 0, "pattern"), "^Tag", "titles[0].pattern: '^Tag' looks like a regular expression"),
    (("titles", 0, "pattern"), "(.*)+x", "titles[0].pattern: '(.*)+x' looks like a regular expression"),
    (("titles", 0, "pattern"), "*T*g*", "titles[0].pattern: '*T*g*' has fewer than 3 letters"),
    (("id",), "tag\n", "id: "),
]
"""Place, value (``None``: none), and how the complaint begins."""


def changed(path: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    """The game with another value."""
    game = copy.deepcopy(GAME)
    at: Any = game
    for part in path[:-1]:
        at = at[part]
    if value is None:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return game


class RuleTests(SynchronousTestCase):
    """Each rule by itself."""

    def test_right(self) -> None:
        """The game from which all others differ is in order."""
        self.assertEqual((), read_games("f", as_toml([GAME], SOURCES)).problems)

    def test_wrong(self) -> None:
        """One broken rule is one problem, with the line of the value, and the game does not count."""
        for path, value, rule in WRONG:
            text = as_toml([changed(path, value)], SOURCES)
            reading = read_games("f", text)
            self.assertEqual(1, len(reading.problems), (path, value, reading.problems))
            (problem,) = reading.problems
            self.assertTrue(problem.rule.partition(": ")[2].startswith(rule), (problem.rule, rule))
            self.assertEqual((), reading.entries)
            assert problem.line is not None
            told = text.splitlines()[problem.line - 1]
            expected = "[[game]]" if path == ("colour",) else "{ " if 0 in path or 1 in path else f"{path[0]} = "
            self.assertTrue(told.strip().startswith(expected), (path, told))

    def test_rows_of_a_list(self) -> None:
        """The line is that of the row, not of its list."""
        for index in (0, 1):
            text = as_toml([changed(("ports", index, "ports"), "0/udp")], SOURCES)
            (problem,) = read_games("f", text).problems
            assert problem.line is not None
            self.assertIn('"0/udp"', text.splitlines()[problem.line - 1])

    def test_nothing_known(self) -> None:
        """A game of which nothing is known that could be used."""
        text = as_toml([{"id": "a", "name": "A", "confidence": "low"}], {})
        self.assertIn("tells no executables", read_games("f", text).problems[0].rule)

    def test_query_without_port(self) -> None:
        """It is at the game's port, so there must be one."""
        game = {**GAME, "ports": [{"ports": "9/udp", "role": "query", "source": "s"}]}
        (problem,) = read_games("f", as_toml([game], SOURCES)).problems
        self.assertIn("query: names no port", problem.rule)

    @settings(max_examples=20)
    @given(games(), st.data())
    def test_sources(self, game: dict[str, Any], data: st.DataObject) -> None:
        """Any value of any game without its source is refused, and counted as such."""
        rows = [(key, row) for key, each in game.items() for row in (each if isinstance(each, list) else [each])]
        sourced = [row for _, row in rows if isinstance(row, dict)]
        data.draw(st.sampled_from(sourced)).pop("source")
        (problem,) = read_games("f", as_toml([game], SOURCES)).problems
        self.assertTrue(problem.unsourced)
        self.assertIn("no source is named", problem.rule)
