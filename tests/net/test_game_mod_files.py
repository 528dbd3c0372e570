"""Modifications found in folders: patterns, links, and limits."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.game_mods import HASH_BYTES, Mod, ModList
from lanrage.core.game_profile import ModKind, Mods
from lanrage.errors import BadInput
from lanrage.net.game_mod_files import ModLimits, ModPlaces, read_mods


class FileTests(SynchronousTestCase):
    """One home folder and one game's folder."""

    def setUp(self) -> None:
        folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, folder)
        self.home, self.game = folder / "home", folder / "game"
        self.places = ModPlaces(str(self.home), str(self.game))
        self.put(self.home / "mods/a.jar", b"first")
        self.put(self.home / "mods/b.jar", b"second")

    @staticmethod
    def put(path: Path, content: bytes) -> None:
        """A file and the folders above it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def names(self, *paths: str) -> list[str]:
        """What these patterns find."""
        return [each.name for each in read_mods(Mods(ModKind.NATIVE, paths), self.places).mods]

    def test_hashed(self) -> None:
        """Contents are hashed where the profile says so, and nowhere else."""
        rule = Mods(ModKind.NATIVE, ("~/mods/*.jar",), hashed=True)
        first = hashlib.blake2b(b"first", digest_size=HASH_BYTES).digest()
        second = hashlib.blake2b(b"second", digest_size=HASH_BYTES).digest()
        self.assertEqual(read_mods(rule, self.places), ModList.of([Mod("a.jar", first), Mod("b.jar", second)]))
        plain = Mods(ModKind.NATIVE, ("~/mods/*.jar",))
        self.assertEqual(read_mods(plain, self.places), ModList.of([Mod("a.jar"), Mod("b.jar")]))

    def test_patterns(self) -> None:
        """Patterns begin at home or in the game's folder, go through folders, and find no hidden or other files."""
        self.put(self.game / "packs/x/c.zip", b"")
        self.put(self.game / "packs/.hidden/d.zip", b"")
        self.put(self.game / "packs/x/readme.txt", b"")
        self.put(self.home / "mods/.part.jar", b"")
        (self.home / "mods/folder.jar").mkdir()
        self.assertEqual(self.names("packs/*/*.zip", "~/mods/*.jar"), ["a.jar", "b.jar", "c.zip"])
        self.assertEqual(self.names("~/mods/a.jar", "~/mods/z.jar", "~/none/*"), ["a.jar"])
        nowhere = ModPlaces(str(self.home))
        self.assertEqual(read_mods(Mods(ModKind.NATIVE, ("packs/*/*.zip",)), nowhere), ModList())

    def test_links(self) -> None:
        """No link is followed, to a file or to a folder; a pipe is not waited for."""
        self.put(self.game / "secret/key.jar", b"secret")
        os.symlink(self.game.resolve() / "secret/key.jar", self.home / "mods/key.jar")
        os.symlink(self.game.resolve() / "secret", self.home / "linked")
        os.mkfifo(self.home / "mods/pipe.jar")
        rule = Mods(ModKind.NATIVE, ("~/mods/*.jar", "~/linked/*.jar", "~/*/key.jar"), hashed=True)
        self.assertEqual([each.name for each in read_mods(rule, self.places).mods], ["a.jar", "b.jar"])

    def test_outside(self) -> None:
        """A pattern that leads out of its folder is refused."""
        for pattern in ("../x", "~/../x", "~", "/etc/passwd", "mods//x", "mods/~/x"):
            self.assertRaises(BadInput, self.names, pattern)

    def test_limits(self) -> None:
        """More entries, files or bytes than the limits are an error; just as many are not."""
        rule = Mods(ModKind.NATIVE, ("~/mods/*.jar",), hashed=True)
        self.assertEqual(len(read_mods(rule, self.places, ModLimits(2, 11, 2)).mods), 2)
        for limits in (ModLimits(entries=1), ModLimits(bytes=10), ModLimits(mods=1)):
            self.assertRaises(BadInput, read_mods, rule, self.places, limits)

    def test_nothing_open(self) -> None:
        """No descriptor is left, not even after an error."""
        before = len(os.listdir("/proc/self/fd"))
        rule = Mods(ModKind.NATIVE, ("~/*/*.jar",), hashed=True)
        read_mods(rule, self.places)
        self.assertRaises(BadInput, read_mods, rule, self.places, ModLimits(bytes=1))
        self.assertEqual(len(os.listdir("/proc/self/fd")), before)
