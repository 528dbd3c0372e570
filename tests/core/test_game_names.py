"""Which names of programs mean the same game."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.game_names import CLOSE, COMMON, SHORTEST_CLOSE, KnownNames, likeness, plain
from tests.game_set import GAMES
from tests.strategies_detection import endings, names

KNOWN = KnownNames.of(program.name.lower() for profile in GAMES for program in profile.executables)


class PlainTests(SynchronousTestCase):
    """:func:`plain`."""

    def test_versions_and_systems(self) -> None:
        """What a build adds to a name is left out; a number of the game's name stays."""
        cases = {
            "OpenTTD-13.4.x86_64": "openttd",
            "openttd": "openttd",
            "factorio_1.1.110": "factorio",
            "ioquake3.x86_64": "ioquake3",
            "hl2-linux": "hl2-linux",  # three letters are too few
            "Among Us.exe": "amongus",
            "Quake2.exe": "quake2",
            "minecraft_server.1.20.1.jar": "minecraftserver",
            "armagetronad-dedicated.real": "armagetronaddedicated",
            "Unturned_Headless.x86_64": "unturnedheadless",
            "7DaysToDieServer.x86_64": "7daystodieserver",
            ".exe": ".exe",
        }
        self.assertEqual({name: plain(name) for name in cases}, cases)

    @given(names, endings)
    def test_stable(self, name: str, ending: str) -> None:
        """It is its own plain name, unless nothing was left out; it is never empty."""
        short = plain(name + ending)
        self.assertTrue(short)
        self.assertLessEqual(len(plain(short)), len(short))


class LikenessTests(SynchronousTestCase):
    """:func:`likeness`."""

    def test_rules(self) -> None:
        """A letter more or less is the same game; another number, a tool, another beginning, a word are not."""
        same = [("openttdd", "openttd"), ("teeworlds_srv", "teeworlds-srv"), ("factoria", "factorio")]
        others = [
            *(
                ("quake2", "quake3"),
                ("farcry2", "farcry"),
                ("megaglest_editor", "megaglest"),
                ("chocolate-setup", "chocolate-doom"),
            ),
            *(
                ("aopenttd", "openttd"),
                ("server", "servers"),
                ("doom", "doom2"),
                ("factor", "factorio"),
                ("terminal", "terminals"),
                ("", "openttd"),
            ),
        ]
        self.assertTrue(all(likeness(*pair) >= CLOSE for pair in same), [likeness(*pair) for pair in same])
        self.assertEqual([pair for pair in others if likeness(*pair)], [])

    @given(names, names)
    def test_bounds(self, one: str, other: str) -> None:
        """Either 0 or at least the threshold; the same name is 100 where it is long enough and no word."""
        value = likeness(one, other)
        self.assertTrue(value == 0 or CLOSE <= value <= 100)
        short = plain(one)
        if len(short) >= SHORTEST_CLOSE and short not in COMMON:
            self.assertEqual(likeness(one, one), 100)

    @given(names)
    def test_closest_is_the_best(self, name: str) -> None:
        """The quick way through all names finds what a look at each finds."""
        found = KNOWN.closest(name)
        all_ways = sorted(((likeness(name, known), known) for known in KNOWN.names), reverse=True)
        if found is not None:
            self.assertEqual(found[1], all_ways[0][0])
        elif all_ways[0][0]:
            self.assertEqual(all_ways[0][0], all_ways[1][0], "only where two are equally close nothing is said")

    def test_this_machine(self) -> None:
        """No name of a program in /usr/bin is close to a game's, but a game's own."""
        own = {program.name.lower() for profile in GAMES for program in profile.executables}
        found = [
            (path.name, near)
            for path in Path("/usr/bin").iterdir()
            if path.name.lower() not in own and (near := KNOWN.closest(path.name)) is not None
        ]
        self.assertEqual(found, [])
