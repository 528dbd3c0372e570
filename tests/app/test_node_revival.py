"""A party goes on though its devices were removed under it, and can be left though its server is gone."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from lanrage.errors import BadInput, StoreError
from tests.app.node_world import PartyCase, Player, reactor


async def missing(player: Player) -> str:
    """What the user reads in ``lanrage status``."""
    return "; ".join((await player.node.status())["missing"])


class RevivalTests(PartyCase):
    """Two nodes whose machines change under them."""

    def test_card_removed(self) -> Deferred[None]:
        """The user is told, card and links come back by themselves, and nothing of the old ones is left."""

        async def life() -> None:
            anna, bert, _, _ = await self.party()
            lost = anna.machinery.cards[-1].lost
            assert lost is not None
            lost()
            self.assertIn("the LAN card lanrage0 is gone; it is tried again in 1 s", await missing(anna))
            await self.until(lambda: len(anna.machinery.cards) == 2)
            await self.until_paths(anna, bert)
            self.assertEqual("", await missing(anna))
            self.assertEqual((1, 1), tuple(map(len, anna.machinery.standing)))
            await anna.stop()

        return self.run_async(life())

    def test_members_change_meanwhile(self) -> Deferred[None]:
        """What is wrong is still told when others come and go before it is mended."""

        async def life() -> None:
            anna, bert, _, _ = await self.party()
            party, other = anna.node._life, bert.node._life
            assert party is not None
            assert party.replica is not None
            assert other is not None
            lost = anna.machinery.cards[-1].lost
            assert lost is not None
            lost()
            party._changed(party.replica.left(party.replica.revision + 1, other.keys.identity.public))
            self.assertIn("the LAN card lanrage0 is gone; it is tried again in 1 s", await missing(anna))

        return self.run_async(life())

    def test_leave_before_it_is_back(self) -> Deferred[None]:
        """Leaving a party whose card is gone ends the attempts with it."""

        async def life() -> None:
            anna, _, _, _ = await self.party()
            lost = anna.machinery.cards[-1].lost
            assert lost is not None
            lost()
            before = {call for call in reactor.getDelayedCalls() if "Revival" in str(call)}
            self.assertEqual(1, len(before))
            await anna.node.leave_party()
            self.assertEqual(set(), before & set(reactor.getDelayedCalls()))
            self.assertEqual(([], []), anna.machinery.standing)

        return self.run_async(life())

    def test_port_freed_after_the_start(self) -> Deferred[None]:
        """A node that could not take part at its start does so once it can."""

        async def life() -> None:
            anna, bert, _, _ = await self.party()
            await bert.stop()
            bert.machinery.broken = BadInput("wireguard_port", "it is taken by another program")
            await bert.start()
            self.assertEqual("in-party-without-card", (await bert.node.status())["state"])
            self.assertIn("is taken by another program; it is tried again in 1 s", await missing(bert))
            bert.machinery.broken = None
            await self.until_paths(anna, bert)
            self.assertEqual("", await missing(bert))

        return self.run_async(life())


class AloneTests(PartyCase):
    """What has to work though others do not."""

    def test_leave_without_server(self) -> Deferred[None]:
        """Who cannot reach the server may leave all the same, and hears what that means."""

        async def life() -> None:
            anna, _, created, _ = await self.party()
            await self.unserve()
            heard: list[str] = []
            left = await anna.node.leave_party(progress=heard.append)
            self.assertEqual({"party_id": created["party_id"]}, left)
            self.assertIn("the control server could not be told, it will show you as offline", heard[-1])
            self.assertEqual(("idle", ([], [])), ((await anna.node.status())["state"], anna.machinery.standing))
            await anna.stop()
            await anna.start()
            self.assertEqual("idle", (await anna.node.status())["state"])

        return self.run_async(life())

    def test_disk_full_at_the_join(self) -> Deferred[None]:
        """A party file that cannot be written fails the join, and the seat at the server is given back."""

        async def life() -> None:
            anna, _, created, _ = await self.party()
            carl = await self.player("carl", 3)
            (carl.folder / "state" / "party.json").mkdir()
            await self.fails(StoreError, "store", carl.join(created["code"]))
            await self.until(lambda: self._members(anna, 2))
            self.assertEqual("idle", (await carl.node.status())["state"])

        return self.run_async(life())

    async def _members(self, player: Player, count: int) -> bool:
        return len((await player.node.show_party())["members"]) == count
