"""Which game a process, a window or open ports are."""

from __future__ import annotations

import random
from pathlib import Path

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.game_detection import DetectionResult, Method
from lanrage.core.game_match import PORTS_LEAST, PORTS_MORE, GameIndex, Owner
from lanrage.core.game_profile import Executable
from lanrage.core.game_programs import ProcessSeen
from lanrage.core.game_windows import Window
from lanrage.core.play_ports import Proto
from tests.game_set import GAMES, L, game, use
from tests.strategies_detection import processes

INDEX = GameIndex(GAMES)
WINE = "/usr/lib/wine/wine64-preloader"


def found(exe: str, *argv: str, comm: str = "", steam: int | None = None) -> str | None:
    """The game that such a process is."""
    seen = ProcessSeen(7, exe, comm or exe.rpartition("/")[2][:15], argv or (exe,), steam)
    result = INDEX.process(seen)
    return result.game if result is not None else None


class ProcessTests(SynchronousTestCase):
    """:meth:`GameIndex.process`."""

    def test_result(self) -> None:
        """A process is 95 % sure, and says why."""
        result = INDEX.process(ProcessSeen(7, "/usr/games/openttd", "openttd", ("openttd",)))
        self.assertEqual(result, DetectionResult("openttd", Method.PROCESS, 0.95, "the program openttd", 7))

    def test_ways_of_starting(self) -> None:
        """Linux, another build, Wine, Java, a script, a name that was cut."""
        self.assertEqual(found("/opt/x/OpenTTD-13.4.x86_64"), "openttd")
        self.assertEqual(found("/home/a/openttdd"), "openttd")
        self.assertEqual(found(WINE, r"C:\Program Files\Among Us\Among Us.exe"), "among-us")
        self.assertEqual(found(WINE, r"Z:\Dungeon\game.exe", "1"), "dungeon")
        self.assertEqual(found("/usr/bin/java", "java", "-cp", "x", "net.minecraft.client.main.Main"), "minecraft")
        self.assertEqual(found("/usr/bin/java", "java", "-jar", "minecraft_server.1.21.jar"), "minecraft")
        self.assertEqual(found("/usr/bin/dash", "/bin/sh", "/usr/games/widelands", comm="widelands"), "widelands")
        self.assertEqual(found("", "x y", comm="dontstarve_dedi"), "don-t-starve-together")

    def test_exact_before_close(self) -> None:
        """A name that is known is that game, whatever else is like it."""
        index = GameIndex(
            [
                game("One", [(GAMES[0].executables[0].platform, "supergame")]),
                game("Two", [(GAMES[0].executables[0].platform, "supergames")]),
            ]
        )
        results = [index.process(ProcessSeen(7, f"/g/{name}", name, (name,))) for name in ("supergame", "supergames")]
        self.assertEqual([result.game if result else None for result in results], ["one", "two"])

    def test_platforms_are_apart(self) -> None:
        """A Windows name under Linux is none, and the other way round."""
        self.assertIsNone(found(WINE, r"C:\openttd-server"))
        self.assertIsNone(found("/usr/games/hl2"))

    def test_steam_says(self) -> None:
        """SteamAppId names the game whatever its program is called, but not Steam's own helpers."""
        self.assertEqual(found("/s/steamapps/common/X/bin/thing", steam=322330), "don-t-starve-together")
        self.assertEqual(found(WINE, r"C:\any.exe", steam=813780), "age-of-empires-ii-de")
        for file in ("winecfg.exe", r"C:\windows\system32\services.exe", WINE):
            self.assertIsNone(found(WINE, file, steam=813780), file)
        for helper in ("reaper", "pv-bwrap", "proton", "steam-launch-wrapper", "python3.11", "wineserver"):
            self.assertIsNone(found(f"/s/steamapps/common/X/{helper}", steam=322330), helper)

    def test_shared_names(self) -> None:
        """A name that several games share says nothing, unless a folder or an argument tells which one it is."""
        self.assertIsNone(found("/srv/srcds_run"))
        self.assertEqual(found("/srv/Team Fortress 2/srcds_run"), "team-fortress-2")
        self.assertEqual(
            found("/srv/x/srcds_run", "srcds_run", "-game", "counter-strike-source"), "counter-strike-source"
        )
        self.assertEqual(found(WINE, r"C:\Steam\common\Half-Life 2 Deathmatch\hl2.exe"), "half-life-2-deathmatch")

    def test_marks(self) -> None:
        """An argument counts before a folder, a folder without its version; the one without marks is what is left."""
        first, second, rest = (game(name, [(L, "tractorbeam")]) for name in ("One", "Two", "Rest"))
        first, second = (
            attrs.evolve(each, executables=(Executable(L, "tractorbeam", marks=(mark,)),))
            for each, mark in ((first, "hurtling"), (second, "duelling"))
        )
        index = GameIndex([first, second, rest])
        for expected, exe, *argv in (
            ("one", "/srv/x/tractorbeam", "tractorbeam", "-game", "hurtling"),
            ("two", "/srv/hurtling/tractorbeam", "tractorbeam", "-game", "duelling"),
            ("one", "/srv/hurtling_v1.3/tractorbeam", "tractorbeam"),
            ("rest", "/srv/x/tractorbeam", "tractorbeam"),
        ):
            result = index.process(ProcessSeen(7, exe, "tractorbeam", tuple(argv)))
            self.assertEqual(expected, result.game if result is not None else None, (exe, argv))
        self.assertIsNone(
            GameIndex([first, second]).process(ProcessSeen(7, "/srv/x/tractorbeam", "tractorbeam", ("tractorbeam",)))
        )

    def test_words(self) -> None:
        """A common word is no game by itself, even where a profile names it."""
        self.assertIsNone(found("/srv/thing/server"))
        self.assertEqual(found("/srv/bare/server"), "bare")
        self.assertIsNone(found(WINE, r"Z:\somewhere\game.exe"))

    def test_no_guess_for_the_system(self) -> None:
        """A program of the distribution is known to the letter or not at all."""
        self.assertIsNone(found("/usr/bin/openttdd"))
        self.assertEqual(found("/usr/bin/openttd"), "openttd")

    def test_this_machine(self) -> None:
        """No file of /usr/bin, wherever it lies, is a game, but by a game's own name; nor is a shell."""
        own = {program.name.lower() for profile in GAMES for program in profile.executables}
        names = sorted(path.name for path in Path("/usr/bin").iterdir() if path.name.lower() not in own)
        wrong = [
            name for name in names for folder in ("/usr/bin", "/home/a/bin") if found(f"{folder}/{name}", name, "600")
        ]
        self.assertEqual(wrong, [])
        draw = random.Random(1)
        for _ in range(300):
            argv = ("bash", "-c", *(draw.choice(names) for _ in range(3)))
            self.assertIsNone(found("/usr/bin/bash", *argv))

    @settings(max_examples=50)
    @given(processes)
    def test_anything(self, seen: ProcessSeen) -> None:
        """Any process gives no game or one that is known, as sure as a process is."""
        result = INDEX.process(seen)
        if result is not None:
            self.assertIn(result.game, INDEX.profiles)
            self.assertEqual((result.confidence, result.method, result.pid), (0.95, Method.PROCESS, seen.pid))

    def test_first_look_loses_nothing(self) -> None:
        """What is a game by its file is worth a look by its path alone."""
        for profile in GAMES:
            for program in profile.executables:
                if INDEX.process(ProcessSeen(7, f"/g/{program.name}", program.name[:15], (program.name,))) is not None:
                    self.assertTrue(INDEX.may_be(f"/g/{program.name}"), program.name)
        self.assertFalse(INDEX.may_be("/usr/bin/gcc") or INDEX.may_be_named("gcc"))
        self.assertTrue(INDEX.may_be_named("dontstarve_dedi") and INDEX.may_be_named("widelands"))


