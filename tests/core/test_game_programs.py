"""What a process really runs."""

from __future__ import annotations

from hypothesis import given, settings
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.game_profile import Platform
from lanrage.core.game_programs import ProcessSeen, ProgramSeen, in_system, java_main, program_of, waits_for_name
from tests.strategies_detection import processes

L, W, J = Platform.LINUX, Platform.WINDOWS, Platform.JAVA


def run(exe: str, *argv: str, comm: str = "") -> ProgramSeen | None:
    """What such a process runs."""
    return program_of(ProcessSeen(1, exe, comm or exe.rpartition("/")[2][:15], argv))


class ProgramTests(SynchronousTestCase):
    """:func:`program_of`."""

    def test_plain(self) -> None:
        """A program is its file, also when that was replaced meanwhile."""
        self.assertEqual(run("/usr/games/openttd", "openttd", "-D"), ProgramSeen(L, "openttd", "/usr/games/openttd"))
        replaced = run("/opt/x/openttd (deleted)", "openttd")
        assert replaced is not None
        self.assertEqual(replaced.name, "openttd")

    def test_without_the_right_to_see_the_file(self) -> None:
        """The command line says the name where it fits the kernel's short one; that may be cut."""
        seen = ProcessSeen(1, "", "dontstarve_dedi", ("./dontstarve_dedicated_server_nullrenderer", "-x"))
        self.assertEqual(program_of(seen), ProgramSeen(L, "dontstarve_dedicated_server_nullrenderer"))
        renamed = ProcessSeen(1, "", "dontstarve_dedi", ("worker 1",))
        self.assertEqual(program_of(renamed), ProgramSeen(L, "dontstarve_dedi", "", cut=True))
        self.assertIsNone(program_of(ProcessSeen(1)))

    def test_wine(self) -> None:
        """The first .exe that is not Wine's own, with its folders; a loader that says nothing yet is known."""
        loader = "/usr/lib/wine/wine64-preloader"
        game = ProgramSeen(W, "My Game.exe", "Z:/games/My Folder/My Game.exe")
        self.assertEqual(run(loader, r"Z:\games\My Folder\My Game.exe", "-windowed"), game)
        self.assertEqual(
            run(loader, "wine64", "start.exe", r"C:\g\GAME.EXE"), ProgramSeen(W, "GAME.EXE", "C:/g/GAME.EXE")
        )
        self.assertIsNone(run(loader, r"C:\windows\system32\services.exe"))
        self.assertEqual(run("/tmp/anything", r"Z:\games\My Folder\My Game.exe"), game)
        self.assertEqual(run("/tmp/anything", "game.exe", "1"), ProgramSeen(W, "game.exe", "game.exe"))
        self.assertTrue(waits_for_name(ProcessSeen(1, loader, "wine64-preloade", (loader, "wine64"))))
        self.assertFalse(waits_for_name(ProcessSeen(1, loader, "game.exe", (r"Z:\game.exe",))))

    def test_java(self) -> None:
        """The archive or the main class, behind options with and without values."""
        java = "/usr/lib/jvm/java-21/bin/java"
        cases = {
            ("-Xmx2G", "-jar", "/srv/minecraft_server.1.20.jar", "nogui"): "minecraft_server.1.20.jar",
            ("-cp", "a.jar:b.jar", "-Dx=1", "net.minecraft.client.main.Main", "--x"): "net.minecraft.client.main.Main",
            ("--module-path", "m", "-m", "game/org.game.Main"): "org.game.Main",
            ("@args", "org.game.Main"): "org.game.Main",
        }
        for words, name in cases.items():
            found = run(java, "java", *words)
            assert found is not None
            self.assertEqual((found.platform, found.name), (J, name))
        self.assertIsNone(run(java, "java", "-version"))
        self.assertIsNone(java_main(["-jar"]))

    def test_scripts_and_loaders(self) -> None:
        """A script that was called by its name; not what a shell was told to do."""
        self.assertEqual(
            run("/usr/bin/dash", "/bin/sh", "/usr/games/widelands", comm="widelands"),
            ProgramSeen(L, "widelands", "/usr/games/widelands"),
        )
        self.assertIsNone(run("/usr/bin/dash", "sh", "-c", "openttd", comm="sh"))
        self.assertIsNone(run("/usr/bin/python3.11", "python3", "openttd", comm="python3"))
        loaded = run(
            "/usr/lib/ld-linux-x86-64.so.2", "ld.so", "--library-path", "/x/lib", "/x/bin/openttd", comm="ld.so"
        )
        self.assertEqual(loaded, ProgramSeen(L, "openttd", "/x/bin/openttd"))
        self.assertEqual(run("/usr/local/bin/box64", "box64", "/g/factorio"), ProgramSeen(L, "factorio", "/g/factorio"))
        self.assertIsNone(run("/usr/local/bin/box64", "box64", "-v"))

    @settings(max_examples=50)
    @given(processes)
    def test_anything(self, seen: ProcessSeen) -> None:
        """Whatever a process writes into its name and command line is read without an error."""
        found = program_of(seen)
        self.assertTrue(found is None or isinstance(found.name, str))

    def test_folders(self) -> None:
        """The distribution's folders, and nothing that only begins like them."""
        self.assertTrue(in_system("/usr/bin/gcc") and in_system("/lib/x"))
        self.assertFalse(in_system("/library/game") or in_system("/usr/games/x") or in_system("/usr/local/bin/x"))
