"""Processes of a laboratory: started beside it, known by pid and start time, ended without fail."""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from shutil import which

import attrs

from lanrage.errors import MissingRight
from lanrage.lab.netns import LabError

GRACE_S = 4.0
"""A node takes its devices down on SIGTERM within a second; on a busy machine within a few."""

KILL_WAIT_S = 5.0
"""The kernel ends a killed process at once, unless it is stuck in a device."""

POLL_S = 0.01
"""How often a condition that has no event to wait for is looked at."""

ROUNDS = 5
"""A dying process may start another; more generations than this mean that something starts them on purpose."""


@attrs.frozen
class Started:
    """A process that we started.

    :param role: its place in the laboratory, for example ``h1``, ``control``, ``delay``.
    :param ticks: its start time (``/proc/PID/stat``), which tells it from a later one with the same pid.
    """

    role: str
    pid: int
    ticks: int


def start_ticks(pid: int) -> int | None:
    """When a process started, in clock ticks since boot; None for one that is gone or a zombie (proc(5))."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else int(fields[19])


def alive(process: Started) -> bool:
    """Whether this very process still runs."""
    return start_ticks(process.pid) == process.ticks


def spawn(role: str, netns: str, argv: Sequence[str], log: Path, env: Mapping[str, str], cwd: Path) -> Started:
    """Start a program in a namespace; it outlives us, and writes what it says to `log`.

    :raises MissingRight: when ``ip`` or ``env`` is not installed.
    """
    program = which("ip")
    if program is None:
        raise MissingRight("the laboratory needs the program ip: apt-get install iproute2")
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, str(log), flags, 0o600),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    full = [program, "netns", "exec", netns, "env", "-C", str(cwd), *argv]
    pid = os.posix_spawn(program, full, dict(env), file_actions=actions, setsid=True)
    return Started(role, pid, start_ticks(pid) or 0)


def send(process: Started, number: int) -> bool:
    """Send a signal to a process, unless it is gone; tells whether it was sent."""
    return _signal(process.pid, process.ticks, number) is not None


def end(processes: Iterable[Started], grace: float = GRACE_S, first: int = signal.SIGTERM) -> None:
    """End processes: ask, wait, kill, wait; those that are gone are no error.

    :raises LabError: when one survives SIGKILL.
    """
    _end({p.pid: p.ticks for p in processes}, grace, first)


def in_namespaces(inodes: set[int]) -> dict[int, int]:
    """Every process whose network namespace is one of these: pid to start ticks."""
    found = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                inode = os.stat(f"/proc/{entry}/ns/net").st_ino
            except OSError:
                continue
            ticks = start_ticks(int(entry))
            if inode in inodes and ticks is not None:
                found[int(entry)] = ticks
    return found


def end_in_namespaces(inodes: set[int], grace: float = GRACE_S) -> None:
    """End every process in these namespaces, whoever started it.

    :raises LabError: when some survive.
    """
    for _ in range(ROUNDS):
        found = in_namespaces(inodes) if inodes else {}
        found.pop(os.getpid(), None)
        if not found:
            return
        _end(found, grace, signal.SIGTERM)
    raise LabError(f"processes that do not end: {sorted(found)}")


def wait_for(what: str, condition: Callable[[], bool], timeout: float) -> None:
    """Wait until a condition holds.

    :raises LabError: "`what` in `timeout` s" when it does not come to hold.
    """
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise LabError(f"{what}: not within {timeout:.0f} s")
        time.sleep(POLL_S)


def _signal(pid: int, ticks: int, number: int) -> int | None:
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        _reap(pid)
        return None
    try:
        if start_ticks(pid) != ticks:
            _reap(pid)
            return None
        signal.pidfd_send_signal(handle, number)
        return os.dup(handle)
    except ProcessLookupError:
        return None
    finally:
        os.close(handle)


def _end(processes: Mapping[int, int], grace: float, first: int) -> None:
    handles = {pid: handle for pid, ticks in processes.items() if (handle := _signal(pid, ticks, first)) is not None}
    try:
        left = _wait(handles, grace)
        for pid in left:
            signal.pidfd_send_signal(handles[pid], signal.SIGKILL)
        left = _wait({pid: handles[pid] for pid in left}, KILL_WAIT_S)
    finally:
        for pid, handle in handles.items():
            os.close(handle)
            _reap(pid)
    if left:
        raise LabError(f"processes that survive SIGKILL: {sorted(left)}")


def _wait(handles: Mapping[int, int], timeout: float) -> list[int]:
    left = dict(handles)
    deadline = time.monotonic() + timeout
    while left:
        ready = select.select(list(left.values()), [], [], max(0.0, deadline - time.monotonic()))[0]
        if not ready:
            break
        left = {pid: handle for pid, handle in left.items() if handle not in ready}
    return list(left)


def _reap(pid: int) -> None:
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return
