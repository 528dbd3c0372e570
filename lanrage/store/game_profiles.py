"""Files of games' profiles: those that come with the program (``lanrage/data/games``), and the user's own folder."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path

import attrs

from lanrage.core.game_problem import Problem
from lanrage.core.game_reading import FILE_LIMIT, Reading, read_games
from lanrage.errors import StoreError

SUFFIX = ".toml"
FILES_LIMIT = 64
"""Files of a user's folder that are read, the first by name: one a game, for as many as anybody has."""


@cache
def load_shipped() -> tuple[Reading, ...]:
    """The files that come with the program, each read once in a process. Blocks for some tens of milliseconds.

    :raises StoreError: the installation is damaged.
    """
    folder = resources.files("lanrage") / "data" / "games"
    try:
        names = sorted(each.name for each in folder.iterdir() if each.name.endswith(SUFFIX))
        return tuple(read_games(name, (folder / name).read_text(encoding="utf-8")) for name in names)
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"the profiles of games cannot be read: {error}; install LANrage anew") from error


@attrs.frozen
class Stamp:
    """What changes when a file does."""

    changed_ns: int
    size: int
    inode: int


def stamps(folder: Path) -> dict[str, Stamp]:
    """The files of a folder by name, in order; none where there is no such folder. Blocks.

    :raises StoreError: it is there and cannot be listed.
    """
    found: dict[str, Stamp] = {}
    try:
        with os.scandir(folder) as entries:
            for entry in sorted(entries, key=lambda each: each.name):
                if entry.name.endswith(SUFFIX) and not entry.name.startswith(".") and entry.is_file():
                    status = entry.stat()
                    found[entry.name] = Stamp(status.st_mtime_ns, status.st_size, status.st_ino)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise StoreError(f"the folder of your games {folder} cannot be read: {error.strerror}") from error
    return found


def read_own(path: Path) -> Reading:
    """A file of the user's. Never raises; a pipe or a device is not waited for. Blocks."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
        with open(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return _unreadable(path, "it is no regular file")
            text = file.read(4 * FILE_LIMIT + 1).decode("utf-8")
    except OSError as error:
        return _unreadable(path, error.strerror or str(error))
    except UnicodeDecodeError:
        return _unreadable(path, "it is no text in UTF-8")
    return read_games(str(path), text, own=True)


def _unreadable(path: Path, why: str) -> Reading:
    return Reading(str(path), (), (Problem(str(path), None, f"cannot be read: {why}"),))


@attrs.frozen
class OwnFiles:
    """A user's folder as it was at one look.

    :param read: what each file says, as far as that was looked at.
    :param good: what each file said when it last was in order.
    """

    folder: Path
    seen: Mapping[str, Stamp] = {}
    read: Mapping[str, Reading] = {}
    good: Mapping[str, Reading] = {}
    trouble: str = ""

    def look(self) -> OwnFiles:
        """The same folder as it is now; itself, where nothing changed. Blocks."""
        try:
            seen, trouble = stamps(self.folder), ""
        except StoreError as error:
            seen, trouble = dict(self.seen), str(error)
        if len(seen) > FILES_LIMIT:
            trouble = f"has {len(seen)} files, of which the first {FILES_LIMIT} count"
            seen = dict(list(seen.items())[:FILES_LIMIT])
        if seen == self.seen and trouble == self.trouble:
            return self
        read = {
            name: self.read[name] if self.seen.get(name) == stamp else read_own(self.folder / name)
            for name, stamp in seen.items()
        }
        good = {name: each for name, each in read.items() if not each.problems}
        kept = {name: self.good[name] for name in read if name not in good and name in self.good}
        return OwnFiles(self.folder, seen, read, {**good, **kept}, trouble)

    @property
    def readings(self) -> tuple[Reading, ...]:
        """What counts: of each file what it last said in order."""
        return tuple(self.good[name] for name in sorted(self.good))

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong now."""
        found = [problem for name in sorted(self.read) for problem in self.read[name].problems]
        return (*([Problem(str(self.folder), None, self.trouble)] if self.trouble else []), *found)
