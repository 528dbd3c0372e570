"""How often which path is pinged."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.candidates import Candidate, CandidateKind
from lanrage.core.links import Endpoint
from lanrage.core.path import Path
from lanrage.core.path_pace import (
    FAR_INTERVAL,
    FOLLOWING_INTERVAL,
    HOLD,
    MIDDLE_INTERVAL,
    NEAR_INTERVAL,
    PLAYING_INTERVAL,
    RESCUE_INTERVAL,
    RIVAL_INTERVAL,
    SETTLING_INTERVAL,
    STANDBY_INTERVAL,
    STANDBYS_RATE,
    SUSPECT_INTERVAL,
    SUSPECT_STANDBYS_RATE,
    Situation,
    calm_interval,
    set_paces,
)
from lanrage.core.quality import Quality

PING, PONG = 46, 53
"""Bytes of UDP payload."""


def path(rtt: float = 0.02, samples: int = 10, port: int = 1) -> Path:
    """One that was measured so often."""
    made = Path(Candidate(CandidateKind.REFLEXIVE, Endpoint("198.51.100.1", port)), 0.0)
    for number in range(samples):
        made.sent(bytes([number]), float(number))
        made.pong(bytes([number]), number + rtt)
    return made


class CalmTests(SynchronousTestCase):
    """While nothing happens."""

    def test_table(self) -> None:
        """A minute where near and stable, half where middling, ten seconds where far or getting worse."""
        for rtt, expected in (
            (0.049, NEAR_INTERVAL),
            (0.051, MIDDLE_INTERVAL),
            (0.149, MIDDLE_INTERVAL),
            (0.151, FAR_INTERVAL),
        ):
            self.assertEqual(expected, calm_interval(path(rtt).quality))
        self.assertEqual(SETTLING_INTERVAL, calm_interval(path(samples=9).quality))

    def test_trend(self) -> None:
        """A path that gets worse is watched, one that gets better half so much."""
        for step, expected in ((1.2, FAR_INTERVAL), (0.8, MIDDLE_INTERVAL)):
            quality = Quality()
            for number in range(12):
                quality.answered(0.005 * step**number, float(number))
            self.assertEqual(expected, calm_interval(quality))

    def test_mappings(self) -> None:
        """A path that is not in use is pinged before a NAT forgets it."""
        active, other = path(), path(port=2)
        set_paces([active, other], active, None, Situation(hold=8.0), 20.0)
        self.assertEqual((NEAR_INTERVAL, 8.0), (active.pace, other.pace))
        set_paces([active, other], active, None, Situation(), 20.0)
        self.assertEqual(HOLD, other.pace)

    def test_unanswered(self) -> None:
        """When packets get no answer, the path in use is asked each second."""
        active = path()
        set_paces([active], active, None, Situation(unanswered=True), 20.0)
        self.assertEqual(1.0, active.pace)


class PlayingTests(SynchronousTestCase):
    """While a game runs."""

    def test_decider(self) -> None:
        """Ten a second in use, one on each other, five on the rival; more once something was lost."""
        active, rival, other = path(), path(port=2), path(port=3)
        set_paces([active, rival, other], active, rival, Situation(playing=True), 20.0)
        self.assertEqual((PLAYING_INTERVAL, RIVAL_INTERVAL, STANDBY_INTERVAL), (active.pace, rival.pace, other.pace))
        active.suspicion.add(True)
        set_paces([active, rival, other], active, rival, Situation(playing=True), 20.0)
        self.assertEqual((SUSPECT_INTERVAL, RIVAL_INTERVAL), (active.pace, rival.pace))

    def test_follower(self) -> None:
        """It hears the decider's pings; when they stay away it asks as often itself."""
        active = path()
        set_paces([active], active, None, Situation(playing=True, decides=False, heard=19.8), 20.0)
        self.assertEqual(FOLLOWING_INTERVAL, active.pace)
        set_paces([active], active, None, Situation(playing=True, decides=False, heard=19.0), 20.0)
        self.assertEqual(PLAYING_INTERVAL, active.pace)

    def test_rescue(self) -> None:
        """While the path in use may be dead, others are asked at once, on either end."""
        for decides in (True, False):
            active, other = path(), path(port=2)
            active.missed = 3
            set_paces([active, other], active, None, Situation(playing=True, decides=decides), 20.0)
            self.assertEqual(RESCUE_INTERVAL, other.pace)

    @given(st.integers(0, 27), st.booleans(), st.booleans())
    def test_budget(self, count: int, suspect: bool, rival: bool) -> None:
        """What either end sends stays below 1 KiB/s, however many paths there are."""
        active, others = path(), [path(port=n + 2) for n in range(count)]
        if suspect:
            active.suspicion.add(True)
        near = others[0] if others and rival else None
        sides = []
        for decides in (True, False):
            situation = Situation(playing=True, decides=decides, heard=20.0)
            set_paces([active, *others], active, near if decides else None, situation, 20.0)
            sides.append(sum(1 / one.pace for one in (active, *others)))
        self.assertLessEqual(sides[0] * PING + sides[1] * PONG, 1024)
        self.assertLessEqual(sides[1] * PING + sides[0] * PONG, 1024 + 100)
        rate = SUSPECT_STANDBYS_RATE if suspect else STANDBYS_RATE
        self.assertLessEqual(sides[0], 1 / SUSPECT_INTERVAL + rate + 1 / RIVAL_INTERVAL + 1e-6)
