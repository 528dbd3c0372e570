"""Files of games' profiles: what is read is what stands there, what is wrong is named with its line."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.game_building import build
from lanrage.core.game_problem import Problem
from lanrage.core.game_profile import Fact, GameProfile, Platform
from lanrage.core.game_reading import FILE_LIMIT, Reading, combine, read_games
from lanrage.core.game_values import plain_profile
from lanrage.core.play_ports import Span
from tests.strategies_game_files import as_toml, games

HEAD = '[sources]\ns = "ss -u"\n\n'


def game(name: str, ports: str = "9/udp", more: str = "") -> str:
    """A game with one port."""
    return (
        f'[[game]]\nid = "{name}"\nname = "{name}"\nconfidence = "low"\n'
        f'ports = [{{ ports = "{ports}", role = "game", source = "s" }}]\n{more}\n'
    )


class ReadingTests(SynchronousTestCase):
    """One file."""

    @settings(max_examples=25)
    @given(st.lists(games(), min_size=1, max_size=2), st.booleans())
    def test_everything_is_read(self, tables: list[dict[str, Any]], own: bool) -> None:
        """What keeps the rules is read whole, in its order, at its line; each value has a fact with the source."""
        text = as_toml(tables, {"s": "a source"})
        reading = read_games("f.toml", text, own=own)
        self.assertEqual((), reading.problems)
        lines = text.splitlines()
        for entry, table in zip(reading.entries, tables, strict=True):
            assert entry.line is not None
            self.assertEqual(("[[game]]", f'id = "{table["id"]}"'), tuple(lines[entry.line - 1 : entry.line + 1]))
            self._check(entry.profile, table, own)

    def _check(self, profile: GameProfile, table: dict[str, Any], own: bool) -> None:
        self.assertEqual((table["id"], table["name"], own), (profile.game, profile.name, profile.own))
        self.assertEqual([each["role"] for each in table["ports"]], [use.role.value for use in profile.ports])
        self.assertEqual([each["ports"] for each in table["ports"]], [str(use.span) for use in profile.ports])
        self.assertEqual([each["names"][0] for each in table["executables"]], [e.name for e in profile.executables])
        for way, row in zip(profile.discovery, table["discovery"], strict=True):
            self.assertEqual(row.get("signature"), way.signature.hex() if way.signature is not None else None)
            self.assertEqual(ip_address(row["group"]) if "group" in row else None, way.group)
            self.assertEqual((row.get("period"), row.get("format")), (way.period, way.format))
        rows = sum(len(each) for each in table.values() if isinstance(each, list))
        rows += sum(1 for each in table.values() if isinstance(each, dict))
        self.assertEqual(["a source"] * rows, [fact.source for fact in profile.facts])
        self.assertLessEqual(set(plain_profile(profile)) & {"facts", "own"}, set())

    def test_facts(self) -> None:
        """In words, each with the whole source."""
        text = HEAD + game("tag", "9-12/udp", 'mtu = { bytes = 900, source = "s" }')
        facts = read_games("f", text).entries[0].profile.facts
        self.assertEqual((Fact("game port 9-12/udp", "ss -u"), Fact("packets of at most 900 bytes", "ss -u")), facts)

    @given(st.text(max_size=300))
    def test_any_text(self, text: str) -> None:
        """A text that is no such file is one with problems, never an error."""
        reading = read_games("f", text)
        self.assertTrue(reading.problems)
        self.assertEqual((), reading.entries)

    @settings(max_examples=20)
    @given(games(), st.data())
    def test_cut(self, table: dict[str, Any], data: st.DataObject) -> None:
        """Nor is a file that was cut off while it was written."""
        text = as_toml([table], {"s": "x"})
        cut = text[: data.draw(st.integers(0, len(text) - 2))]
        for problem in read_games("f", cut).problems:
            self.assertTrue(problem.line is None or 1 <= problem.line <= len(cut.splitlines()) + 1)

    def test_no_toml(self) -> None:
        """The parser's line is told."""
        (problem,) = read_games("f", HEAD + "game = [\n  }\n").problems
        self.assertEqual(5, problem.line)
        self.assertIn("is no TOML", problem.rule)

    def test_too_long(self) -> None:
        """A file over the limit is not parsed."""
        (problem,) = read_games("f", "#" * (FILE_LIMIT + 1)).problems
        self.assertIn(f"more than {FILE_LIMIT} characters", problem.rule)

    def test_deep(self) -> None:
        """Nor does one that is nested without end exhaust the stack."""
        self.assertIn("is no TOML", read_games("f", "a = " + "[" * 50_000).problems[0].rule)

    def test_top(self) -> None:
        """Unknown tables, no games, a source that nothing names."""
        rules = [each.rule for each in read_games("f", "[games]\n").problems]
        self.assertEqual(
            ["'games' is unknown; there are [sources] and [[game]]", "has not 1 to 512 tables [[game]]"], rules
        )
        idle = read_games("f", '[sources]\ns = "a"\nt = "b"\n' + game("tag")).problems
        self.assertEqual(["the source 't' is named by no value"], [each.rule for each in idle])

    def test_each_game_is_named(self) -> None:
        """All that is wrong is told at once; what is right in the file is seen beside it."""
        text = HEAD + game("one", "0/udp") + game("two") + game("three", "65536/udp") + "[[game]]\nid = 7\n"
        reading = read_games("f", text)
        self.assertEqual([8, 20, 23], [each.line for each in reading.problems])
        self.assertEqual(["one", "three", "game 4"], [each.rule.partition(":")[0] for each in reading.problems])
        self.assertEqual(["two"], [each.profile.game for each in reading.entries])

    def test_no_wrong_line(self) -> None:
        """Where tables cannot be told apart in the text, no line is told rather than a wrong one."""
        hidden = 'facts = [{ text = """\n[[game]]\n""", source = "s" }]'
        problem, *_ = read_games("f", HEAD + game("one", more=hidden) + game("two", "0/udp")).problems
        self.assertEqual((None, True), (problem.line, problem.rule.startswith("two: ports[0].ports")))


