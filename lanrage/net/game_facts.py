"""What a process runs, read from proc(5) and psutil in a thread: it may wait for the process' memory.

The command line is not taken from psutil: that one splits ``Z:\\My Games\\game.exe`` at its blank.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from contextlib import suppress

import attrs
import psutil

from lanrage.core.game_detection import DetectionResult
from lanrage.core.game_match import GameIndex
from lanrage.core.game_programs import STEAM_FOLDERS, WINE, ProcessSeen, waits_for_name
from lanrage.net.game_first_look import FirstLook, Verdict
from lanrage.net.process_ends import open_process

COMMAND_LIMIT = 1 << 16
"""Bytes of a command line that are read; Minecraft's has 6 KiB."""
ENVIRONMENT_LIMIT = 1 << 17
"""Bytes of an environment."""
WORDS_LIMIT = 512
"""Words of a command line that are looked at."""
STEAM_APP = re.compile(rb"(?:^|\0)SteamAppId=([0-9]{1,10})(?:\0|$)")
CONTAINER = re.compile(r"docker|libpod|podman|containerd|kubepods|/lxc|machine\.slice")
"""Control groups of engines whose containers have a network of their own (cgroups(7))."""


@attrs.frozen
class Sighting:
    """What a look at one process gave.

    :param descriptor: of the process, to be watched or closed by whom it is given to; only with a result.
    :param since: when it began, seconds since the epoch.
    :param again: it may say later what it runs.
    """

    pid: int
    result: DetectionResult | None = None
    descriptor: int = -1
    since: float = 0.0
    again: bool = False


def namespace_of(pid: int | str, proc: str = "/proc") -> int | None:
    """A process' network namespace (its inode); ``None`` where it may not be read.

    :raises FileNotFoundError: it is gone.
    """
    try:
        return os.stat(f"{proc}/{pid}/ns/net").st_ino
    except PermissionError:
        return None


@attrs.frozen
class Looks:
    """Looks at processes; all calls block for milliseconds, and come one after another.

    :param index: the games.
    :param namespaces: networks whose processes are games of this LAN card: the node's own, ``lanrage run``'s rooms.
    """

    index: GameIndex
    namespaces: frozenset[int]
    proc: str = "/proc"
    _first: FirstLook = attrs.field(
        init=False, default=attrs.Factory(lambda self: FirstLook(self.index, self.proc), takes_self=True)
    )

    def look_at(self, pids: Iterable[int]) -> list[Sighting]:
        """Look at some; each is told of."""
        return [self.look(pid) for pid in pids]

    def all(self) -> tuple[list[Sighting], frozenset[int]]:
        """Look at all that a first look finds worth it, and the strangers among the others."""
        first, found, strangers = self._first, [], []
        for pid in psutil.pids():
            verdict = first.look(pid)
            if verdict is Verdict.LOOK:
                found.append(self.look(pid))
            elif verdict is Verdict.STRANGER:
                strangers.append(pid)
        return found, frozenset(strangers)

    def look(self, pid: int) -> Sighting:
        """Look at one. The descriptor is opened first, so that what is read is of the process that it stands for."""
        descriptor = open_process(pid)
        result, again, since = None, False, 0.0
        try:
            if self.is_here(pid):
                seen = self.read(pid)
                result, again = self.index.process(seen), waits_for_name(seen)
                if result is not None:
                    since = psutil.Process(pid).create_time()
        except (OSError, psutil.Error):
            result = None  # it has ended
        if result is not None and descriptor is not None:
            return Sighting(pid, result, descriptor, since)
        if descriptor is not None:
            os.close(descriptor)
        return Sighting(pid, again=again and result is None)

    def read(self, pid: int) -> ProcessSeen:
        """What it runs.

        :raises OSError: it is gone.
        """
        folder = f"{self.proc}/{pid}"
        exe = self.file(pid)
        comm = _content(f"{folder}/comm", 64).decode("utf-8", "replace").rstrip("\n")
        words = _content(f"{folder}/cmdline", COMMAND_LIMIT).rstrip(b"\0").split(b"\0")[:WORDS_LIMIT]
        argv = tuple(os.fsdecode(word) for word in words) if words != [b""] else ()
        seen = ProcessSeen(pid, exe, comm, argv)
        if seen.file in WINE or any(part in exe for part in STEAM_FOLDERS):
            seen = attrs.evolve(seen, steam=self._steam(folder))
        return seen

    def is_here(self, pid: int) -> bool:
        """Whether a process' sockets are on this machine's LAN card.

        :raises OSError: it is gone.
        """
        namespace = self.network(pid)
        if namespace is not None:
            return namespace in self.namespaces
        groups = _content(f"{self.proc}/{pid}/cgroup", 4096).decode("utf-8", "replace")
        return CONTAINER.search(groups) is None

    def file(self, pid: int) -> str:
        """The path of its program; empty where it may not be read.

        :raises OSError: it is gone.
        """
        with suppress(PermissionError):
            return os.readlink(f"{self.proc}/{pid}/exe")
        return ""

    def network(self, pid: int) -> int | None:
        """Its network namespace; see :func:`namespace_of`."""
        return namespace_of(pid, self.proc)

    def _steam(self, folder: str) -> int | None:
        """The game that Steam has written into the environment, where that may be read."""
        with suppress(PermissionError):
            match = STEAM_APP.search(_content(f"{folder}/environ", ENVIRONMENT_LIMIT))
            return int(match.group(1)) if match else None
        return None


def _content(path: str, limit: int) -> bytes:
    with open(path, "rb", buffering=0) as file:
        return file.read(limit)
