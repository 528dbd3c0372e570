"""A node's server browser sees the party that the node is in."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from lanrage.core.game_presence import Hosted, Playing
from tests.app.node_world import PartyCase

ALL: dict[str, Any] = {"text": "", "game": "", "players": 0, "password": "", "room": False, "reachable": False}
ALL |= {"favourite": False, "tag": "", "sort": "name"}
TAG = Playing("tag", "Tag", True, (Hosted("udp", 40000),))


class NodeServersTests(PartyCase):
    """Nodes in memory."""

    def test_party(self) -> Deferred[None]:
        """What runs here is listed at this member's party address; an added server of another member, by its name,
        until the node leaves. The added one is kept."""

        async def life() -> None:
            anna, _, _, _ = await self.party()
            node = anna.node
            node.games.presence.say([TAG])
            await node.add_server(address="bert:5000", game="", name="", tcp=False)
            own, added = sorted((await node.list_servers(**ALL))["servers"], key=lambda each: not each["own"])
            members = (await node.show_party())["members"]
            places = {each["name"]: each["address"] for each in members}
            self.assertEqual((own["member"], own["address"], own["port"]), ("anna", places["anna"], 40000))
            self.assertEqual((added["member"], added["address"], added["port"]), ("bert", places["bert"], 5000))
            names = {reading.name for reading in node.readings_of_servers()}
            self.assertIn("lanrage_servers_known", names)
            await node.leave_party()
            self.assertEqual([], (await node.list_servers(**ALL))["servers"])
            self.assertEqual(1, len(node.games.browser.marks.named))

        return self.run_async(life())
