"""Reads which modifications a game has, from the files that its profile names (``docs/games-mods.rst``).

Nothing else is read: each part of a pattern is matched inside the folder that was opened before it, no symbolic link
below the starting folder is followed, and what is no regular file does not count. The reading has bounds in entries,
files and bytes; what goes over them is an error, since half a list would look like a difference.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorThreads

from lanrage.core.game_mods import HASH_BYTES, MODS_LIMIT, Mod, ModList
from lanrage.core.game_profile import Mods
from lanrage.errors import BadInput
from lanrage.net.threads import in_thread

ENTRIES_LIMIT = 20_000
"""Entries of folders that are looked at for one game; a folder of thousands is none of mods."""
BYTES_LIMIT = 4 * 2**30
"""Bytes that are hashed for one game; a thread is not to read a disk for ever."""
CHUNK = 2**20
"""Bytes read at once."""
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_INSIDE = _FOLDER | os.O_NOFOLLOW
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@attrs.frozen
class ModPlaces:
    """Where the patterns of a profile begin.

    :param home: the home folder of the user who plays.
    :param game: the game's folder; ``None`` where it is not known, then the patterns inside it find nothing.
    """

    home: str
    game: str | None = None


@attrs.frozen
class ModLimits:
    """How much is read for one game."""

    entries: int = ENTRIES_LIMIT
    bytes: int = BYTES_LIMIT
    mods: int = MODS_LIMIT


def mods_of(reactor: IReactorThreads, rule: Mods, places: ModPlaces) -> Deferred[ModList]:
    """What :func:`read_mods` gives, read in a thread."""
    return in_thread(reactor, read_mods, rule, places)


def read_mods(rule: Mods, places: ModPlaces, limits: ModLimits = ModLimits()) -> ModList:
    """The modifications that the profile's patterns find; it blocks.

    A folder that is not there, or that the user may not read, has none. A name that two patterns find counts once: the
    earlier pattern's.

    :raises BadInput: for more than the limits, a pattern that leads out of its folder, a name that cannot be shown,
        and a file that cannot be read.
    """
    reading = _Reading(rule.hashed, limits)
    for pattern in rule.paths:
        reading.pattern(pattern, places)
    return ModList.of(reading.found.values())


@attrs.define
class _Reading:
    """One reading and what is left of its limits."""

    hashed: bool
    limits: ModLimits
    found: dict[str, Mod] = attrs.field(factory=dict)
    _entries: int = 0
    _bytes: int = 0

    def pattern(self, pattern: str, places: ModPlaces) -> None:
        """Everything that one pattern finds."""
        parts = pattern.split("/")
        root = places.game
        if parts[0] == "~":
            root, parts = places.home, parts[1:]
        if not parts or any(part in {"", ".", "..", "~"} for part in parts):
            raise BadInput("mods", f"the pattern {pattern!r} leads out of its folder")
        if root is None:
            return
        with _opened(root, _FOLDER) as folder:
            if folder is not None:
                self._inside(folder, parts)

    def _inside(self, folder: int, parts: list[str]) -> None:
        for name in self._names(folder, parts[0]):
            if len(parts) == 1:
                self._file(folder, name)
                continue
            with _opened(name, _INSIDE, folder) as inner:
                if inner is not None:
                    self._inside(inner, parts[1:])

    def _names(self, folder: int, part: str) -> list[str]:
        """What is named so in a folder, in order; a pattern finds no hidden name unless it begins with a dot."""
        if not any(sign in part for sign in "*?["):
            return [part]
        matching = []
        with os.scandir(folder) as entries:
            for entry in entries:
                self._entries += 1
                if self._entries > self.limits.entries:
                    raise BadInput("mods", f"more than {self.limits.entries} entries in the folders of modifications")
                if fnmatchcase(entry.name, part) and (part.startswith(".") or not entry.name.startswith(".")):
                    matching.append(entry.name)
        return sorted(matching)

    def _file(self, folder: int, name: str) -> None:
        if name in self.found or not _regular(folder, name):
            return
        if len(self.found) == self.limits.mods:
            raise BadInput("mods", f"more than {self.limits.mods} modifications")
        self.found[name] = Mod(name, self._hash(folder, name) if self.hashed else b"")

    def _hash(self, folder: int, name: str) -> bytes:
        whole = hashlib.blake2b(digest_size=HASH_BYTES)
        try:
            with open(os.open(name, _FILE, dir_fd=folder), "rb", buffering=0) as file:
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    raise BadInput("mods", f"{name!r} became something else than a file")
                while chunk := file.read(CHUNK):
                    self._bytes += len(chunk)
                    if self._bytes > self.limits.bytes:
                        raise BadInput("mods", f"more than {self.limits.bytes} bytes of modifications")
                    whole.update(chunk)
        except OSError as error:
            raise BadInput("mods", f"{name!r} cannot be read: {error.strerror}") from error
        return whole.digest()


def _regular(folder: int, name: str) -> bool:
    try:
        return stat.S_ISREG(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    except OSError:
        return False


@contextmanager
def _opened(name: str, flags: int, folder: int | None = None) -> Iterator[int | None]:
    """A folder while it is looked into; ``None`` for what is none, is a link, or may not be read."""
    try:
        opened = os.open(name, flags, dir_fd=folder)
    except OSError:
        yield None
        return
    try:
        yield opened
    finally:
        os.close(opened)
