"""The undo journal on disk."""

from __future__ import annotations

import stat
import threading
from pathlib import Path

import pytest

from lanrage.core.undo import UndoEntry
from lanrage.errors import StoreError
from lanrage.store.undo import UndoJournal

DEVICE, PROCESS = UndoEntry("device", "lrt-a"), UndoEntry("process", "lrt-a", "7 99")


def test_survives(tmp_path: Path) -> None:
    """What was noted is read at the next start, in order; what was forgotten is not; the file is private."""
    path = tmp_path / "undo.journal"
    journal = UndoJournal(path)
    for entry in (DEVICE, PROCESS, DEVICE):
        journal.note(entry)
    assert UndoJournal(path).entries() == [DEVICE, PROCESS]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    journal.forget(DEVICE)
    journal.forget(DEVICE)
    assert UndoJournal(path).entries() == [PROCESS]


def test_no_journal(tmp_path: Path) -> None:
    """A file that is none is named and left alone."""
    path = tmp_path / "undo.journal"
    path.write_bytes(b"hello")
    path.chmod(0o600)
    with pytest.raises(StoreError, match=r"undo\.journal"):
        UndoJournal(path)
    assert path.read_bytes() == b"hello"


def test_unwritable(tmp_path: Path) -> None:
    """What cannot be written is not remembered either, so the change is not made."""
    journal = UndoJournal(tmp_path / "gone" / "undo.journal")
    with pytest.raises(StoreError):
        journal.note(DEVICE)
    assert not journal.entries()


def test_threads(tmp_path: Path) -> None:
    """Notes of several threads are all on disk."""
    path = tmp_path / "undo.journal"
    journal = UndoJournal(path)
    threads = [threading.Thread(target=journal.note, args=(UndoEntry("device", f"d{n}"),)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(UndoJournal(path).entries()) == [UndoEntry("device", f"d{n}") for n in range(8)]
