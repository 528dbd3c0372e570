"""One path: when it is pinged, when it is open, when it is dead."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.candidates import Candidate, CandidateKind
from lanrage.core.links import Endpoint
from lanrage.core.path import (
    ALARM_AFTER,
    ALARM_INTERVAL,
    COLD_INTERVAL,
    DEAD_AFTER,
    DOUBT_INTERVAL,
    FIRST_PACE,
    LATE_LIMIT,
    OPENING_GAPS,
    PROOF_KEPT,
    TIMEOUT_MAX,
    TIMEOUT_MIN,
    Path,
)
from lanrage.core.quality import SMOOTHING


def path(kind: CandidateKind = CandidateKind.REFLEXIVE, now: float = 0.0) -> Path:
    """A path to be pinged from `now` on."""
    return Path(Candidate(kind, Endpoint("198.51.100.1", 51820)), now)


class Walk:
    """Drives a path as the plan does: pings when due, losses counted; `answers` says which pings are answered."""

    def __init__(self, delay: float, answers: list[bool], pace: float = FIRST_PACE) -> None:
        self.path = path()
        self.path.keep_pace(pace)
        self.now, self.delay, self.answers = 0.0, delay, answers
        self.pings: list[float] = []
        self.deaths: list[float] = []
        self.pongs: list[tuple[float, bytes]] = []

    def run(self, until: float) -> None:
        """Let time pass."""
        while True:
            moment = min([self.path.deadline(), *(at for at, _ in self.pongs)])
            if moment > until:
                return
            self.now = max(self.now, moment)
            for at, transaction in [pong for pong in self.pongs if pong[0] <= self.now]:
                self.pongs.remove((at, transaction))
                self.path.pong(transaction, self.now)
            if self.path.expire(self.now):
                self.deaths.append(self.now)
            if self.path.next_ping <= self.now:
                self._ping()

    def _ping(self) -> None:
        transaction = len(self.pings).to_bytes(8, "big")
        if not self.answers or self.answers[len(self.pings) % len(self.answers)]:
            self.pongs.append((self.now + self.delay, transaction))
        self.pings.append(self.now)
        self.path.sent(transaction, self.now)


class PathTests(SynchronousTestCase):
    """The life of a path."""

    def test_opening(self) -> None:
        """Five pings to an address that does not answer, and then one each half minute: it may be a victim's."""
        walk = Walk(0.05, [False])
        walk.run(2 * COLD_INTERVAL + 5)
        opening = [sum(OPENING_GAPS[: n + 1]) for n in range(len(OPENING_GAPS))]
        expected = [*opening, opening[-1] + COLD_INTERVAL, opening[-1] + 2 * COLD_INTERVAL]
        self.assertEqual([round(at, 6) for at in expected], [round(at, 6) for at in walk.pings])
        self.assertEqual((False, None, []), (walk.path.proven, walk.path.rtt, walk.deaths))

    def test_proven(self) -> None:
        """Once open it is pinged at the pace that it is given."""
        for interval in (0.1, 1.0, 10.0):
            walk = Walk(0.02, [], interval)
            walk.run(45.0)
            self.assertTrue(walk.path.proven)
            gaps = [round(b - a, 6) for a, b in zip(walk.pings[2:], walk.pings[3:], strict=False)]
            self.assertEqual({interval}, set(gaps))
            self.assertAlmostEqual(0.02, walk.path.rtt or 0.0)

    def test_death(self) -> None:
        """A path that falls silent is dead after eight pings, the last of them in haste; once, and is opened again."""
        for pace, within in ((FIRST_PACE, FIRST_PACE + 1.5), (0.1, 0.9)):
            walk = Walk(0.02, [True] * 5 + [False] * 500, pace)
            walk.run(60.0)
            last_heard = walk.pings[4] + 0.02
            self.assertEqual(1, len(walk.deaths))
            self.assertLess(walk.deaths[0] - last_heard, within)
            self.assertEqual(DEAD_AFTER, len([at for at in walk.pings[5:] if at + TIMEOUT_MIN <= walk.deaths[0]]))
            self.assertFalse(walk.path.proven)
            after = [at for at in walk.pings if walk.deaths[0] <= at < walk.deaths[0] + 1.0]
            self.assertEqual(len(OPENING_GAPS), len(after))

    def test_alarm(self) -> None:
        """From the third unanswered ping on a path is asked faster, in a game twice as fast as before."""
        for pace, haste in ((FIRST_PACE, ALARM_INTERVAL), (0.1, 0.05)):
            walk = Walk(0.02, [True] * 5 + [False] * 500, pace)
            while not walk.path.alarming:
                walk.run(walk.path.deadline())
            self.assertEqual(ALARM_AFTER, walk.path.missed)
            alarmed = walk.now
            walk.run(alarmed + 0.2)
            gaps = [b - a for a, b in zip(walk.pings, walk.pings[1:], strict=False) if a >= alarmed]
            self.assertTrue(gaps)
            self.assertTrue(all(abs(gap - haste) < 1e-6 for gap in gaps), gaps)

    def test_queue_that_fills(self) -> None:
        """Pongs that come when their time is over tell that the path is open: a full queue is no death."""
        walk = Walk(0.02, [], 0.1)
        walk.run(5.0)
        walk.delay = 0.5
        walk.run(10.0)
        self.assertEqual([], walk.deaths)
        self.assertGreater(walk.path.timeout, 0.5)

    def test_doubt(self) -> None:
        """One loss is asked after at once, and forgotten when the next is answered."""
        walk = Walk(0.02, [True, True, False, True, True])
        walk.run(4.5)
        self.assertEqual([], walk.deaths)
        self.assertEqual(0, walk.path.missed)
        gaps = [b - a for a, b in zip(walk.pings, walk.pings[1:], strict=False)]
        self.assertAlmostEqual(DOUBT_INTERVAL, gaps[2])

    @given(st.lists(st.booleans(), min_size=1, max_size=30), st.floats(0.0, 0.25), st.sampled_from((0.1, 1.0, 60.0)))
    def test_any_loss(self, answers: list[bool], delay: float, pace: float) -> None:
        """Whatever is lost: pings are bounded, a death is preceded by as many losses, the round trip is true."""
        walk = Walk(delay, answers, pace)
        walk.run(40.0)
        self.assertLessEqual(len(walk.pings), 40 * 2 / min(pace / 2, ALARM_INTERVAL))
        self.assertLessEqual(len(walk.path._late), LATE_LIMIT)
        if walk.path.proven:
            self.assertAlmostEqual(delay, walk.path.rtt or 0.0, places=6)
        if all(answers):
            self.assertEqual((True, []), (walk.path.proven, walk.deaths))
        longest = max(len(run) for run in "".join("x" if a else "-" for a in answers * 3).split("x"))
        if longest < DEAD_AFTER:
            self.assertEqual([], walk.deaths)

    def test_foreign_pong(self) -> None:
        """A pong that answers none of our pings, or answers one twice, proves nothing."""
        one = path()
        self.assertFalse(one.pong(b"nothing!", 1.0))
        self.assertFalse(one.proven)
        one.sent(b"12345678", 1.0)
        self.assertTrue(one.pong(b"12345678", 1.1))
        self.assertFalse(one.pong(b"12345678", 9.0))
        self.assertEqual((1.1, True), (one.last_pong, one.proven))

    def test_late_pong(self) -> None:
        """A pong that overtakes earlier ones forgives them: they do not count as missed; later pings still do."""
        one = path()
        for step, name in enumerate((b"a", b"b", b"c")):
            one.sent(name, 0.01 * step)
        one.pong(b"b", 0.1)
        self.assertTrue(one.pong(b"a", 0.11))
        one.expire(5.0)
        self.assertEqual(1, one.missed)
        self.assertTrue(one.pong(b"c", 6.0))
        self.assertEqual(0, one.missed)
        self.assertFalse(one.pong(b"c", 6.0))

    def test_smoothing(self) -> None:
        """The median of three weighs by its share; after a death the first sample counts alone."""
        one = path()
        for name, sent, got in ((b"a", 0.0, 0.1), (b"b", 1.0, 1.2)):
            one.sent(name, sent)
            one.pong(name, got)
        self.assertAlmostEqual(SMOOTHING * 0.15 + (1 - SMOOTHING) * 0.1, one.rtt or 0.0)
        for step in range(DEAD_AFTER):
            one.sent(bytes([step]), 2.0)
        self.assertTrue(one.expire(10.0))
        one.sent(b"c", 11.0)
        one.pong(b"c", 11.5)
        self.assertAlmostEqual(0.5, one.rtt or 0.0)

    def test_clean(self) -> None:
        """Proven clean by answers in a row; of thirty one may be lost, and one that was left begins anew."""
        walk = Walk(0.02, [], 0.1)
        walk.run(1.0)
        self.assertEqual((True, False), (walk.path.clean(5), walk.path.clean(PROOF_KEPT)))
        walk.answers = [False] + [True] * 40
        walk.run(9.0)
        self.assertTrue(walk.path.clean(PROOF_KEPT))
        walk.path.left(walk.now, dead=False)
        self.assertEqual((False, True), (walk.path.clean(5), walk.path.rest.resting(walk.now)))

    def test_pings_before_the_proof(self) -> None:
        """What was not answered before a path opened is no loss of the path."""
        walk = Walk(0.02, [False] * 4 + [True] * 100)
        walk.run(5.0)
        self.assertEqual((True, 0.0, 0.0), (walk.path.proven, walk.path.quality.loss, walk.path.suspicion.level))

    @given(st.floats(0, 10))
    def test_timeout_bounds(self, rtt: float) -> None:
        """Never so short that a slow path is called dead, never so long that a dead one is called slow."""
        one = path()
        self.assertEqual(TIMEOUT_MAX, one.timeout)
        one.quality.latency.add(rtt)
        self.assertTrue(TIMEOUT_MIN <= one.timeout <= TIMEOUT_MAX)
        self.assertTrue(one.timeout > rtt or rtt >= TIMEOUT_MAX)

    def test_open_again(self) -> None:
        """An offer opens a cold path anew; a proven one is left alone."""
        walk = Walk(0.02, [False])
        walk.run(5.0)
        walk.path.open_again(5.0)
        self.assertEqual((5.0, 0, 0), (walk.path.next_ping, walk.path.opening, walk.path.missed))
        proven = Walk(0.02, [])
        proven.run(5.0)
        before = proven.path.next_ping
        proven.path.open_again(5.0)
        self.assertEqual(before, proven.path.next_ping)

    def test_order(self) -> None:
        """Kind first, then distance; an unproven one comes last of its kind."""
        near = {kind: path(kind) for kind in CandidateKind}
        for one in near.values():
            one.quality.latency.add(0.001 if one.relayed else 0.5)
        unknown = path(CandidateKind.PEER)
        kinds = list(CandidateKind)
        self.assertEqual(
            [*kinds[:5], CandidateKind.PEER, *kinds[5:]],
            [one.candidate.kind for one in sorted([*near.values(), unknown], key=lambda each: each.order)],
        )
        self.assertEqual([CandidateKind.RELAY, CandidateKind.RELAY_TCP], [k for k in kinds if near[k].relayed])
