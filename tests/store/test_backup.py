"""Backups: whole, private, few, made while others write, and before each migration; restoring takes nothing away."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread

from lanrage.core.world_rows import PartyRow, Put
from lanrage.errors import StoreError
from lanrage.store.backup import KEPT, export, make_backup, restore, superfluous
from lanrage.store.database import Migration, migrations
from lanrage.store.state_folder import BACKUPS, FILE, Backup
from tests.store.store_case import NOW, STAMP, StoreCase, parties

NOBODY = 65534
OTHER = "f" * 32
"""A party beside the many."""


class BackupTests(StoreCase):
    """Copies."""

    def test_backup_of_a_running_server(self) -> Deferred[None]:
        """While a store writes, each backup holds all of some moment, in one file that only the owner reads."""

        async def work() -> None:
            store = self.store()
            await store.open()
            await store.apply(parties(300))
            for number in range(10):
                await store.apply([Put(PartyRow(OTHER, b"%d" % number, 0))])  # no two backups are the same
                copying = deferToThread(make_backup, self.state, NOW + number)
                await store.apply([Put(PartyRow(f"{n:032x}", b"x" * 300, 1000 + number)) for n in range(300)])
                copy = await copying
                with sqlite3.connect(copy.path) as connection:
                    asked = "SELECT count(*), min(revision), max(revision) FROM party WHERE party_id <> ?"
                    seen = connection.execute(asked, (OTHER,)).fetchone()
                connection.close()
                self.assertEqual(300, seen[0])
                self.assertTrue(seen[1] == seen[2] or seen[2] == 299, seen)
                self.assertEqual(0o600, copy.path.stat().st_mode & 0o777)
            await store.close()
            self.assertEqual(0o700, (self.state.folder / BACKUPS).stat().st_mode & 0o777)
            names = [path.name for path in (self.state.folder / BACKUPS).iterdir()]
            self.assertEqual(KEPT, len(names), names)

        return Deferred.fromCoroutine(work())

    def test_names_and_numbers(self) -> Deferred[None]:
        """Named by schema and UTC time, a number where two fall into one second; they sort by age."""

        async def work() -> None:
            made = []
            for number in range(3):
                await self.write(parties(number))
                made.append(make_backup(self.state, NOW).path.name)
            schema = f"v{len(migrations()):04d}"
            self.assertEqual([f"control-{schema}-{STAMP}{ending}.db" for ending in ("", "-2", "-3")], made)
            await self.write(parties(9))
            make_backup(self.state, NOW - 1)
            (self.state.folder / BACKUPS / "holiday.db").write_bytes(b"")
            self.assertEqual(made, [backup.path.name for backup in self.state.backups()][1:])

        return Deferred.fromCoroutine(work())

    def test_same_again(self) -> Deferred[None]:
        """A backup of what did not change takes the place of the last one, so that none that differs goes for it."""

        async def work() -> None:
            for number in range(3):
                await self.write(parties(number))
                make_backup(self.state, NOW + number)
            for number in range(2 * KEPT):
                make_backup(self.state, NOW + 100 + number)
            sizes = [backup.at[-4:-1] for backup in self.state.backups()]
            self.assertEqual(["000", "001", "155"], sizes)

        return Deferred.fromCoroutine(work())

    def test_which_go(self) -> None:
        """The newest stay, and beside them the newest of each older schema."""
        backups = [
            Backup(f"{at:03d}", 1, schema, Path(f"{at}")) for at, schema in enumerate([1] * 5 + [2] * 5 + [3] * 9)
        ]
        gone = {backup.at for backup in superfluous(backups)}
        self.assertEqual({f"{at:03d}" for at in (0, 1, 2, 3, 5, 6, 7, 8, 10)}, gone)
        self.assertEqual([], superfluous(backups[:KEPT]))

    def test_damaged_database_is_not_backed_up(self) -> Deferred[None]:
        """A fault is told, and no good backup makes room for a bad one."""

        async def work() -> None:
            await self.write(parties(400))
            raw = bytearray(self.state.path.read_bytes())
            raw[3 * 4096 : 9 * 4096] = b"\xa5" * (6 * 4096)
            self.state.path.write_bytes(raw)
            with self.assertRaises(StoreError) as caught:
                make_backup(self.state, NOW)
            self.assertIn("is damaged", str(caught.exception))
            self.assertEqual([], list((self.state.folder / BACKUPS).iterdir()))

        return Deferred.fromCoroutine(work())

    def test_export(self) -> Deferred[None]:
        """To a place of one's choice, over nothing that is there; a folder without a database is one sentence."""

        async def work() -> None:
            target = self.state.folder / "friday.db"
            with self.assertRaises(StoreError) as caught:
                export(self.state, target)
            self.assertIn(f"{self.state.path} does not exist", str(caught.exception))
            await self.write(parties(2))
            copy = export(self.state, target)
            self.assertEqual((target, target.stat().st_size), (copy.path, copy.size))
            with self.assertRaises(StoreError) as caught:
                export(self.state, target)
            self.assertIn("exists already", str(caught.exception))
            with self.assertRaises(StoreError) as caught:
                export(self.state, self.state.folder / "no" / "such.db")
            self.assertIn("No such file or directory", str(caught.exception))

        return Deferred.fromCoroutine(work())

    def test_locked_source(self) -> Deferred[None]:
        """A database that another program keeps for itself ends the copy after a while, with a word."""

        async def work() -> None:
            await self.write(parties(1))
            other = sqlite3.connect(self.state.path, isolation_level=None)
            other.execute("PRAGMA locking_mode = EXCLUSIVE")
            other.execute("BEGIN EXCLUSIVE")
            with self.assertRaises(StoreError) as caught:
                make_backup(self.state, NOW)
            self.assertIn("locked", str(caught.exception))
            other.close()

        return Deferred.fromCoroutine(work())

    @pytest.mark.needs("root")
    def test_root_makes_it_for_the_server(self) -> Deferred[None]:
        """What root makes in the folder of a server that is not root belongs to the server."""

        async def work() -> None:
            await self.write(parties(1))
            os.chown(self.state.folder, NOBODY, NOBODY)
            copy = make_backup(self.state, NOW)
            with self.state.locked():
                restore(self.state, copy.path, NOW)
            for path in (copy.path, copy.path.parent, self.state.path, self.state.folder / f"{FILE}.lock"):
                self.assertEqual((NOBODY, NOBODY), (path.stat().st_uid, path.stat().st_gid), path)

        return Deferred.fromCoroutine(work())


