"""The party firewall's table in a real namespace: made, changed by others, put back, removed."""

from __future__ import annotations

import pytest
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.exposure import Exposure, GuardRules
from lanrage.core.undo import GUARD, UndoEntry
from lanrage.errors import LanrageError, Unreachable
from lanrage.net.guard import Guard, GuardTable, check_guard, remove_guard
from lanrage.net.nft_events import tells_removal
from lanrage.net.sysctl import forwards, set_device
from lanrage.net.undo import undo_all
from lanrage.wire.guard_ruleset import table_name
from tests.guard_world import CARD, TUNNEL, GuardWorld


class EventTests(SynchronousTestCase):
    """What the kernel's notifications say."""

    def test_removals(self) -> None:
        """Of a table, a chain, a rule; anything else, and bytes that are no message, say nothing."""

        def message(kind: int, length: int = 20) -> bytes:
            return length.to_bytes(4, "little") + kind.to_bytes(2, "little") + bytes(14)

        for kind in (0xA02, 0xA05, 0xA08):
            self.assertTrue(tells_removal(message(0xA00) + message(kind)))
        for data in (b"", b"\x01", message(0xA00), message(0xA0B), message(0xA00, 3) + message(0xA02)):
            self.assertFalse(tells_removal(data))


class BreakingTable(GuardTable):
    """One that cannot be put back for a while."""

    broken = False

    def make(self, rules: GuardRules, passes: frozenset[tuple[str, str]]) -> None:
        """See :meth:`GuardTable.make`."""
        if self.broken:
            raise Unreachable("nftables is away")
        super().make(rules, passes)


@pytest.mark.needs("root", "ip", "nft")
class TestGuard(GuardWorld):
    """Its life."""

    async def test_flushed(self) -> None:
        """A firewall that is loaded anew flushes all tables: the guard is back at once, with what it counted."""
        await self.guard.start(GuardRules(Exposure.GUARDED))
        before = self.ruleset()
        self.assertIn(table_name(TUNNEL), before)
        await self.guard.look()
        self.world.namespace.run("nft flush ruleset")
        await self.eventually(lambda: table_name(TUNNEL) in self.ruleset())
        self.world.namespace.run(f"nft flush chain inet {table_name(TUNNEL)} input")
        await self.eventually(lambda: self.ruleset() == before)
        await self.eventually(lambda: self.guard.restored == 2)
        await self.guard.stop()
        self.flushLoggedErrors()
        self.assertEqual(("", []), (self.ruleset(), self.journal.entries()))

    async def test_forwarding(self) -> None:
        """While the table is gone and cannot be put back the tunnel forwards for nobody, and then as before."""
        table = BreakingTable(TUNNEL, CARD, self.journal)
        guard = Guard(self.world.reactor, table)
        await guard.start(GuardRules())
        set_device("ipv4", TUNNEL, "forwarding", "1")
        table.broken = True
        self.world.namespace.run("nft flush ruleset")
        await self.eventually(lambda: not forwards(TUNNEL))
        self.assertEqual(0, guard.restored)
        table.broken = False
        await guard.look()
        self.assertTrue(forwards(TUNNEL))
        self.assertEqual(1, guard.restored)
        await guard.stop()
        self.flushLoggedErrors()

    async def test_crash(self) -> None:
        """After a crash the table stands as long as its device; the next start takes its place, and removes it."""
        table = GuardTable(TUNNEL, CARD, self.journal)
        table.make(GuardRules(), frozenset())
        entry = UndoEntry(GUARD, table_name(TUNNEL), TUNNEL)
        self.assertEqual([entry], self.journal.entries())
        self.assertEqual(0, await undo_all(self.world.reactor, self.journal))
        await self.guard.start(GuardRules())
        await self.guard.stop()
        self.assertEqual(("", []), (self.ruleset(), self.journal.entries()))
        table.make(GuardRules(), frozenset())
        with self.assertRaisesRegex(LanrageError, "still stands"):
            remove_guard(entry)
        self.world.namespace.run(f"ip link del {TUNNEL}")
        self.assertEqual(1, await undo_all(self.world.reactor, self.journal))
        self.assertEqual(("", []), (self.ruleset(), self.journal.entries()))

    async def test_refused(self) -> None:
        """Where nftables refuses, the start fails with its words and nothing is left."""
        guard = Guard(self.world.reactor, GuardTable("x" * 20, CARD, self.journal))
        with self.assertRaisesRegex(LanrageError, "1 to 15"):
            await guard.start(GuardRules())
        await guard.stop()
        self.assertEqual(("", []), (self.ruleset(), self.journal.entries()))

    def test_check(self) -> None:
        """Where nftables is, the check is silent."""
        check_guard()
