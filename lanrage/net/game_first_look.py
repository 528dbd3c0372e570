"""The first look at a process that was started: some microseconds in the reactor, for nearly all are no games.

``/proc/PID/exe`` and ``/proc/PID/comm`` come from the kernel's memory and never wait for the process or a disk; command
line and environment may (proc(5)), so that they are read in a thread (:mod:`lanrage.net.game_facts`).
"""

from __future__ import annotations

import os
from enum import Enum

import attrs

from lanrage.core.game_match import GameIndex
from lanrage.core.game_programs import JAVA, STEAM_FOLDERS, WINE, base, in_system, is_loader, is_script_runner

KNOWN_LIMIT = 4096
"""Programs whose verdict is kept; a build makes many that run once."""
COMM_SHOWN = 64
"""Bytes; the kernel writes 16."""


class Verdict(Enum):
    """What a first look says."""

    DISMISS = "dismiss"
    GONE = "gone"  # before anybody looked: what it has forked may go on
    STRANGER = "stranger"  # no game by its name, and no program of the distribution: its ports may tell
    LOOK = "look"
    BY_NAME = "by name"  # it runs a script, whose name the kernel keeps


@attrs.define
class FirstLook:
    """Looks at processes by the programs that they run.

    :param index: the games; another one makes all verdicts new.
    :param proc: where proc(5) is.
    """

    index: GameIndex
    proc: str = "/proc"
    _programs: dict[str, Verdict] = attrs.field(factory=dict)
    _names: dict[str, bool] = attrs.field(factory=dict)

    def use(self, index: GameIndex) -> None:
        """Go by other games."""
        self.index = index
        self._programs.clear()
        self._names.clear()

    def look(self, pid: int) -> Verdict:
        """Whether a process is worth more; one that is gone is not."""
        try:
            exe = os.readlink(f"{self.proc}/{pid}/exe")
        except PermissionError:
            return self._by_name(pid)  # another user's, and this process may not read memory (CAP_SYS_PTRACE)
        except OSError:
            return Verdict.GONE
        verdict = self._programs.get(exe)
        if verdict is None:
            verdict = self._judge(exe)
            if len(self._programs) >= KNOWN_LIMIT:
                self._programs.clear()
            self._programs[exe] = verdict
        return self._by_name(pid) if verdict is Verdict.BY_NAME else verdict

    def _judge(self, exe: str) -> Verdict:
        if not self.index.profiles:
            return Verdict.DISMISS
        file = base(exe)
        known = file in WINE or file in JAVA or is_loader(file) or any(part in exe for part in STEAM_FOLDERS)
        if known or self.index.may_be(exe):
            return Verdict.LOOK
        if is_script_runner(file):
            return Verdict.BY_NAME
        return Verdict.DISMISS if in_system(exe) else Verdict.STRANGER

    def _by_name(self, pid: int) -> Verdict:
        try:
            with open(f"{self.proc}/{pid}/comm", "rb", buffering=0) as file:
                comm = file.read(COMM_SHOWN).decode("utf-8", "replace").rstrip("\n")
        except OSError:
            return Verdict.GONE
        known = self._names.get(comm)
        if known is None:
            runs = comm in WINE or comm in JAVA or comm[:15] in {name[:15] for name in WINE}
            known = bool(self.index.profiles) and (runs or self.index.may_be_named(comm))
            if len(self._names) >= KNOWN_LIMIT:
                self._names.clear()
            self._names[comm] = known
        return Verdict.LOOK if known else Verdict.DISMISS