class RestoreTests(StoreCase):
    """The way back."""

    def test_restore_keeps_what_was_there(self) -> Deferred[None]:
        """The copy takes the name, the present database keeps its rows under another."""

        async def work() -> None:
            await self.write(parties(2))
            backup = make_backup(self.state, NOW)
            await self.write(parties(5))
            with self.state.locked():
                copy, aside = restore(self.state, backup.path, NOW)
            self.assertEqual(self.state.path, copy.path)
            self.assertEqual(2, len(await self.read()))
            assert aside is not None
            self.assertEqual(f"{FILE}.replaced-{STAMP}", aside.name)
            with self.state.locked():
                restore(self.state, aside, NOW)
            self.assertEqual(5, len(await self.read()))

        return Deferred.fromCoroutine(work())

    def test_bad_source_changes_nothing(self) -> Deferred[None]:
        """A missing, empty, foreign or broken source is refused, and the database stands."""

        async def work() -> None:
            await self.write(parties(2))
            before = self.state.path.read_bytes()
            bad = self.state.folder / "bad.db"
            for content, text in ((None, "does not exist"), (b"", "is empty"), (b"letter\n" * 999, "is damaged")):
                if content is not None:
                    bad.write_bytes(content)
                with self.assertRaises(StoreError) as caught:
                    restore(self.state, bad, NOW)
                self.assertIn(text, str(caught.exception))
            self.assertEqual(before, self.state.path.read_bytes())
            self.assertEqual({FILE, "bad.db"}, {name for name in self.names() if not name.endswith(("-wal", "-shm"))})

        return Deferred.fromCoroutine(work())

    def test_refused_while_a_server_runs(self) -> Deferred[None]:
        """The folder belongs to the server."""

        async def work() -> None:
            store = self.store()
            await store.open()
            with self.assertRaises(StoreError) as caught, self.state.locked():
                self.fail("two have the folder")
            self.assertIn("in use by another control server", str(caught.exception))
            await store.close()

        return Deferred.fromCoroutine(work())


class MigrationTests(StoreCase):
    """A newer LANrage on an older database."""

    def steps(self, *more: str) -> list[Migration]:
        """This LANrage's migrations and more."""
        steps = migrations()
        return steps + [Migration(len(steps) + n, f"more_{n}", sql) for n, sql in enumerate(more, 1)]

    def test_backup_before_each(self) -> Deferred[None]:
        """Each step that finds something is preceded by a backup of the version before it; a first start makes none."""

        async def work() -> None:
            await self.write(parties(3))
            self.assertFalse((self.state.folder / BACKUPS).exists())
            store = self.store(steps=self.steps("CREATE TABLE one (x)", "CREATE TABLE two (x)"))
            self.assertEqual(3, len(await store.open()))
            await store.close()
            old = len(migrations())
            self.assertEqual([old], [backup.schema for backup in self.state.backups()][:1])
            self.assertEqual(2, len(self.state.backups()))
            await self.refused(f"has schema {old + 2}, this LANrage knows {old}: update LANrage")

        return Deferred.fromCoroutine(work())

    def test_failed_step_is_taken_back(self) -> Deferred[None]:
        """A step that fails half way leaves the database as it was, and the old LANrage still reads it."""

        async def work() -> None:
            await self.write(parties(3))
            await self.refused(
                "cannot be led to schema",
                "more_1",
                steps=self.steps("CREATE TABLE one (x); INSERT INTO nowhere VALUES (1)"),
            )
            self.assertEqual(3, len(await self.read()))
            with sqlite3.connect(self.state.path) as connection:
                tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
            connection.close()
            self.assertNotIn("one", tables)

        return Deferred.fromCoroutine(work())

    def test_no_step_without_a_backup(self) -> Deferred[None]:
        """Where the backup cannot be made the database is not touched."""

        async def work() -> None:
            await self.write(parties(3))
            (self.state.folder / BACKUPS).write_bytes(b"a file in the way")
            await self.refused(BACKUPS, steps=self.steps("CREATE TABLE one (x)"))
            (self.state.folder / BACKUPS).unlink()
            self.assertEqual(3, len(await self.read()))

        return Deferred.fromCoroutine(work())