class TogetherTests(SynchronousTestCase):
    """Several files."""

    def read(self, file: str, text: str, *, own: bool = False) -> Reading:
        """A file in order."""
        reading = read_games(file, HEAD + text, own=own)
        self.assertEqual((), reading.problems)
        return reading

    def test_own_games_come_first(self) -> None:
        """A user's game takes the place of the program's as a whole; others stay."""
        found = combine([self.read("a", game("x") + game("y"))], [self.read("b", game("x", "10/udp"), own=True)])
        self.assertEqual((), found.problems)
        self.assertEqual(["x", "y"], list(found.games))
        self.assertEqual((True, Span("udp", 10, 10)), (found.games["x"].own, found.games["x"].ports[0].span))

    def test_twice(self) -> None:
        """Twice among the program's, or among the user's: the first counts, the second is named with both places."""
        found = combine([self.read("a", game("x")), self.read("b", game("x", "10/udp"))], [])
        self.assertEqual((Problem("b", 4, "x: is there already, in a:4"),), found.problems)
        self.assertEqual(Span("udp", 9, 9), found.games["x"].ports[0].span)

    def test_shared_programs(self) -> None:
        """Two games with one program need a reason at each, and a mark at all but one; platforms are apart."""

        def program(platform: str, name: str, shared: str = "", mark: str = "") -> str:
            reason = f', shared = "{shared}"' if shared else ""
            reason += f', marks = ["{mark}"]' if mark else ""
            return f'executables = [{{ platform = "{platform}", names = ["{name}"]{reason}, source = "s" }}]'

        one = game("x", more=program("windows", "Hl2.exe"))
        two = game("y", more=program("windows", "hl2.EXE", "one engine"))
        found = combine([self.read("a", one), self.read("b", two)], [])
        rule = "x: executables: 'hl2.exe' is that of y, too: say why in shared"
        self.assertEqual(Problem("a", 4, rule), found.problems[0])
        reasons = self.read("a", game("x", more=program("windows", "Hl2.exe", "one engine")))
        rules = [problem.rule for problem in combine([reasons, self.read("b", two)], []).problems]
        self.assertEqual(
            [f"{a}: executables: 'hl2.exe' is that of {b}, too: tell them apart by marks" for a, b in ("xy", "yx")],
            rules,
        )
        marked = self.read("b", game("y", more=program("windows", "hl2.exe", "one engine", "hl2mp")))
        self.assertEqual((), combine([reasons, marked], []).problems)
        mine = combine([self.read("a", one)], [self.read("d", game("w", more=program("windows", "hl2.exe")), own=True)])
        self.assertEqual(["d"], [each.file for each in mine.problems])
        java = game("z", more=program("java", "Hl2.exe"))
        self.assertEqual((), combine([self.read("a", one), self.read("c", java)], []).problems)

    def test_steam(self) -> None:
        """An id at Steam is one game's; within a game it may stand twice."""

        def steam(*ids: int) -> str:
            return f'steam = [{{ ids = {list(ids)}, source = "s" }}]'

        files = [self.read("a", game("x", more=steam(10, 10))), self.read("b", game("y", more=steam(20, 10)))]
        self.assertEqual((Problem("b", 4, "y: steam: 10 is the id of x, in a:4"),), combine(files, []).problems)

    def test_built_alike(self) -> None:
        """A table gives the same profile wherever it stands."""
        (entry,) = self.read("a", game("x")).entries
        self.assertEqual(entry.profile, build(entry.table, {"s": "ss -u"}, own=False))
        self.assertEqual((), tuple(each for each in entry.profile.executables if each.platform is Platform.JAVA))
