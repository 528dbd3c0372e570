"""The SQLite store: the contract, other owners, its WAL, the numbers of its migrations."""

from __future__ import annotations

import sqlite3
import tempfile
from pathlib import Path
from shutil import rmtree
from typing import Any

from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase, TestCase

from lanrage.core.world_rows import PartyRow, Put, SeenRow
from lanrage.errors import StoreError
from lanrage.store.database import migrations
from lanrage.store.sqlite import CHECKPOINT_PAUSE, WAL_LIMIT, SqliteStore
from lanrage.store.state_folder import FILE
from tests.contracts_store import ONE, ROWS, StoreContract
from tests.fakes_store import MemoryStore

reactor: Any = _reactor


class MemoryStoreTests(StoreContract, SynchronousTestCase):
    """The fake keeps the contract."""

    def setUp(self) -> None:
        """One disk a test."""
        self.rows: dict[Any, Any] = {}

    def make_store(self) -> MemoryStore:
        """The same rows again."""
        return MemoryStore(self.rows)

    def run_async(self, work: Any) -> Any:
        """Synchronously."""
        self.successResultOf(Deferred.fromCoroutine(work))


class SqliteStoreTests(StoreContract, TestCase):
    """A real file."""

    timeout = 120

    def setUp(self) -> None:
        """One folder a test."""
        self.folder = Path(tempfile.mkdtemp(prefix="lanrage-store-"))
        self.addCleanup(rmtree, self.folder)

    def make_store(self) -> SqliteStore:
        """The same file again."""
        return SqliteStore(reactor, self.folder)

    async def refused(self, text: str) -> None:
        """Opening fails with this sentence, and the file stays as it was."""
        before = (self.folder / FILE).read_bytes()
        with self.assertRaises(StoreError) as caught:
            await self.make_store().open()
        self.assertIn(text, str(caught.exception))
        self.assertIn(FILE, str(caught.exception))
        self.assertEqual(before, (self.folder / FILE).read_bytes())

    def test_file_of_another_program(self) -> Deferred[None]:
        """A database that is not ours is left alone."""

        async def work() -> None:
            connection = sqlite3.connect(self.folder / FILE)
            connection.execute("CREATE TABLE song (title TEXT)")
            connection.commit()
            connection.close()
            await self.refused("belongs to another program")

        return self.run_async(work())

    def test_newer_schema(self) -> Deferred[None]:
        """A file that a newer LANrage wrote is refused with the way out."""

        async def work() -> None:
            await self.filled([])
            connection = sqlite3.connect(self.folder / FILE)
            connection.execute("PRAGMA user_version = 999")
            connection.close()
            await self.refused("update LANrage")

        return self.run_async(work())

    def test_two_servers_on_one_file(self) -> Deferred[None]:
        """The second is refused while the first runs, and admitted after."""

        async def work() -> None:
            first = self.make_store()
            await first.open()
            with self.assertRaises(StoreError) as caught:
                await self.make_store().open()
            self.assertIn("in use by another control server", str(caught.exception))
            await first.close()
            second = self.make_store()
            await second.open()
            await second.close()

        return self.run_async(work())

    def test_locked_file_can_be_tried_again(self) -> Deferred[None]:
        """While somebody else writes, a batch fails whole; then it passes."""

        async def work() -> None:
            store = self.make_store()
            await store.open()
            other = sqlite3.connect(self.folder / FILE, isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
            with self.assertRaises(StoreError):
                await store.apply([Put(row) for row in ROWS])
            other.execute("ROLLBACK")
            other.close()
            await store.apply([Put(ROWS[0])])
            await store.close()
            self.assertEqual([PartyRow(ONE, b"charter", 1)], await self.filled([]))

        return self.run_async(work())

    def test_file_is_private_and_durable(self) -> Deferred[None]:
        """Only its owner reads the file; a commit survives a power cut."""

        async def work() -> None:
            store = self.make_store()
            await store.open()
            self.assertEqual(0o600, (self.folder / FILE).stat().st_mode & 0o777)
            assert store._connection is not None
            for row, level in ((ROWS[0], 2), (SeenRow(b"a", 1.0), 1), (ROWS[0], 2)):
                await store.apply([Put(SeenRow(b"b", 1.0)), Put(row)])
                self.assertEqual((level,), store._connection.execute("PRAGMA synchronous").fetchone())
            self.assertEqual(("wal",), store._connection.execute("PRAGMA journal_mode").fetchone())
            await store.close()

        return self.run_async(work())

    def test_wal_does_not_grow(self) -> Deferred[None]:
        """It stays below its limit; what a reader that stands still made of it goes with the reader."""

        async def work() -> None:
            store = self.make_store()
            await store.open()
            wal = self.folder / f"{FILE}-wal"

            async def write(megabytes: int) -> None:
                for number in range(megabytes * 4):
                    await store.apply([Put(PartyRow(f"{n:032x}", b"c" * 2500, number)) for n in range(100)])

            await write(16)
            self.assertLess(wal.stat().st_size, WAL_LIMIT)
            reader = sqlite3.connect(self.folder / FILE, isolation_level=None)
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM party").fetchone()
            await write(24)
            self.assertGreater(wal.stat().st_size, WAL_LIMIT)
            reader.close()
            store._shrunk = -CHECKPOINT_PAUSE
            await write(1)
            self.assertLess(wal.stat().st_size, WAL_LIMIT)
            await store.close()
            self.assertFalse(wal.exists())

        return self.run_async(work())

    def test_unreadable_folder(self) -> Deferred[None]:
        """A folder that is a file is one clear sentence."""

        async def work() -> None:
            (self.folder / "x").write_text("")
            with self.assertRaises(StoreError):
                await SqliteStore(reactor, self.folder / "x").open()

        return self.run_async(work())


class MigrationTests(SynchronousTestCase):
    """The numbered files."""

    def test_numbered_without_gap(self) -> None:
        """They lead from 0 to the newest version, each by one."""
        steps = migrations()
        self.assertEqual(list(range(1, len(steps) + 1)), [step.version for step in steps])
        self.assertIn("CREATE TABLE party", steps[0].sql)
