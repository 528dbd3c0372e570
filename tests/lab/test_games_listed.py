"""What counts as a server listed as it is, and the recipes of real servers."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.errors import MissingRight
from lanrage.lab.game_recipes import ASKED, LISTED, OPENTTD_LISTED, ListedServer
from lanrage.lab.games_listed import GAMES_LEAST, GONE_S, as_it_is, games, installed, report
from lanrage.lab.result import Result
from lanrage.store.game_profiles import load_shipped
from tests.lab.bare import own

BY_GAME = {server.game: server for server in LISTED}
TRUE: dict[str, Any] = {"game": "openttd", "joinable": "yes", "name": OPENTTD_LISTED.title, "players": 0}
ROW: dict[str, Any] = {
    "game": "openttd",
    "host": "h1",
    "missing": "",
    "listed": {},
    "unlisted_s": 1.0,
    "undetected_s": 1.0,
    "wrongly_listed": [],
    "unplayed_s": 4.0,
}


def rows(count: int) -> list[dict[str, Any]]:
    """So many games, each as it should be."""
    return [ROW, *({**ROW, "game": f"other{number}"} for number in range(count - 1))]


class ListedTests(SynchronousTestCase):
    """A row of a list against what the server was told to be."""

    def test_true(self) -> None:
        """The right row is; one that is wrong in any field is not."""
        self.assertTrue(as_it_is(TRUE, OPENTTD_LISTED, 0))
        for wrong in ({"game": "ddnet"}, {"joinable": "unknown"}, {"name": "OpenTTD of h1"}, {"players": None}):
            self.assertFalse(as_it_is({**TRUE, **wrong}, OPENTTD_LISTED, 0), wrong)

    @given(st.integers(0, 9), st.integers(0, 9))
    def test_players(self, told: int, wanted: int) -> None:
        """The number must be the one that is waited for."""
        self.assertEqual(told == wanted, as_it_is({**TRUE, "players": told}, OPENTTD_LISTED, wanted))

    def test_untold(self) -> None:
        """What a protocol does not tell may be absent; a false number is still false."""
        row = {"game": "minetest", "joinable": "yes", "name": "Luanti of h1", "players": None}
        self.assertTrue(as_it_is(row, BY_GAME["minetest"], 0))
        self.assertFalse(as_it_is({**row, "players": 3}, BY_GAME["minetest"], 0))


class ReportTests(SynchronousTestCase):
    """What the check makes of what it saw."""

    def shortfalls(self, seen: list[dict[str, Any]]) -> list[str]:
        """The sentences of a check with these rows."""
        result = Result("games")
        report(seen, result)
        return result.shortfalls

    def test_whole(self) -> None:
        """Six games that were all seen hold every limit; five are too few."""
        self.assertEqual([], self.shortfalls(rows(6)))
        self.assertEqual(["games_enough: False is not True"], self.shortfalls(rows(5)))

    def test_nobody_plays(self) -> None:
        """Players that nobody ever saw are a shortfall; a game without a player is none beside one with."""
        alone = [{**ROW, "unplayed_s": None}] * 5
        self.assertEqual(["games_played: False is not True"], self.shortfalls([*alone, ROW]))
        self.assertEqual([], self.shortfalls([*alone, ROW, ROW]))

    def test_wrongly_listed(self) -> None:
        """Who only plays hosts nothing."""
        seen = [*rows(6), {**ROW, "wrongly_listed": ["openttd on 10.66.0.2:3979"]}]
        self.assertEqual(["players_listed_as_servers: ['openttd on 10.66.0.2:3979'] is not []"], self.shortfalls(seen))

    def test_late(self) -> None:
        """One that is listed too long, or whose end was not seen, is a shortfall."""
        late = {**ROW, "game": "late", "unlisted_s": GONE_S + 1}
        self.assertEqual(["unlisted_s_max: 11 is more than 10"], self.shortfalls([*rows(6), late]))
        never = {**ROW, "game": "never", "unlisted_s": None}
        self.assertEqual(["unlisted_s_max: not measured, the limit is 10"], self.shortfalls([*rows(6), never]))

    def test_missing(self) -> None:
        """A game that was not seen is named, with what was."""
        told = self.shortfalls([*rows(6), {**ROW, "game": "ddnet", "missing": "it is listed: not within 60 s"}])
        self.assertIn("ddnet on h1: it is listed: not within 60 s; last listed as {}", told)
        self.assertIn("games_whole: 6 is not 7", told)


class RecipeTests(SynchronousTestCase):
    """The commands."""

    def server(self, **change: Any) -> ListedServer:
        """A recipe whose program is on every machine."""
        made = ListedServer("x", "true", "coreutils", 1, lambda folder: ["--in", str(folder)], files=(("a", "b\n"),))
        return attrs.evolve(made, **change)

    def test_command(self) -> None:
        """The folder is made with the files; another user is become before the program starts."""
        with tempfile.TemporaryDirectory() as base:
            folder = Path(base) / "deep" / "x"
            command = self.server().command(folder)
            self.assertEqual(["--in", str(folder)], command[1:])
            self.assertEqual("b\n", (folder / "a").read_text(encoding="utf-8"))
            other = self.server(user=65_534).command(folder)
            self.assertEqual("setpriv --reuid=65534 --regid=65534 --clear-groups env HOME=.".split(), other[:6])
            self.assertEqual(command, other[6:])
            nameless = self.server(nameless=True).command(folder)
            self.assertEqual((["unshare", "--mount"], command), (nameless[:2], nameless[-3:]))
            self.assertEqual("nameserver 127.0.0.1\n", (folder / "resolv.conf").read_text(encoding="utf-8"))

    def test_player_command(self) -> None:
        """Who joins reads files of its own; a game that nobody can join without a screen has no command."""
        with tempfile.TemporaryDirectory() as base:
            self.assertIsNone(self.server().player_command(Path(base) / "none", "10.66.0.2", 1))
            joins = self.server(player=lambda address, port: [address, str(port)], player_files=(("me", "name\n"),))
            self.assertEqual(["10.66.0.2", "1"], joins.player_command(Path(base) / "one", "10.66.0.2", 1))
            self.assertEqual(["one", "one/me"], sorted(str(each.relative_to(base)) for each in Path(base).rglob("*")))

    def test_installed(self) -> None:
        """A few may be missing; where too few are left, the first that is missing is named."""
        lacking = self.server(program="no-such-game", package="no-such-package")
        there = [self.server(game=f"g{number}") for number in range(GAMES_LEAST)]
        self.assertEqual(there, installed((lacking, *there)))
        error = self.assertRaises(MissingRight, installed, (lacking, *there[1:]))
        self.assertIn("no-such-package", str(error))

    def test_profiles(self) -> None:
        """Each recipe is of a game whose profile is shipped."""
        known = {entry.profile.game for reading in load_shipped() for entry in reading.entries}
        self.assertLessEqual({server.game for server in ASKED}, known)


@pytest.mark.lab
@pytest.mark.timeout(600)
@pytest.mark.needs("root", "ip", "nft", "tun", "wireguard-go")
class GamesTests(SynchronousTestCase):
    """The check itself."""

    def test_games(self) -> None:
        """Every server is noticed, listed with what it tells, and gone within ten seconds."""
        with tempfile.TemporaryDirectory(prefix="lr-", dir="/tmp") as base:
            result = games(Path(base), own("games"))
        self.assertEqual([], result.shortfalls)
