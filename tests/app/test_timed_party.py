"""A party's life, as the timings see it."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from lanrage.errors import Refused
from lanrage.timing import TIMINGS
from tests.app.node_world import PartyCase

ENTERED = {
    "control.set_up": 1,
    "control_client.initialize": 2,
    "control_client.register_party": 1,
    "control_client.register_peer": 1,
    "control_client.join_party": 1,
    "ipam.allocate": 1,
    "party.start": 2,
    "broadcast.start_listener": 2,
    "peer.connect": 2,
    "nat.detect": 2,
}
"""Operation: how often at least, when Anna has founded a party and Bert has joined it."""


class TimedPartyTests(PartyCase):
    """Two nodes in memory, a real control server."""

    def test_entering(self) -> Deferred[None]:
        """Each operation of founding and joining is counted as often as it happens, with a time that can be true."""

        async def life() -> None:
            TIMINGS.reset()
            await self.party()
            await self.until(lambda: TIMINGS.calls["nat.detect"].since_reset().calls >= 2)
            counted = {name: TIMINGS.calls[name].since_reset().calls for name in ENTERED}
            self.assertEqual({name: count for name, count in counted.items() if count < ENTERED[name]}, {})
            self.assertGreater(TIMINGS.calls["state.flush"].since_reset().calls, 0)
            self.assertGreater(TIMINGS.calls["control_client.request"].since_reset().calls, 3)
            for name in ENTERED:
                calls = TIMINGS.calls[name]
                self.assertTrue(0.0 < calls.longest < 60.0, name)
                self.assertEqual(calls.since_reset().failures, 0, name)

        return self.run_async(life())

    def test_a_refused_join(self) -> Deferred[None]:
        """What fails is counted as failed; closing is counted, too."""

        async def life() -> None:
            anna, bert, _, _ = await self.party()
            code = (await anna.node.invite(expires_hours=1.0, uses=1))["code"]
            cara = await self.player("cara", 3)
            TIMINGS.reset()
            await self.fails(Refused, "name_taken", cara.join(code, "bert"))
            self.assertEqual(TIMINGS.calls["control_client.join_party"].since_reset().failures, 1)
            await bert.node.leave_party()
            self.assertGreaterEqual(TIMINGS.calls["control_client.close"].since_reset().calls, 2)

        return self.run_async(life())
