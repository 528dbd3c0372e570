"""The table beside the LAN plane: there while it is needed, gone with who made it."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.defer import gatherResults
from twisted.trial.unittest import TestCase

from lanrage.net.lan_table import LanTable
from tests.namespaces import may_unshare
from tests.real_links import RealNamespace
from tests.strategies_lan import ME, REAL


@pytest.mark.skipif(not may_unshare(), reason="needs root and /dev/net/tun")
@pytest.mark.needs("nft")
class TestTable(TestCase):
    """In a namespace."""

    timeout = 120

    def setUp(self) -> None:
        """Nothing is there."""
        from twisted.internet import reactor

        self.world = RealNamespace(reactor)
        self.addCleanup(self.world.leave)
        self.table = LanTable(self.world.reactor, "wg0", ME)
        self.addCleanup(self.table.close)
        self.table.open()

    def rules(self) -> str:
        """What the kernel has."""
        return self.world.namespace.run("nft list ruleset")

    async def test_life(self) -> None:
        """Made for the first need, changed in place, gone with the last."""
        self.assertEqual(self.rules(), "")
        await self.table.serve(frozenset({6000}))
        self.assertIn("6000", self.rules())
        await self.table.translate({7000: REAL})
        self.assertIn(f"udp sport 7000 ip saddr set {ME}", self.rules())
        await self.table.serve(frozenset())
        self.assertNotIn("6000", self.rules())
        await self.table.translate({})
        self.assertEqual(self.rules(), "")

    async def test_closed(self) -> None:
        """What is asked for after the end, or before the beginning, makes no table."""
        await self.table.serve(frozenset({6000}))
        await gatherResults(
            [self.table.close(), self.table.serve(frozenset({6000})), self.table.translate({7000: REAL})]
        )
        self.assertEqual(self.rules(), "")
        self.table.open()
        await self.table.serve(frozenset({6001}))
        self.assertNotIn("6000", self.rules())
        self.assertNotIn("7000", self.rules())
        self.assertIn("6001", self.rules())

    async def test_last_wish(self) -> None:
        """Of changes that come at once the last stands."""
        wishes: list[Any] = [self.table.serve(frozenset({port})) for port in range(1, 30)]
        wishes.append(self.table.close())
        self.table.open()
        await gatherResults([*wishes, self.table.translate({7000: REAL})])
        self.assertIn("7000", self.rules())
        self.assertNotIn("dport 29", self.rules())
        await self.table.close()
        self.assertEqual(self.rules(), "")

    async def test_flush(self) -> None:
        """Another program's flush leaves it alone."""
        await self.table.translate({7000: REAL})
        self.world.namespace.run("nft flush ruleset")
        self.assertIn("7000", self.rules())

    async def test_refused(self) -> None:
        """What the kernel refuses is told, and tried again at the next change."""
        bad = LanTable(self.world.reactor, 'no"name', ME)
        bad.open()
        await bad.serve(frozenset({6000}))
        self.assertIn("nftables", bad.trouble)
        await bad.close()
        self.assertEqual(bad.trouble, "")
