"""A disk that is really full (a small tmpfs), and a database that another program keeps: nothing is lost."""

from __future__ import annotations

import contextlib
import errno
import sqlite3
import subprocess

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.trial.unittest import SkipTest

from lanrage.core.world_rows import PartyRow, Put, SeenRow
from lanrage.errors import StoreError
from lanrage.store.backup import make_backup, start_empty
from lanrage.store.database_file import connect, faults
from lanrage.store.journal import Journal
from lanrage.store.sqlite import SqliteStore
from lanrage.store.state_folder import BACKUPS, FILE
from tests.store.store_case import NOW, StoreCase, parties, reactor

DISK = "1m"
LOOKS = 1000
"""Looks at the journal, 10 ms apart, until something must have happened."""


class JournalCase(StoreCase):
    """A journal on a real store on a real reactor."""

    async def begin(self) -> tuple[SqliteStore, Journal]:
        """A server starts."""
        store = self.store()
        return store, Journal(reactor, store, await store.open())

    async def until_it_fails(self, journal: Journal, failures: int) -> None:
        """The journal has tried in vain so often."""
        for _ in range(LOOKS):
            if journal.counters.failures >= failures:
                return
            await deferLater(reactor, 0.01, lambda: None)
        self.fail("the store did not fail")


@pytest.mark.needs("root", "mount")
class DiskFullTests(JournalCase):
    """One small disk a test."""

    def setUp(self) -> None:
        """A state folder on a file system of 1 MB."""
        super().setUp()
        place = self.state.folder
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=700", "lanrage-test", str(place)],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SkipTest(f"no file system can be mounted here: {done.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", "-l", str(place)], check=True)
        self.ballast = place / "ballast"

    def fill(self) -> None:
        """Leave no room at all."""
        with self.ballast.open("ab", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError as error:
                self.assertEqual(errno.ENOSPC, error.errno)

    def test_disk_full_delays_and_loses_nothing(self) -> Deferred[None]:
        """No answer while it is full; once there is room each key's newest value is written, then it is answered."""

        async def work() -> None:
            store, journal = await self.begin()
            journal.add(parties(20))
            await journal.committed()
            self.fill()
            journal.add([Put(PartyRow(f"{number:032x}", b"c" * 3000, 1000)) for number in range(60)])
            answered = journal.committed()
            await self.until_it_fails(journal, 2)
            self.assertIn("full", journal.trouble)
            journal.add([Put(PartyRow("0" * 32, b"newest", 1001)), Put(SeenRow(b"a" * 32, NOW))])
            later = journal.committed()
            self.assertFalse(answered.called or later.called)
            self.ballast.unlink()
            await answered
            await later
            self.assertEqual("", journal.trouble)
            await journal.stop()
            await store.close()
            rows = {row.key: row for row in await self.read()}
            self.assertEqual(61, len(rows))
            self.assertEqual(PartyRow("0" * 32, b"newest", 1001), rows["0" * 32,])
            with contextlib.closing(connect(self.state.path, "ro")) as connection:
                self.assertEqual([], faults(connection, thorough=True))

        return Deferred.fromCoroutine(work())

    def test_disk_full_and_killed(self) -> Deferred[None]:
        """What was acknowledged before is there for the next server, what was not is absent, and the file is whole."""

        async def work() -> None:
            store, journal = await self.begin()
            journal.add(parties(20))
            await journal.committed()
            self.fill()
            journal.add([Put(PartyRow(f"{number:032x}", b"c" * 3000, 1000)) for number in range(60)])
            answered = journal.committed()
            await self.until_it_fails(journal, 1)
            with self.assertRaises(StoreError) as caught:
                await journal.stop()
            self.assertIn("60 changes could not be written", str(caught.exception))
            self.assertFalse(answered.called)
            await store.close()
            self.ballast.unlink()
            self.assertEqual([change.row for change in parties(20) if isinstance(change, Put)], await self.read())

        return Deferred.fromCoroutine(work())

    def test_disk_full_leaves_no_half_backup(self) -> Deferred[None]:
        """A backup, or a new beginning, that does not fit is refused; nothing is left of it, the database stands."""

        async def work() -> None:
            await self.write(parties(300))
            self.fill()
            with self.assertRaises(StoreError) as caught:
                make_backup(self.state, NOW)
            self.assertIn("full", str(caught.exception))
            with self.assertRaises(StoreError) as caught:
                start_empty(self.state, NOW)
            self.assertIn("full", str(caught.exception))
            self.ballast.unlink()
            self.assertEqual([], list((self.state.folder / BACKUPS).glob("*")))
            self.assertEqual({FILE, BACKUPS}, {name for name in self.names() if not name.endswith(("-wal", "-shm"))})
            self.assertEqual(300, len(await self.read()))

        return Deferred.fromCoroutine(work())

    def test_disk_full_at_the_start(self) -> Deferred[None]:
        """A server that finds no room for its first database says so, and begins when there is some."""

        async def work() -> None:
            self.fill()
            await self.refused("full")
            self.ballast.unlink()
            self.assertEqual([], await self.read())

        return Deferred.fromCoroutine(work())


class LockedTests(JournalCase):
    """Another program holds the database."""

    def test_locked_database_delays(self) -> Deferred[None]:
        """The change waits, is not answered, and is written when the lock is gone."""

        async def work() -> None:
            store, journal = await self.begin()
            other = sqlite3.connect(self.state.path, isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
            journal.add(parties(1))
            answered = journal.committed()
            await self.until_it_fails(journal, 1)
            self.assertIn("locked", journal.trouble)
            self.assertFalse(answered.called)
            other.execute("ROLLBACK")
            other.close()
            await answered
            await journal.stop()
            await store.close()
            self.assertEqual(1, len(await self.read()))

        return Deferred.fromCoroutine(work())

    def test_disk_full_of_a_database_with_a_limit(self) -> Deferred[None]:
        """Without root: a batch that does not fit leaves nothing behind."""

        async def work() -> None:
            store, _ = await self.begin()
            assert store._connection is not None
            pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
            store._connection.execute(f"PRAGMA max_page_count = {pages + 2}")
            with self.assertRaises(StoreError) as caught:
                await store.apply([Put(PartyRow(f"{n:032x}", b"c" * 3000, n)) for n in range(100)])
            self.assertIn("full", str(caught.exception))
            await store.apply(parties(1))
            await store.close()
            self.assertEqual(1, len(await self.read()))

        return Deferred.fromCoroutine(work())
