"""A clock with threads that also takes readers, as much as adapters of sockets want of a reactor."""

from __future__ import annotations

from typing import Any

from tests.fakes_threads import ThreadClock


class ReaderClock(ThreadClock):
    """A reactor in memory.

    :ivar readers: what it would watch.
    """

    def __init__(self) -> None:
        super().__init__()
        self.readers: list[Any] = []

    def addReader(self, reader: Any) -> None:
        """One more; one that is there is no error."""
        if reader not in self.readers:
            self.readers.append(reader)

    def removeReader(self, reader: Any) -> None:
        """One less; one that is not there is no error."""
        if reader in self.readers:
            self.readers.remove(reader)
