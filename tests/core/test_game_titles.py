"""Which game a title names: patterns, names, and the games that come with the program."""

from __future__ import annotations

import re
import time

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.game_match import GameIndex
from lanrage.core.game_presence import SURE
from lanrage.core.game_programs import ProcessSeen
from lanrage.core.game_reading import combine
from lanrage.core.game_titles import fits, wrong_pattern
from lanrage.core.game_windows import Window
from lanrage.store.game_profiles import load_shipped

SHIPPED = GameIndex(combine(load_shipped(), ()).games.values())
WINE = "/usr/lib/wine/wine64-preloader"
texts = st.text("abA*. (", max_size=8)


def shown(title: str, kind: str = "", program: str = "") -> tuple[str, bool] | None:
    """The game that a window shows, and whether others are told."""
    result = SHIPPED.window(Window(title, kind, None, program))
    return None if result is None else (result.game, result.confidence >= SURE)


class PatternTests(SynchronousTestCase):
    """:func:`fits`."""

    @given(texts, texts)
    def test_as_a_star_says(self, pattern: str, title: str) -> None:
        """It is as the expression that a star stands for, whatever the case."""
        model = re.compile(".*".join(re.escape(part) for part in pattern.split("*")), re.IGNORECASE)
        self.assertEqual(fits(pattern, title), model.fullmatch(title) is not None)

    def test_hostile_titles(self) -> None:
        """What stops a regular expression for years takes no time."""
        before = time.thread_time()
        for _ in range(100):
            self.assertFalse(fits("*a" * 100 + "*b", "a" * 200))
        self.assertLess(time.thread_time() - before, 1.0)

    def test_wrong(self) -> None:
        """Regular expressions, and what any title fits, are refused."""
        for pattern in ("^Tag", "Tag$", "(a.*)+b", "*", "*a*b*", "***"):
            self.assertTrue(wrong_pattern(pattern), pattern)
        for pattern in ("Tag", "Tag *", "*[Tag]"):
            self.assertEqual(wrong_pattern(pattern), "", pattern)


class ShippedTests(SynchronousTestCase):
    """Windows and programs, by the profiles that come with the program."""

    def test_own_windows(self) -> None:
        """A name with a version or more behind it, in a window of the game's own."""
        self.assertEqual(shown("OpenTTD 13.0", "openttd", "openttd"), ("openttd", True))
        self.assertEqual(shown("SuperTuxKart", "SuperTuxKart"), ("supertuxkart", True))
        self.assertEqual(shown("Widelands 1.1", "", "widelands"), ("widelands", True))
        self.assertEqual(shown("Warzone 2100: lobby", "warzone2100"), ("warzone2100", True))
        self.assertEqual(shown("Factorio 1.1.100", "factorio", "factorio"), ("factorio", True))

    def test_windows_of_others(self) -> None:
        """Of a file manager, a browser or any other nobody else is told; more than a name is nothing there."""
        for kind, program in (("Nemo", "nemo"), ("Vivaldi-stable", "vivaldi-bin"), ("firefox", "firefox-esr")):
            for title in ("OpenTTD", "OpenTTD 13.0", "Widelands"):
                self.assertIsNone(shown(title, kind, program), (title, kind))
        self.assertEqual(shown("OpenTTD 13.0", "Mousepad", "mousepad"), ("openttd", False))
        self.assertEqual(shown("Widelands", "Mousepad", "mousepad"), ("widelands", False))
        self.assertIsNone(shown("Widelands - notes", "Mousepad", "mousepad"))
        self.assertIsNone(shown("My Widelands notes", "widelands"))

    def test_windows_answers_are_remembered(self) -> None:
        """A screen full of windows costs next to nothing the second time."""
        windows = [Window(f"window {number}", "kind", None, "program") for number in range(256)]
        for window in windows:
            SHIPPED.window(window)
        before = time.thread_time()
        self.assertEqual([each for each in windows if SHIPPED.window(each)], [])
        self.assertLess(time.thread_time() - before, 0.01)

    def of(self, exe: str, *argv: str, steam: int | None = None) -> str | None:
        """The game that a process is."""
        result = SHIPPED.process(ProcessSeen(7, exe, exe.rpartition("/")[2][:15], argv or (exe,), steam))
        return result.game if result is not None else None

    def test_names_that_anything_has(self) -> None:
        """A short or common name under Wine takes a folder of the game's name; a short one on Linux is not guessed."""
        for name in ("ship.exe", "ET.exe", "k2.exe", "halo.exe", "Scrap.exe"):
            self.assertIsNone(self.of(WINE, rf"Z:\tools\{name}"), name)
        self.assertEqual(self.of(WINE, r"C:\Games\The Ship\ship.exe"), "theship")
        self.assertEqual(self.of(WINE, r"C:\Games\Halo\halo.exe"), "halo")
        self.assertEqual(self.of(WINE, r"Z:\x\FarCry.exe"), "farcry")
        self.assertEqual(self.of(WINE, r"Z:\x\hl2.exe"), "source-engine")
        self.assertIsNone(self.of("/opt/x/blobbyd"))
        self.assertEqual(self.of("/opt/x/blobby"), "blobby-volley-2")

    def test_programs_of_other_distributions(self) -> None:
        """The names by which newer packages call old games."""
        self.assertEqual(self.of("/usr/bin/luanti"), "minetest")
        self.assertEqual(self.of("/usr/bin/luantiserver"), "minetest")
        self.assertEqual(self.of("/usr/bin/freeciv-gtk4"), "freeciv")
        self.assertEqual(self.of("/home/a/Xonotic/xonotic-linux64-sdl"), "xonotic")
