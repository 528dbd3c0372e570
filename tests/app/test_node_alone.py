"""Whole nodes without their control server: they stay together, begin anew, and forget when they leave."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from lanrage.store.endpoints import FILE
from tests.app.node_world import PartyCase


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