class WindowTests(SynchronousTestCase):
    """:meth:`GameIndex.window`."""

    def test_titles(self) -> None:
        """A pattern of the profile, else the game's name; 80 % sure in a window of the game's own program."""
        result = INDEX.window(Window("OpenTTD 13.4 - Little Wutham", "openttd", pid=9))
        assert result is not None
        self.assertEqual(
            (result.game, result.method, result.confidence, result.pid), ("openttd", Method.WINDOW, 0.8, 9)
        )
        for title, kind, program in (
            ("factorio", "", ""),
            ("Factorio: Space Age 2.0", "factorio", ""),
            ("Factorio 1.1", "", "factorio"),
            ("Age of Empires II DE", "steam_app_813780", "wine64-preloader"),
        ):
            self.assertIsNotNone(INDEX.window(Window(title, kind, None, program)), title)

    def test_what_shows_pages_is_no_game(self) -> None:
        """A browser's title is that of its page; a title that names nothing, or more than one game, is none."""
        self.assertIsNone(INDEX.window(Window("OpenTTD", program="firefox")))
        for title in ("", "My OpenTTD notes", "Factorio - wiki", "x" * 10_000):
            self.assertIsNone(INDEX.window(Window(title)))
        two = GameIndex([game("Alpha", titles=("App*",)), game("Apple", titles=("App*",))])
        self.assertIsNone(two.window(Window("Apple")))


