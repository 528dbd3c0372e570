"""A state folder with a real SQLite store in it, for the tests of damage, backups and full disks."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from shutil import rmtree
from typing import Any

from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred
from twisted.trial.unittest import TestCase

from lanrage.core.world_rows import Change, PartyRow, Put, Row
from lanrage.errors import StoreError
from lanrage.store.sqlite import SqliteStore
from lanrage.store.state_folder import StateFolder

reactor: Any = _reactor
NOW = 1_800_000_000.0
STAMP = "20270115T080000Z"
"""``NOW`` in the name of a file."""


def parties(count: int) -> list[Change]:
    """Rows of 300 bytes."""
    return [Put(PartyRow(f"{number:032x}", b"charter" * 40, number)) for number in range(count)]


class StoreCase(TestCase):
    """One folder a test."""

    timeout = 60

    def setUp(self) -> None:
        """An empty folder."""
        self.state = StateFolder(Path(tempfile.mkdtemp(prefix="lanrage-store-")))
        self.addCleanup(rmtree, self.state.folder)

    def store(self, **options: Any) -> SqliteStore:
        """A store on the folder, not open."""
        store = SqliteStore(reactor, self.state.folder, lambda: NOW, **options)
        self.addCleanup(lambda: Deferred.fromCoroutine(store.close()))
        return store

    async def write(self, changes: Sequence[Change]) -> None:
        """Open, write, close."""
        store = self.store()
        await store.open()
        await store.apply(changes)
        await store.close()

    async def read(self) -> list[Row]:
        """What is on disk."""
        store = self.store()
        rows = await store.open()
        await store.close()
        return rows

    async def refused(self, *texts: str, **options: Any) -> str:
        """Opening fails with one sentence that holds these texts, and leaves the folder to others."""
        with self.assertRaises(StoreError) as caught:
            await self.store(**options).open()
        for text in texts:
            self.assertIn(text, str(caught.exception))
        self.assertNotIn("\n", str(caught.exception))
        with self.state.locked():
            return str(caught.exception)

    def names(self) -> set[str]:
        """What is in the folder, without the lock."""
        return {path.name for path in self.state.folder.iterdir()} - {"control.db.lock"}
