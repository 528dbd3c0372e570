"""What every store of the control server's rows does; mixed into a test case for each implementation."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from twisted.internet.defer import Deferred

from lanrage.core.world_rows import Change, Erase, InvitationRow, MembershipRow, PartyRow, Put, Row, SeenRow, UseRow
from lanrage.errors import StoreError
from lanrage.store.database import IStore

ONE, TWO = "1" * 32, "2" * 32
ROWS: list[Row] = [
    PartyRow(ONE, b"charter", 1),
    PartyRow(TWO, b"\x00\xff", 2**53),
    MembershipRow(ONE, b"a" * 32, b"certificate", b"", None),
    MembershipRow(ONE, b"b" * 32, b"certificate", b"invitation", 1_800_000_000.25),
    InvitationRow(ONE, "c" * 32, b"invitation"),
    UseRow(ONE, "c" * 32, b"b" * 32),
    SeenRow(b"a" * 32, 1_800_000_000.5),
]


class StoreContract:
    """Needs ``make_store`` (the same rows each time it is called in one test) and trial's assertions."""

    def make_store(self) -> IStore:
        """A store on this test's own disk."""
        raise NotImplementedError

    def run_async(self, work: Coroutine[Any, Any, None]) -> Deferred[None]:
        """Run a test."""
        return Deferred.fromCoroutine(work)

    async def filled(self, changes: list[Change]) -> list[Row]:
        """Apply, close, open again: the rows."""
        store = self.make_store()
        await store.open()
        await store.apply(changes)
        await store.close()
        again = self.make_store()
        rows = await again.open()
        await again.close()
        return rows

    def test_new_store_is_empty(self) -> Deferred[None]:
        """Nothing is there at first."""

        async def work() -> None:
            self.assertEqual([], await self.filled([]))  # type: ignore[attr-defined]

        return self.run_async(work())

    def test_rows_come_back_in_order(self) -> Deferred[None]:
        """Every kind of row comes back as it was, parties first."""

        async def work() -> None:
            rows = await self.filled([Put(row) for row in reversed(ROWS)])
            self.assertEqual(set(ROWS), set(rows))  # type: ignore[attr-defined]
            self.assertIsInstance(rows[0], PartyRow)  # type: ignore[attr-defined]
            self.assertEqual(len(ROWS), len(rows))  # type: ignore[attr-defined]

        return self.run_async(work())

    def test_put_replaces_and_erase_removes(self) -> Deferred[None]:
        """One row a key; erasing one that is not there is no error."""

        async def work() -> None:
            changes: list[Change] = [
                *(Put(row) for row in ROWS[:3]),
                Put(PartyRow(ONE, b"charter", 9)),
                Erase(PartyRow, (TWO,)),
                Erase(MembershipRow, (ONE, b"a" * 32)),
                Erase(UseRow, (ONE, "c" * 32, b"z" * 32)),
            ]
            self.assertEqual([PartyRow(ONE, b"charter", 9)], await self.filled(changes))  # type: ignore[attr-defined]

        return self.run_async(work())

    def test_closed_store_takes_nothing(self) -> Deferred[None]:
        """What comes after the end is an error, not a loss; closing twice is none."""

        async def work() -> None:
            store = self.make_store()
            await store.open()
            await store.close()
            await store.close()
            with self.assertRaises(StoreError):  # type: ignore[attr-defined]
                await store.apply([Put(ROWS[0])])

        return self.run_async(work())
