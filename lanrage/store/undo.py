"""The undo journal on disk: written before each change to the machine, read at the next start (docs/links.rst).

The values are in :mod:`lanrage.core.undo`; :func:`lanrage.net.undo.undo_all` takes the changes back.
"""

from __future__ import annotations

import threading
from pathlib import Path

from zope.interface import implementer

from lanrage.core.undo import UndoEntry, decode_entries, encode_entries
from lanrage.errors import DecodeError, StoreError
from lanrage.interfaces import IUndoJournal
from lanrage.store.files import read_private, write_atomic


@implementer(IUndoJournal)
class UndoJournal:
    """A file of entries, whole at every moment. May be used from several threads.

    :param path: the file; its folder exists.
    :raises StoreError: when a file is there that is no journal.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        try:
            self._entries = decode_entries(read_private(path) or b"")
        except DecodeError as error:
            raise StoreError(f"{path} is no undo journal ({error}); look at it, then remove it") from error

    def entries(self) -> list[UndoEntry]:
        """See :meth:`lanrage.interfaces.IUndoJournal.entries`."""
        with self._lock:
            return list(self._entries)

    def note(self, entry: UndoEntry) -> None:
        """See :meth:`lanrage.interfaces.IUndoJournal.note`."""
        with self._lock:
            if entry not in self._entries:
                self._write([*self._entries, entry])

    def forget(self, entry: UndoEntry) -> None:
        """See :meth:`lanrage.interfaces.IUndoJournal.forget`."""
        with self._lock:
            if entry in self._entries:
                self._write([each for each in self._entries if each != entry])

    def _write(self, entries: list[UndoEntry]) -> None:
        write_atomic(self._path, encode_entries(entries))
        self._entries = entries
