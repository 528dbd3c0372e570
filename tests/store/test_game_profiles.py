"""The profiles that come with the program, and a user's folder on a real disk."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.game_match import GameIndex
from lanrage.core.game_ports import fixed_ports
from lanrage.core.game_profile import GameProfile
from lanrage.core.game_programs import ProcessSeen
from lanrage.core.game_reading import Catalogue, combine, read_games
from lanrage.core.kept_ports import kept_reason
from lanrage.core.play_ports import GAMES_LIMIT, Span, merged
from lanrage.store.game_profiles import FILES_LIMIT, OwnFiles, load_shipped

PORTS_OPEN = 250
"""Ports that the firewall opens for all known games together, at most: one in 500 of all there are."""


class ShippedTests(SynchronousTestCase):
    """What comes with the program."""

    def setUp(self) -> None:
        """Read it."""
        self.found = combine(load_shipped(), ())
        self.games = self.found.games

    def test_in_order(self) -> None:
        """No rule is broken, in no file and between none; there are the games that were promised."""
        self.assertEqual((), self.found.problems)
        self.assertGreaterEqual(len(self.games), 300)

    def test_every_fact_has_a_source(self) -> None:
        """One that names a file, a program or a document, not a rumour."""
        for game in self.games.values():
            self.assertTrue(game.facts, game.game)
            for fact in game.facts:
                self.assertGreater(len(fact.source), 8, (game.game, fact))

    def test_known_values(self) -> None:
        """What anybody can look up: Minecraft's beacon, OpenTTD's port, how Teeworlds is joined."""
        minecraft, openttd, teeworlds = (self.games[name] for name in ("minecraft", "openttd", "teeworlds"))
        (beacon,) = minecraft.discovery
        self.assertEqual(("224.0.2.60", 1.5, b"[MOTD]"), (str(beacon.group), beacon.period, beacon.signature))
        self.assertIn(Span("tcp", 3979, 3979), [use.span for use in openttd.ports])
        assert teeworlds.join is not None
        self.assertEqual(("connect {address}:{port}",), teeworlds.join.command)

    def test_ports_of_the_firewall(self) -> None:
        """As many games as the registry takes, few ports, none of a machine's services."""
        opening = [(game, spans) for game in self.games.values() if (spans := fixed_ports(game))]
        self.assertLess(len(opening), GAMES_LIMIT)
        spans = merged(span for _, each in opening for span in each)
        ports = [(span.proto, port) for span in spans for port in range(span.first, span.last + 1)]
        self.assertLess(len(ports), PORTS_OPEN)
        self.assertEqual([], [each for each in ports if kept_reason(*each)])
        for port in (("udp", 4445), ("udp", 27960), ("udp", 8303), ("tcp", 25565), ("udp", 6112), ("udp", 27015)):
            self.assertIn(port, ports)

    def test_programs_of_one_engine(self) -> None:
        """An argument or a folder tells which game it is; without one it is the one without marks, or none."""
        index = GameIndex(self.games.values())
        wine = "/usr/lib/wine/wine64-preloader"
        for expected, exe, *argv in (
            ("css", "/s/Counter-Strike Source/hl2_linux", "hl2_linux", "-game", "cstrike"),
            ("teamfortress2", "/srv/x/srcds_run", "srcds_run", "-game", "tf"),
            ("neotokyo", wine, "D:\\x\\hl2.exe", "-game", "NEOTOKYO"),
            ("source-engine", wine, "D:\\x\\hl2.exe"),
            ("openarena", "/usr/lib/ioquake3/ioquake3", "ioquake3", "+set", "com_basegame", "baseoa"),
            ("q3a", "/usr/lib/ioquake3/ioquake3", "ioquake3"),
            ("borderlands2", wine, "D:\\Games\\Borderlands2.exe"),
            (None, wine, "D:\\x\\game.exe"),
            (None, wine, "D:\\x\\sin.exe"),
            ("sin", wine, "D:\\SiN Gold\\sin.exe"),
        ):
            result = index.process(ProcessSeen(7, exe, exe.rpartition("/")[2][:15], tuple(argv)))
            self.assertEqual(expected, result.game if result is not None else None, (exe, argv))

    def test_well_known_games(self) -> None:
        """Those that are played on most LANs can be noticed by a program or an id at Steam."""
        shooters = "css csgo counterstrike16 teamfortress2 l4d2 garrysmod halo q3a unrealtournament2004 cod2 cod4mw"
        others = "battlefield2 aoe2de starcraft warcraft3 minecraft terraria factorio valheim openttd openra xonotic"
        for name in f"{shooters} {others}".split():
            game = self.games[name]
            self.assertTrue(game.executables or game.steam_appids, name)


