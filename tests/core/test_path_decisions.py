"""The deciding end alone, against a peer that the test plays: when it moves, when it gives up."""

from __future__ import annotations

import heapq
import itertools
import random

import attrs
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.candidates import Candidate, CandidateKind
from lanrage.core.links import Endpoint
from lanrage.core.path_actions import Action, Moved, SendProbe, WriteEndpoint
from lanrage.core.path_choice import BETTER_BY, BETTER_FOR
from lanrage.core.path_decision import DECIDE_INTERVAL, DECIDE_TRIES
from lanrage.core.path_plan import PathPlan
from lanrage.core.probe import Probe, ProbeKind

NEAR, FAR = Endpoint("198.51.100.1", 1), Endpoint("198.51.100.2", 2)
RELAY = Endpoint("203.0.113.1", 7800)
SESSION = b"peer...."


@attrs.define
class Peer:
    """Answers on each address after its round-trip time.

    :ivar trips: round-trip time by address; one that is not named does not answer.
    :ivar agrees: addresses on which decisions are agreed to.
    """

    trips: dict[Endpoint, float]
    agrees: set[Endpoint]
    plan: PathPlan = attrs.field(init=False)
    now: float = 0.0
    moves: list[tuple[float, Endpoint, str]] = attrs.field(factory=list)
    written: list[Endpoint] = attrs.field(factory=list)
    decides: list[tuple[float, Endpoint]] = attrs.field(factory=list)
    handshaken: bool = False
    _queue: list[tuple[float, int, Probe, Endpoint]] = attrs.field(factory=list)
    _count: itertools.count[int] = attrs.field(factory=itertools.count)

    def __attrs_post_init__(self) -> None:
        self.plan = PathPlan(True, b"ours....", b"session.", random.Random(1).randbytes)

    def offer(self, *endpoints: Endpoint) -> None:
        """The peer's candidates."""
        candidates = [Candidate(CandidateKind.REFLEXIVE, endpoint) for endpoint in endpoints]
        self.do(self.plan.offer(SESSION, b"session.", candidates, self.now))

    def do(self, actions: list[Action]) -> None:
        """What the plan wants."""
        for action in actions:
            if isinstance(action, SendProbe):
                self._answer(action.probe, action.to)
            elif isinstance(action, WriteEndpoint):
                self.written.append(action.endpoint)
                self.handshaken = self.handshaken or action.endpoint in self.agrees
            elif isinstance(action, Moved):
                self.moves.append((self.now, action.path.endpoint, action.reason))

    def _answer(self, probe: Probe, to: Endpoint) -> None:
        if probe.kind is ProbeKind.DECIDE:
            self.decides.append((self.now, to))
            if to not in self.agrees:
                return
        trip = self.trips.get(to)
        if trip is None:
            return
        kind = ProbeKind.PONG if probe.kind is ProbeKind.PING else ProbeKind.DECIDED
        observed = NEAR if kind is ProbeKind.PONG else None
        answer = Probe(kind, b"peer tag", SESSION, probe.transaction, observed, probe.decision, knows=True)
        heapq.heappush(self._queue, (self.now + trip, next(self._count), answer, to))

    def run(self, seconds: float) -> None:
        """Let time pass; WireGuard keeps to what was written."""
        end = self.now + seconds
        while self.now < end:
            deadline = self.plan.deadline(self.now)
            times = [
                end,
                self.now + 0.2,
                *([deadline] if deadline is not None else []),
                *(q[0] for q in self._queue[:1]),
            ]
            self.now = max(self.now + 1e-6, min(times))
            while self._queue and self._queue[0][0] <= self.now:
                _, _, answer, source = heapq.heappop(self._queue)
                self.do(self.plan.probe(answer, source, self.now, relayed=source == RELAY))
            self.do(self.plan.tick(self.now))
            here = self.written[-1] if self.written else None
            self.do(self.plan.wireguard(here, self.handshaken, self.now))


