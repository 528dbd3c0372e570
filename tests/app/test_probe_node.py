"""The node's operation ``lan.probe``, and where the LAN plane learns who the host is."""

from __future__ import annotations

import os

import attrs
from twisted.internet import reactor
from twisted.internet.defer import Deferred

from lanrage.app.lan import LanPlane
from lanrage.app.lan_config import CaptureFrom, LanSettings
from lanrage.app.lan_probe import LanProbe
from lanrage.errors import Refused
from tests.app.node_world import PartyCase, Player
from tests.app.test_lan_probe import MemorySocket


def plane_of(player: Player) -> LanPlane:
    """The player's LAN plane."""
    life = player.node._life
    assert life is not None
    assert life.session is not None
    assert life.session.lan is not None
    return life.session.lan


class ProbeNodeTests(PartyCase):
    """Two nodes in a party; their cards are in memory and carry nothing."""

    def test_host(self) -> Deferred[None]:
        """Both planes know the founder as the host."""

        async def life() -> None:
            anna, bert, created, _ = await self.party()
            self.assertEqual([created["address"]] * 2, [str(plane_of(each).host) for each in (anna, bert)])

        return self.run_async(life())

    def test_probe(self) -> Deferred[None]:
        """What does not leave is said with the member's name, and to the doctor."""

        async def life() -> None:
            anna, _, created, joined = await self.party()
            plane = plane_of(anna)
            plane._parts = (LanProbe(plane, reactor, MemorySocket(), os.urandom),)
            shown = await anna.node.probe_lan(timeout_s=0.01)
            self.assertEqual((created["party_id"], 1), (shown["party_id"], shown["sent"]))
            members = [(each["name"], each["address"], each["missing"]) for each in shown["members"]]
            self.assertEqual([("bert", joined["address"], "captured")], members)
            facts = await anna.node.diagnose()
            self.assertEqual([("bert", "captured")], [(each["name"], each["missing"]) for each in facts["visibility"]])
            plane.set_members([])
            self.assertEqual([], (await anna.node.probe_lan(timeout_s=0.01))["members"])

        return self.run_async(life())

    def test_refused(self) -> Deferred[None]:
        """Outside a party, without the part, and where nothing is shown of the games here; the doctor goes on."""

        async def life() -> None:
            anna, _, _, _ = await self.party()
            await self.refused(anna, "no_card")
            self.assertIsNone((await anna.node.diagnose())["visibility"])
            plane = plane_of(anna)
            plane._parts = (LanProbe(plane, reactor, MemorySocket(), os.urandom),)
            silent = attrs.evolve(anna.node._config.devices, lan=LanSettings(CaptureFrom.OFF))
            anna.node._config = attrs.evolve(anna.node._config, devices=silent)
            await self.refused(anna, "not_allowed")
            await anna.node.leave_party()
            await self.refused(anna, "not_in_party")

        return self.run_async(life())

    async def refused(self, player: Player, code: str) -> None:
        """The operation says no with this word."""
        with self.assertRaises(Refused) as caught:
            await player.node.probe_lan(timeout_s=0.01)
        self.assertEqual(code, caught.exception.code)