class FolderTests(SynchronousTestCase):
    """A user's folder."""

    def setUp(self) -> None:
        """An empty one."""
        self.folder = Path(tempfile.mkdtemp(prefix="lanrage-games-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.own = OwnFiles(self.folder)

    def write(self, name: str, text: str) -> None:
        """Put a new file in the place of the old one."""
        other = self.folder / f"{name}.new"
        other.write_text(text, encoding="utf-8")
        other.replace(self.folder / name)

    def look(self) -> dict[str, GameProfile]:
        """The games after another look."""
        self.own = self.own.look()
        return dict(combine((), self.own.readings).games)

    def test_life(self) -> None:
        """A file comes, changes, breaks, is mended and goes."""
        self.assertEqual({}, self.look())
        self.write("a.toml", own_game("tag", 40000))
        self.assertEqual(["tag"], list(self.look()))
        self.write("a.toml", own_game("tag", 40001))
        self.assertEqual(Span("udp", 40001, 40001), self.look()["tag"].ports[0].span)
        self.write("a.toml", own_game("tag", 0))
        self.assertEqual(Span("udp", 40001, 40001), self.look()["tag"].ports[0].span)
        problem, other = self.own.problems
        self.assertEqual((str(self.folder / "a.toml"), 8, 9), (problem.file, problem.line, other.line))
        self.assertIn("'0/udp' is not PORT", problem.rule)
        self.write("a.toml", own_game("tig", 40002))
        self.assertEqual((["tig"], ()), (list(self.look()), self.own.problems))
        (self.folder / "a.toml").unlink()
        self.assertEqual({}, self.look())

    def test_nothing_new(self) -> None:
        """Without a change nothing is read, and the look says so."""
        self.write("a.toml", own_game("tag", 40000))
        self.look()
        self.assertIs(self.own, self.own.look())

    def test_bad_from_the_first(self) -> None:
        """A file that never was in order has no effect, and others have theirs."""
        self.write("a.toml", own_game("tag", 40000))
        self.write("b.toml", "nonsense")
        self.assertEqual((["tag"], 1), (list(self.look()), len(self.own.problems)))

    def test_not_a_text(self) -> None:
        """A pipe is not waited for, bytes that are no UTF-8 are refused; other and hidden files are not looked at."""
        os.mkfifo(self.folder / "pipe.toml")
        (self.folder / "bytes.toml").write_bytes(b"\xff")
        (self.folder / "notes.txt").write_text("x", encoding="utf-8")
        (self.folder / ".swap.toml").write_text("x", encoding="utf-8")
        self.assertEqual({}, self.look())
        self.assertEqual(["cannot be read: it is no text in UTF-8"], [each.rule for each in self.own.problems])

    def test_too_many(self) -> None:
        """The first files by name count, and it is said that there are more."""
        for number in range(FILES_LIMIT + 1):
            self.write(f"{number:03}.toml", own_game(f"g{number}", 40000))
        self.assertEqual(FILES_LIMIT, len(self.look()))
        self.assertIn(f"the first {FILES_LIMIT} count", self.own.problems[0].rule)

    def test_no_folder(self) -> None:
        """None yet is no problem; a file in its place is one, and what was read stays."""
        self.write("a.toml", own_game("tag", 40000))
        self.look()
        shutil.rmtree(self.folder)
        self.folder.write_text("", encoding="utf-8")
        self.assertEqual(["tag"], list(self.look()))
        self.assertIn("cannot be read", self.own.problems[0].rule)
        self.folder.unlink()
        self.assertEqual(({}, ()), (self.look(), self.own.problems))
        self.folder.mkdir()


def own_game(name: str, port: int) -> str:
    """A file with one game."""
    return (
        f'[sources]\nme = "ss -u"\n\n[[game]]\nid = "{name}"\nname = "{name}"\nconfidence = "high"\n'
        f'ports = [{{ ports = "{port}/udp", role = "game", source = "me" }}]\n'
        f'discovery = [{{ kind = "broadcast", speaker = "host", ports = "{port}/udp", source = "me" }}]\n'
    )


class OwnClaimTests(SynchronousTestCase):
    """A game of the user's own beside those that come with the program."""

    def combined(self, name: str, program: str, extra: str = "") -> Catalogue:
        """The shipped games and one more."""
        text = (
            f'[sources]\nme = "ls"\n\n[[game]]\nid = "{name}"\nname = "Mine"\nconfidence = "high"\n'
            f'executables = [{{ platform = "linux", names = ["{program}"], source = "me"{extra} }}]\n'
        )
        return combine(load_shipped(), [read_games("own", text, own=True)])

    def test_takes_a_program(self) -> None:
        """It is a problem and counts for nothing; with a reason both count, and with the same id it is the game."""
        catalogue = self.combined("mine", "openttd")
        self.assertNotIn("mine", catalogue.games)
        (problem,) = catalogue.problems
        self.assertIn("'openttd' is that of openttd, too", problem.rule)
        self.assertEqual("openttd", self.of(catalogue))
        self.assertIn("mine", self.combined("mine", "openttd", ', shared = "a fork"').games)
        mine = self.combined("openttd", "openttd")
        self.assertEqual(((), "Mine", "openttd"), (mine.problems, mine.games["openttd"].name, self.of(mine)))

    def test_takes_an_id_of_steam(self) -> None:
        """It does not count either."""
        catalogue = self.combined("mine", "mine", ' }]\nsteam = [{ ids = [440], source = "me"')
        self.assertEqual((False, 1), ("mine" in catalogue.games, len(catalogue.problems)))

    def test_two_of_the_user_s_own(self) -> None:
        """Both are problems, and both count: they take nothing that came with the program."""
        text = '[sources]\nme = "ls"\n' + "".join(
            f'[[game]]\nid = "{name}"\nname = "{name}"\nconfidence = "high"\n'
            'executables = [{ platform = "linux", names = ["xyzzy"], source = "me" }]\n'
            for name in ("one", "two")
        )
        catalogue = combine(load_shipped(), [read_games("own", text, own=True)])
        self.assertEqual((2, True), (len(catalogue.problems), {"one", "two"} <= set(catalogue.games)))

    def test_takes_a_program_in_another_game_s_place(self) -> None:
        """Then the game that came with the program counts in its place."""
        catalogue = self.combined("widelands", "openttd")
        self.assertEqual("Widelands", catalogue.games["widelands"].name)
        self.assertEqual(("openttd", 1), (self.of(catalogue), len(catalogue.problems)))

    def of(self, catalogue: Catalogue) -> str | None:
        """Which game the program ``openttd`` is."""
        result = GameIndex(catalogue.games.values()).process(ProcessSeen(7, "/usr/games/openttd", "openttd"))
        return result.game if result is not None else None