class DecisionTests(SynchronousTestCase):
    """Moves of the deciding end."""

    def test_no_agreement(self) -> None:
        """A path on which the other end falls silent instead of agreeing is given up; the next one is taken."""
        peer = Peer({NEAR: 0.02, RELAY: 0.05}, {RELAY})
        peer.offer(NEAR)
        peer.do(peer.plan.way(Candidate(CandidateKind.RELAY, RELAY), True, 0.0))
        peer.run(0.5)
        del peer.trips[NEAR]
        peer.run(2.0)
        relayed = next(at for at, endpoint in peer.decides if endpoint == RELAY)
        tried = [at for at, endpoint in peer.decides if endpoint == NEAR and at < relayed]
        self.assertEqual(DECIDE_TRIES, len(tried))
        self.assertAlmostEqual((DECIDE_TRIES - 1) * DECIDE_INTERVAL, tried[-1] - tried[0], delta=0.05)
        self.assertEqual([RELAY], [endpoint for _, endpoint, _ in peer.moves])
        self.assertEqual(RELAY, peer.plan.active)

    def test_relay_lost_before_the_agreement(self) -> None:
        """A relay port that ceases to be is not decided for any more, whatever the peer says later."""
        peer = Peer({RELAY: 0.05}, set())
        peer.do(peer.plan.way(Candidate(CandidateKind.RELAY, RELAY), True, 0.0))
        peer.offer()
        peer.run(0.5)
        self.assertEqual({RELAY}, {endpoint for _, endpoint in peer.decides})
        peer.do(peer.plan.way(Candidate(CandidateKind.RELAY, RELAY), False, peer.now))
        count = len(peer.decides)
        late = Probe(ProbeKind.DECIDED, b"peer tag", SESSION, b"t" * 8, None, 1, knows=True)
        peer.do(peer.plan.probe(late, RELAY, peer.now, relayed=True))
        peer.run(3.0)
        self.assertEqual((count, []), (len(peer.decides), peer.moves))

    def test_clear_and_lasting_gain(self) -> None:
        """To an equal kind of path traffic moves only when it is clearly shorter, and for a while."""
        peer = Peer({FAR: 0.06}, {NEAR, FAR})
        peer.offer(FAR, NEAR)
        peer.run(1.0)
        self.assertEqual(FAR, peer.plan.active)
        peer.trips[NEAR] = 0.02
        peer.offer(FAR, NEAR)
        began = peer.now
        peer.run(BETTER_FOR - 0.5)
        self.assertEqual(FAR, peer.plan.active)
        peer.run(12.0)
        self.assertEqual(NEAR, peer.plan.active)
        moved, endpoint, reason = peer.moves[-1]
        self.assertEqual((NEAR, "shorter for a while"), (endpoint, reason))
        self.assertGreaterEqual(moved - began, BETTER_FOR)

    @given(st.floats(0.0, BETTER_BY * 0.9))
    def test_no_move_for_little(self, gain: float) -> None:
        """A path that is hardly shorter changes nothing, however long it is."""
        peer = Peer({FAR: 0.06}, {NEAR, FAR})
        peer.offer(FAR, NEAR)
        peer.run(1.0)
        peer.trips[NEAR] = 0.06 - gain
        peer.offer(FAR, NEAR)
        peer.run(30.0)
        self.assertEqual(([FAR], FAR), ([endpoint for _, endpoint, _ in peer.moves], peer.plan.active))

    def test_other_numbers(self) -> None:
        """An agreement to another decision, or before any, moves nothing."""
        peer = Peer({NEAR: 0.02}, set())
        peer.offer(NEAR)
        for number in (0, 1, 7):
            wrong = Probe(ProbeKind.DECIDED, b"peer tag", SESSION, b"t" * 8, None, number, knows=True)
            peer.do(peer.plan.probe(wrong, NEAR, 0.0, relayed=False))
        peer.run(0.3)
        for number in (0, 2, 2**32 - 1):
            wrong = Probe(ProbeKind.DECIDED, b"peer tag", SESSION, b"t" * 8, None, number, knows=True)
            peer.do(peer.plan.probe(wrong, NEAR, peer.now, relayed=False))
        self.assertEqual([], peer.moves)
        right = Probe(ProbeKind.DECIDED, b"peer tag", SESSION, b"t" * 8, None, 1, knows=True)
        peer.do(peer.plan.probe(right, NEAR, peer.now, relayed=False))
        self.assertEqual([NEAR], [endpoint for _, endpoint, _ in peer.moves])
