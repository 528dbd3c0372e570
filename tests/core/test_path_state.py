"""What a plan knows: whom a probe is meant for, and when there is something to do."""

from __future__ import annotations

import random

import attrs
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.path_pace import HEARD_WITHIN
from lanrage.core.path_plan import PathPlan
from lanrage.core.path_state import RELAY_PATIENCE
from lanrage.core.probe import Probe, ProbeKind


class StateTests(SynchronousTestCase):
    """A plan that has heard one offer."""

    def setUp(self) -> None:
        """The deciding end, without a candidate of the peer."""
        self.plan = PathPlan(True, b"t" * 8, b"s" * 8, random.Random(1).randbytes)
        self.assertIsNone(self.plan.deadline(0.0))
        self.plan.offer(b"p" * 8, b"s" * 8, [], 5.0)

    def test_deadline(self) -> None:
        """A relay waits a moment; after that there is nothing to do; in a game the other end's silence is heard."""
        self.assertEqual(5.0 + RELAY_PATIENCE, self.plan.deadline(5.0))
        self.assertIsNone(self.plan.deadline(6.0))
        self.plan.decides, self.plan.playing, self.plan._pinged_at = False, True, 6.0
        self.assertEqual(6.0 + HEARD_WITHIN, self.plan.deadline(6.0))

    def test_meant(self) -> None:
        """A probe is of the present lives when both ends' sessions are."""
        probe = Probe(ProbeKind.PING, b"q" * 8, b"p" * 8, b"x" * 8, knows=True)
        self.assertTrue(self.plan.meant(probe))
        self.assertFalse(self.plan.meant(attrs.evolve(probe, knows=False)))
        self.assertFalse(self.plan.meant(attrs.evolve(probe, session=b"o" * 8)))
