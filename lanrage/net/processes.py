"""Programs that outlived a crash of ours: named by pid and start time, so that a reused pid is never hit."""

from __future__ import annotations

import os
import select
import signal
from pathlib import Path

import attrs

TERM_GRACE_S = 2.0
"""Seconds from SIGTERM to SIGKILL; wireguard-go ends within milliseconds."""

_START_TIME = 21 - 2
"""Where the start time is in /proc/PID/stat, counted after the program's name (proc(5): field 22)."""


@attrs.frozen
class Program:
    """A running program.

    :param pid: its process id.
    :param started: its start time in clock ticks since boot; together they name a program once and for all.
    """

    pid: int
    started: int

    @classmethod
    def of(cls, pid: int) -> Program | None:
        """The program that has this pid now; ``None`` where it is gone or only its exit status is left."""
        try:
            fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        except OSError:
            return None
        return None if fields[0] in (b"Z", b"X") else cls(pid, int(fields[_START_TIME]))

    @classmethod
    def parse(cls, text: str) -> Program | None:
        """Read ``PID START``; ``None`` where it is none."""
        pid, _, started = text.partition(" ")
        return cls(int(pid), int(started)) if pid.isdecimal() and started.isdecimal() else None

    def __str__(self) -> str:
        return f"{self.pid} {self.started}"

    def command(self) -> tuple[str, ...]:
        """Its command line; empty when it is gone."""
        try:
            line = Path(f"/proc/{self.pid}/cmdline").read_bytes()
        except OSError:
            return ()
        return tuple(os.fsdecode(word) for word in line.rstrip(b"\0").split(b"\0"))

    def end(self, grace: float = TERM_GRACE_S) -> bool:
        """SIGTERM, then SIGKILL after `grace` seconds; blocks until it is gone. False where it was gone before."""
        try:
            descriptor = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return False
        try:
            if Program.of(self.pid) != self:
                return False
            ended = select.poll()
            ended.register(descriptor, select.POLLIN)
            for number in (signal.SIGTERM, signal.SIGKILL):
                signal.pidfd_send_signal(descriptor, number)
                if ended.poll(grace * 1000):
                    break
        except ProcessLookupError:
            return True
        finally:
            os.close(descriptor)
        return True
