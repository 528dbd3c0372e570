"""Whole nodes without their control server: they stay together, begin anew, and forget when they leave."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from lanrage.errors import Refused
from lanrage.store.endpoints import FILE
from tests.app.node_world import PartyCase, Player


class AloneTests(PartyCase):
    """Anna and Bert, whose server dies."""

    def test_both_begin_anew(self) -> Deferred[None]:
        """Both nodes were stopped and start from what is on disk: they meet, with the addresses they had."""

        async def life() -> None:
            anna, bert, _, joined = await self.party()
            await self.unserve()
            for player in (anna, bert):
                await player.stop()
            await anna.start()
            await bert.start()
            await self.until_paths(anna, bert)
            self.assertEqual("in-party-offline", (await bert.node.status())["state"])
            self.assertEqual(joined["address"], (await bert.node.status())["card"]["address"])
            await bert.node.leave_party()
            self.assertFalse((bert.folder / "state" / FILE).exists())
            self.assertTrue((anna.folder / "state" / FILE).exists())

        return self.run_async(life())


class ImpatientTests(PartyCase):
    """What is asked of a node while it starts, as by a script or an agent at log-in."""

    code = ""

    def impatient(self, player: Player) -> Deferred[dict[str, Any]]:
        """Start the node, and let it join before it has opened its files."""
        player.node = player.make()
        player.node.startService()
        self.running.append(player.node)
        return Deferred.fromCoroutine(player.join(self.code))

    def test_join(self) -> Deferred[None]:
        """It joins once: the start does not return to the very party a second time."""

        async def life() -> None:
            anna, bert, created, _ = await self.party()
            self.code = created["code"]
            await bert.node.leave_party()
            await bert.stop()
            cards = len(bert.machinery.cards)
            joined = await self.impatient(bert)
            await bert.node.started
            self.assertEqual(cards + 1, len(bert.machinery.cards))
            await self.until_paths(anna, bert)
            status = await bert.node.status()
            self.assertEqual(("in-party", []), (status["state"], status["missing"]))
            self.assertEqual(joined["address"], status["card"]["address"])

        return self.run_async(life())

    def test_join_again(self) -> Deferred[None]:
        """A node that is in a party returns to it; another one is refused, as at any other time."""

        async def life() -> None:
            anna, bert, created, _ = await self.party()
            self.code = created["code"]
            await bert.stop()
            await self.fails(Refused, "already_in_party", self.impatient(bert))
            await self.until_paths(anna, bert)

        return self.run_async(life())
