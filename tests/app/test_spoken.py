"""Spoken codes from one user's mouth to another's keyboard: whole nodes, a real control server on loopback."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from lanrage.errors import Refused
from tests.app.node_world import PartyCase, Player


class SpokenTests(PartyCase):
    """Anna reads a code out, Bert types it."""

    async def told(self, anna: Player, **wishes: Any) -> dict[str, Any]:
        """A spoken code of Anna's."""
        return await anna.node.invite(**({"expires_hours": 1.0, "uses": None, "spoken": True} | wishes))

    def test_join(self) -> Deferred[None]:
        """The code, typed as people type, brings Bert in; nobody else can use it or its invitation again."""

        async def life() -> None:
            await self.serve()
            anna, bert, carl = await self.player("anna", 1), await self.player("bert", 2), await self.player("carl", 3)
            await anna.create()
            invited = await self.told(anna)
            spoken = invited["spoken"]
            self.assertEqual((600.0, self.server_address), (spoken["lifetime_s"], spoken["server"]))
            stages: list[str] = []
            typed = spoken["code"].lower().replace("-", " ").replace("0", "o")
            joined = await bert.node.join_party(typed, member_name="bert", progress=stages.append)
            self.assertEqual(2, joined["members"])
            await self.until_paths(anna, bert)
            await self.fails(Refused, "code_burnt", carl.join(spoken["code"]))
            await self.fails(Refused, "invitation_used_up", carl.join(invited["code"]))

        return self.run_async(life())