class PortTests(SynchronousTestCase):
    """:meth:`GameIndex.ports`."""

    def of(self, *ports: tuple[Proto, int], exe: str = "/opt/thing") -> tuple[str, float] | None:
        """The game of a program with these ports, and how sure."""
        result = INDEX.ports(Owner(7, exe, frozenset(ports)))
        return (result.game, result.confidence) if result is not None else None

    def test_ratio(self) -> None:
        """From 60 % with the share of the profile's ports that are open to 75 % with all."""
        self.assertEqual(self.of(("udp", 34567)), ("portly", 0.65))
        self.assertEqual(self.of(("udp", 34567), ("udp", 34568)), ("portly", 0.7))
        self.assertEqual(self.of(("udp", 34567), ("udp", 34568), ("tcp", 34567)), ("portly", 0.75))
        self.assertEqual(self.of(("udp", 41500)), ("widely", 0.75))
        self.assertIsNone(self.of(("udp", 50000)))

    def test_shared_ports(self) -> None:
        """Those of over three profiles count half, and say nothing alone; neither do two games that fit equally."""
        self.assertIsNone(self.of(("udp", 27015)))
        all_three = self.of(("udp", 27015), ("udp", 27020), ("tcp", 27999))
        self.assertEqual(all_three, ("team-fortress-2", round(0.6 + 0.15 * 2 / 3, 4)))
        twins = GameIndex([game("A a", [], [use("udp", 4000)]), game("B b", [], [use("udp", 4000)])])
        self.assertIsNone(twins.ports(Owner(7, "/opt/x", frozenset({("udp", 4000)}))))

    def test_what_is_no_game(self) -> None:
        """A query port alone; a machine's services; a browser."""
        self.assertIsNone(self.of(("tcp", 34567)))
        service = GameIndex([game("Low", [], [use("tcp", 8080), use("udp", 5353)])])
        self.assertIsNone(service.ports(Owner(7, "/opt/x", frozenset({("tcp", 8080), ("udp", 5353)}))))
        self.assertIsNone(self.of(("udp", 34567), exe="/opt/firefox/firefox"))

    @given(
        st.sets(
            st.tuples(
                st.sampled_from(("tcp", "udp")), st.sampled_from((3979, 27015, 27020, 27999, 34567, 34568, 41001, 8303))
            )
        )
    )
    def test_bounds(self, ports: set[tuple[Proto, int]]) -> None:
        """Between 60 and 75 %, and never less for more ports of the game's own."""
        result = INDEX.ports(Owner(7, "/opt/x", frozenset(ports)))
        if result is None:
            return
        self.assertTrue(PORTS_LEAST < result.confidence <= PORTS_LEAST + PORTS_MORE)
        own = [(each.span.proto, each.span.first) for each in INDEX.profiles[result.game].ports]
        more = INDEX.own_ports(result.game, {*ports, *own})
        assert more is not None
        self.assertGreaterEqual(more.confidence, result.confidence)
        self.assertTrue(all(INDEX.wants(*port) for port in own))

    def test_wanted(self) -> None:
        """A look takes no interest in ports of no game."""
        self.assertTrue(INDEX.wants("udp", 41999) and INDEX.wants("tcp", 25565))
        self.assertFalse(INDEX.wants("udp", 42000) or INDEX.wants("udp", 25565))
