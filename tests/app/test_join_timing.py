"""A join by its stages, between real nodes in one process; and what is read of a session."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import psutil
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.join_timing import look, packets_of
from lanrage.core.join_stages import JoinStages, Stage
from tests.app.node_world import PartyCase


class TimingTests(PartyCase):
    """Bert joins Anna's party."""

    def test_stages(self) -> Deferred[None]:
        """Those of the node's own are there, in order; what does not come is said after the wait, and nothing hangs."""
        return self.run_async(self._stages())

    async def _stages(self) -> None:
        await self.serve()
        anna, bert = await self.player("anna", 1), await self.player("bert", 2)
        created = await anna.create()
        joined = await bert.node.join_party(created["code"], member_name="bert", server="", timing_s=0.3)
        times = {row["stage"]: row["at_ms"] for row in joined["stages"]}
        self.assertEqual(list(times), [str(stage) for stage in Stage])
        own = [times[stage] for stage in (Stage.CODE, Stage.CHANNEL, Stage.ADMITTED, Stage.TUNNEL)]
        self.assertEqual(own, sorted(own))
        self.assertIsNone(times[Stage.BROADCAST])
        self.assertEqual(2, joined["members"])


class LookTests(SynchronousTestCase):
    """What a session shows."""

    def test_look(self) -> None:
        """The first link's own instant; a frame that was put onto the card; a device that counts."""
        link, waiting = SimpleNamespace(added_at=5.0, ready_after=2.0), SimpleNamespace(added_at=1.0, ready_after=None)
        session: Any = SimpleNamespace(
            links=SimpleNamespace(peers={b"a": link, b"b": waiting}),
            devices=SimpleNamespace(tunnel="no-such-card"),
            lan=SimpleNamespace(injected=0),
        )
        stages = JoinStages(4.0)
        look(cast(Any, session), stages, 9.0)
        self.assertEqual({Stage.HANDSHAKE: 3.0}, {stage: at for stage, at, _ in stages.rows() if at is not None})
        session.lan.injected = 1
        look(session, stages, 10.0)
        look(session, stages, 11.0)
        self.assertEqual(6.0, {stage: at for stage, at, _ in stages.rows()}[Stage.BROADCAST])

    def test_packets(self) -> None:
        """The kernel's count; none of a device that is not there."""
        self.assertEqual(0, packets_of("no-such-card"))
        self.assertLessEqual(psutil.net_io_counters(pernic=True, nowrap=False)["lo"].packets_recv, packets_of("lo"))
