"""A damaged database is refused with a clear word and set aside; never does a server begin with nothing instead."""

from __future__ import annotations

import os

from twisted.internet.defer import Deferred

from lanrage.errors import StoreError
from lanrage.store.backup import make_backup, restore, start_empty
from lanrage.store.state_folder import FILE
from tests.store.store_case import NOW, STAMP, StoreCase, parties

ASIDE = f"{FILE}.damaged-{STAMP}"
GARBAGE = b"this is no database, it is a letter\n" * 400


class DamageTests(StoreCase):
    """What is broken, and what becomes of it."""

    def broken_page(self) -> bytes:
        """Break the middle of the database; what the file then holds."""
        raw = bytearray(self.state.path.read_bytes())
        self.assertGreater(len(raw), 20 * 4096)
        raw[2 * 4096 : 12 * 4096] = b"\xa5" * (10 * 4096)
        self.state.path.write_bytes(raw)
        return bytes(raw)

    def test_garbage_is_set_aside(self) -> Deferred[None]:
        """No database at all: kept under another name, and the next start does not begin with an empty one."""

        async def work() -> None:
            self.state.path.write_bytes(GARBAGE)
            option = f"lanrage control restore --empty --state-dir {self.state.folder}"
            await self.refused("is damaged", ASIDE, "there is no backup", option)
            self.assertEqual({ASIDE}, self.names())
            self.assertEqual(GARBAGE, (self.state.folder / ASIDE).read_bytes())
            for _ in range(2):
                await self.refused(f"was set aside as {ASIDE}", "there is no backup", option)
            self.assertEqual({ASIDE}, self.names())

        return Deferred.fromCoroutine(work())

    def test_broken_page_and_the_way_back(self) -> Deferred[None]:
        """The newest backup is named with the command that brings it back, and is then what the server reads."""

        async def work() -> None:
            await self.write(parties(400))
            backup = make_backup(self.state, NOW - 60)
            await self.write(parties(500)[400:])
            raw = self.broken_page()
            command = f"lanrage control restore --state-dir {self.state.folder}"
            await self.refused("is damaged", ASIDE, f"restore the newest backup (20270115T075900Z) by: {command}")
            self.assertEqual(raw, (self.state.folder / ASIDE).read_bytes())
            await self.refused("was set aside", command)
            with self.state.locked():
                _, aside = restore(self.state, backup.path, NOW)
            self.assertIsNone(aside)
            self.assertEqual(400, len(await self.read()))

        return Deferred.fromCoroutine(work())

    def test_wal_goes_with_its_database(self) -> Deferred[None]:
        """A damaged file of a server that was killed is set aside with its WAL, unchanged, and none stays behind."""

        async def work() -> None:
            await self.write(parties(400))
            store = self.store()
            await store.open()
            await store.apply(parties(3))
            files = {path.name: path.read_bytes() for path in (self.state.path, *self.state.beside())}
            await store.close()
            for name, raw in files.items():
                (self.state.folder / name).write_bytes(raw)
            self.broken_page()
            await self.refused("is damaged")
            self.assertEqual({ASIDE, f"{ASIDE}-wal", f"{ASIDE}-shm"}, self.names())
            self.assertEqual(files[f"{FILE}-wal"], (self.state.folder / f"{ASIDE}-wal").read_bytes())

        return Deferred.fromCoroutine(work())

    def test_nothing_in_the_place_of_something(self) -> Deferred[None]:
        """A database that is missing or empty while a backup or a WAL shows that there was one is refused."""

        async def work() -> None:
            await self.write(parties(1))
            backup = make_backup(self.state, NOW).path
            for content in (None, b""):
                self.state.path.unlink(missing_ok=True)
                if content is not None:
                    self.state.path.write_bytes(content)
                await self.refused("is missing or empty, but there are backups of it", "restore the newest backup")
            backup.unlink()
            (self.state.folder / f"{FILE}-wal").write_bytes(b"frames")
            await self.refused("is missing or empty, but its WAL is there")
            self.assertEqual(b"frames", (self.state.folder / f"{FILE}-wal").read_bytes())

        return Deferred.fromCoroutine(work())

    def test_new_folder_is_no_loss(self) -> Deferred[None]:
        """Where nothing ever was, and where the first start died at once, the server begins."""

        async def work() -> None:
            self.assertEqual([], await self.read())
            self.state.path.write_bytes(b"")
            self.assertEqual([], await self.read())

        return Deferred.fromCoroutine(work())

    def test_beginning_anew_is_the_operator_s_word(self) -> Deferred[None]:
        """Only ``--empty`` makes an empty database; the damaged one stays, and the server starts then."""

        async def work() -> None:
            self.state.path.write_bytes(GARBAGE)
            await self.refused("is damaged")
            with self.state.locked():
                self.assertIsNone(start_empty(self.state, NOW))
            self.assertEqual([], await self.read())
            self.assertIn(ASIDE, self.names())
            await self.write(parties(1))
            with self.state.locked():
                aside = start_empty(self.state, NOW)
            assert aside is not None
            self.assertEqual(f"{FILE}.replaced-{STAMP}", aside.name)
            self.assertEqual(0o600, self.state.path.stat().st_mode & 0o777)
            self.assertEqual([], await self.read())
            self.assertFalse([name for name in self.names() if name.startswith(".")])

        return Deferred.fromCoroutine(work())

    def test_nothing_that_was_set_aside_is_overwritten(self) -> Deferred[None]:
        """Several in one second get several names."""

        async def work() -> None:
            for number in range(3):
                self.state.path.write_bytes(b"%d" % number * 9000)
                await self.refused("is damaged")
            aside = [self.state.folder / f"{ASIDE}{ending}" for ending in ("", "-2", "-3")]
            self.assertEqual([b"0", b"1", b"2"], [path.read_bytes()[:1] for path in aside])

        return Deferred.fromCoroutine(work())

    def test_crash_between_two_renames(self) -> Deferred[None]:
        """A restore that died after it had set the database aside: the server refuses, and restoring again leads on."""

        async def work() -> None:
            await self.write(parties(2))
            backup = make_backup(self.state, NOW)
            await self.write([])
            (self.state.folder / f"{FILE}-wal").write_bytes(b"left behind")
            self.state.path.rename(self.state.folder / f"{FILE}.replaced-{STAMP}")
            await self.refused("was set aside")
            with self.state.locked():
                restore(self.state, backup.path, NOW + 1)
            self.assertEqual(2, len(await self.read()))

        return Deferred.fromCoroutine(work())

    def test_what_is_not_ours_is_left(self) -> Deferred[None]:
        """A folder that cannot be read is one sentence; nothing is renamed."""

        async def work() -> None:
            self.state.path.mkdir()
            await self.refused(f"{self.state.path} cannot be used")
            self.assertEqual({FILE}, self.names())
            with self.assertRaises(StoreError):
                make_backup(self.state, NOW)

        return Deferred.fromCoroutine(work())

    def test_broken_while_it_runs(self) -> Deferred[None]:
        """A batch that meets damage fails with the word, and changes nothing that was acknowledged."""

        async def work() -> None:
            await self.write(parties(400))
            store = self.store()
            await store.open()
            assert store._connection is not None
            store._connection.execute("PRAGMA cache_size = 1")
            descriptor = os.open(self.state.path, os.O_RDWR)
            for page in range(1, 40):
                os.pwrite(descriptor, b"\xa5" * 4096, page * 4096)
            with self.assertRaises(StoreError) as caught:
                await store.apply(parties(400))
            self.assertIn("is damaged", str(caught.exception))
            await store.close()
            os.close(descriptor)
            await self.refused("is damaged")

        return Deferred.fromCoroutine(work())
