"""A node in its party: guarded before the tunnel, shown what members reach, unguarded after it."""

from __future__ import annotations

import socket

from twisted.internet.defer import Deferred

from lanrage.core.exposure import Exposure, GuardRules
from lanrage.core.play_ports import Source, Span
from lanrage.errors import Refused, Unreachable
from tests.app.node_world import PartyCase

QUAKE = (Span("udp", 27960, 27963),)


class ExposedTests(PartyCase):
    """Nodes in memory."""

    def test_guarded(self) -> Deferred[None]:
        """While a node is in its party its guard stands and follows the ports; it goes with the node."""

        async def life() -> None:
            anna, bert, _, _ = await self.party()
            self.assertEqual(GuardRules(Exposure.GUARDED), bert.machinery.guard.ruled)
            bert.machinery.ports.put(Source.USER, "lan.ports", QUAKE, "named")
            self.assertEqual(GuardRules(Exposure.GUARDED, QUAKE), bert.machinery.guard.ruled)
            status = await bert.node.status()
            self.assertEqual(0, status["lan"]["guard_refused"])
            await bert.stop()
            self.assertIsNone(bert.machinery.guard.rules)
            self.assertIsNotNone(anna.machinery.guard.rules)

        return self.run_async(life())

    def test_without_guard(self) -> Deferred[None]:
        """Where it cannot be guarded a machine takes no part, and nothing of it stands."""

        async def life() -> None:
            _, bert, _, _ = await self.party()
            await bert.stop()
            bert.machinery.guard.broken = Unreachable("libnftables is not here")
            made = len(bert.machinery.tunnels)
            await bert.start()
            status = await bert.node.status()
            self.assertEqual("in-party-without-card", status["state"])
            self.assertIn("libnftables is not here", status["missing"][0])
            self.assertEqual((([], []), made), (bert.machinery.standing, len(bert.machinery.tunnels)))
            await self.fails(Refused, "no_card", bert.node.exposure())

        return self.run_async(life())

    def test_shown(self) -> Deferred[None]:
        """What listens here is shown as members meet it, with the ports in play; the doctor has the same."""

        async def life() -> None:
            anna, _, _, _ = await self.party()
            anna.machinery.ports.started("quake", QUAKE)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as game:
                game.bind(("0.0.0.0", 0))
                shown = await anna.node.exposure()
                facts = await anna.node.diagnose()
            self.assertEqual("guarded", shown["exposure"])
            rows = [(row["ports"], row["source"], row["reason"]) for row in shown["in_play"]]
            self.assertEqual([("27960-27963/udp", "detected", "quake runs")], rows)
            self.assertEqual("guarded", facts["exposure"]["exposure"])

        return self.run_async(life())
