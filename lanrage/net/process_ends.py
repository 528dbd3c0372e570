"""When certain processes end, from descriptors of them (pidfd_open(2)): at once, and without asking.

A number may be another process' the next moment; a descriptor stays that of the process that it was opened for.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from twisted.internet.interfaces import IReactorFDSet, IReadDescriptor
from twisted.python.failure import Failure
from zope.interface import implementer


def open_process(pid: int) -> int | None:
    """A descriptor of the process that has this number now; ``None`` where there is none, or none can be had."""
    try:
        return os.pidfd_open(pid)
    except OSError:
        return None


def owner_of(pid: int) -> int | None:
    """The user whose process has this number now; ``None`` where there is none. The kernel answers without a wait."""
    try:
        return os.stat(f"/proc/{pid}").st_uid
    except OSError:
        return None


@implementer(IReadDescriptor)
class _Process:
    """One descriptor, which can be read when the process has ended."""

    def __init__(self, ends: ProcessEnds, pid: int, descriptor: int) -> None:
        self._ends, self._pid, self._descriptor = ends, pid, descriptor

    def fileno(self) -> int:
        """The descriptor, -1 when closed."""
        return self._descriptor

    def logPrefix(self) -> str:
        """Twisted: names this descriptor in the log."""
        return "process"

    def doRead(self) -> None:
        """Twisted: it has ended."""
        self._ends.ended(self._pid)

    def connectionLost(self, reason: Failure) -> None:
        """Twisted: the reactor stops."""
        del reason
        self._ends.forget(self._pid)

    def close(self) -> None:
        """Close it."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


class ProcessEnds:
    """Watches processes.

    :param ended: called once for each that has ended; it must not raise.
    """

    def __init__(self, reactor: IReactorFDSet, ended: Callable[[int], None]) -> None:
        self._reactor = reactor
        self._ended = ended
        self._watched: dict[int, _Process] = {}

    def __contains__(self, pid: int) -> bool:
        return pid in self._watched

    @property
    def watched(self) -> frozenset[int]:
        """Those that are watched."""
        return frozenset(self._watched)

    def __len__(self) -> int:
        return len(self._watched)

    def watch(self, pid: int, descriptor: int) -> None:
        """From now on. The descriptor is ours to close; of one process the first one is kept."""
        process = _Process(self, pid, descriptor)
        if pid in self._watched:
            process.close()
            return
        self._watched[pid] = process
        self._reactor.addReader(process)

    def ended(self, pid: int) -> None:
        """For a descriptor: its process has ended."""
        if self.forget(pid):
            self._ended(pid)

    def forget(self, pid: int) -> bool:
        """Watch it no more; whether it was."""
        process = self._watched.pop(pid, None)
        if process is None:
            return False
        self._reactor.removeReader(process)
        process.close()
        return True

    def close(self) -> None:
        """Forget all."""
        for pid in list(self._watched):
            self.forget(pid)
