"""Path plans against replays and bad luck: both ends end on one path, and strangers make no paths."""

from __future__ import annotations

from functools import partial

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.candidates import CANDIDATE_LIMIT, Candidate, CandidateKind
from lanrage.core.links import Endpoint
from lanrage.core.path import AFTER_UNSENT, ANSWERS_FOR, Path
from lanrage.core.path_actions import Action, SendProbe
from lanrage.core.path_choice import Reason
from lanrage.core.path_decision import DECIDE_INTERVAL, DECIDE_TRIES, DOUBT_GAPS, Agreement
from lanrage.core.path_table import CALLERS_LIMIT, FORGET_RATE, PATH_LIMIT, PathTable
from lanrage.core.probe import Probe, ProbeKind
from tests.core.pair_world import DIRECT, RELAY, PairWorld

STRANGE = Endpoint("198.51.100.66", 9)
CANDIDATE = Candidate(CandidateKind.PEER, Endpoint("198.51.100.9", 1))


def _heard(world: PairWorld, blocked: float, healed: float, sender: str, relayed: bool) -> bool:
    """Whether it arrives: until `healed` nothing of `b` by the relay, and from `blocked` on nothing directly."""
    return world.now >= healed or (sender != "b" if relayed else world.now < blocked)


class ReplayTests(SynchronousTestCase):
    """Who recorded a probe can send it again from anywhere."""

    def setUp(self) -> None:
        """A pair on its direct path."""
        self.world = PairWorld()
        self.world.offer("a")
        self.world.offer("b")
        self.world.run(5.0)

    def sides(self) -> tuple[str, str]:
        """The names of the decider and of the other end."""
        names = sorted(self.world.sides, key=lambda name: not self.world.sides[name].plan.decides)
        return names[0], names[1]

    def test_one_ping_from_many_places(self) -> None:
        """The first place counts; there is room for the relay's port, and for a peer that roams, all the while."""
        decider, other = self.sides()
        plan, now = self.world.sides[decider].plan, self.world.now
        before = len(plan.paths)
        assert plan.peer_session is not None
        ping = Probe(ProbeKind.PING, self.world.sides[other].plan.tag, plan.peer_session, b"recorded", knows=True)
        answers = [plan.probe(ping, Endpoint("198.51.100.9", port), now, relayed=False) for port in range(1, 200)]
        self.assertEqual(before + 1, len(plan.paths))
        self.assertTrue(answers[0])
        self.assertEqual([[]] * 198, answers[1:])

    def test_decisions_go_on(self) -> None:
        """The other end begins anew: a decision recorded before is not higher than those to come."""
        decider, _ = self.sides()
        plan = self.world.sides[decider].plan
        before = plan._agreement.number
        self.assertGreater(before, 0)
        plan.offer(b"anew" * 2, plan.session, (), self.world.now)
        self.assertEqual(before, plan._agreement.number)
        plan.restart(b"our new!")
        self.assertEqual(0, plan._agreement.number)

    def test_recorded_decision(self) -> None:
        """A decision of before moves nobody, when the other end began anew: from nowhere, and not under our session."""
        decider, other = self.sides()
        recorded = self.world.sides[decider].plan._agreement.number
        self.assertGreater(recorded, 0)
        self.world.restart(other)
        self.world.offer(other)
        self.world.run(5.0)
        self.assertEqual("direct", self.world.agreed())
        plan, theirs = self.world.sides[other].plan, self.world.sides[decider].plan
        active, before = plan.active, plan._agreement.number
        for knows, source in ((False, DIRECT[decider]), (True, STRANGE)):
            number = theirs.next_transaction()
            decide = Probe(ProbeKind.DECIDE, theirs.tag, theirs.session, number, None, 51, knows)
            self.world.do(other, plan.probe(decide, source, self.world.now, relayed=False))
            self.assertEqual((active, before), (plan.active, plan._agreement.number))
        self.world.run(5.0)
        self.world.do(decider, theirs._decide(theirs.paths[DIRECT[other]], Reason.ELSEWHERE, self.world.now))
        self.world.run(1.0)
        self.assertEqual("direct", self.world.agreed())
        self.assertEqual(theirs._agreement.number, plan._agreement.number)

    def test_decision_from_an_unknown_place(self) -> None:
        """The place is asked at once; when it has answered, the decision's next repetition is followed."""
        decider, other = self.sides()
        plan, theirs = self.world.sides[other].plan, self.world.sides[decider].plan

        def decide(number: bytes) -> list[Action]:
            probe = Probe(ProbeKind.DECIDE, theirs.tag, theirs.session, number * 8, decision=51, knows=True)
            return plan.probe(probe, STRANGE, self.world.now, relayed=False)

        asked = [a for a in decide(b"1") if isinstance(a, SendProbe) and a.to == STRANGE]
        self.assertEqual([ProbeKind.PING], [action.probe.kind for action in asked])
        self.assertNotEqual(STRANGE, plan.active)
        pong = Probe(ProbeKind.PONG, theirs.tag, theirs.session, asked[0].probe.transaction, DIRECT[other], knows=True)
        plan.probe(pong, STRANGE, self.world.now, relayed=False)
        kinds = [a.probe.kind for a in decide(b"2") if isinstance(a, SendProbe)]
        self.assertIn(ProbeKind.DECIDED, kinds)
        self.assertEqual((STRANGE, 51), (plan.active, plan._agreement.number))

    def test_decision_copied_to_another_open_path(self) -> None:
        """The copy is quicker: its sender is not told that we are on the path it decided for, so it notices."""
        self.world.relay(True)
        self.world.run(5.0)
        decider, other = self.sides()
        plan, theirs = self.world.sides[other].plan, self.world.sides[decider].plan
        number = plan._agreement.number + 1
        count = theirs.next_transaction()
        decide = Probe(ProbeKind.DECIDE, theirs.tag, theirs.session, count, decision=number, knows=True)
        answers = []
        for source in (RELAY[other], DIRECT[decider]):
            actions = plan.probe(decide, source, self.world.now, relayed=source == RELAY[other])
            answers.append([a.to for a in actions if isinstance(a, SendProbe) and a.probe.kind is ProbeKind.DECIDED])
        self.assertEqual([[RELAY[other]], []], answers)
        self.assertEqual(RELAY[other], plan.active)

    def test_copies_of_decisions(self) -> None:
        """Nor does a decision make paths from many places, or one of no use a path at all."""
        decider, other = self.sides()
        plan, theirs = self.world.sides[other].plan, self.world.sides[decider].plan
        before = len(plan.paths)
        for number, more in ((0, 0), (51, 1)):
            count = bytes([number]) * 8
            probe = Probe(ProbeKind.DECIDE, theirs.tag, theirs.session, count, decision=number, knows=True)
            for port in range(1, 200):
                plan.probe(probe, Endpoint(STRANGE.host, port), self.world.now, relayed=False)
            self.assertEqual(before + more, len(plan.paths))

    def test_copy_that_is_quicker(self) -> None:
        """A copy from elsewhere that comes in before the probe itself does not stop the open path's answer."""
        decider, other = self.sides()
        plan = self.world.sides[decider].plan
        theirs = self.world.sides[other].plan
        ping = Probe(ProbeKind.PING, theirs.tag, theirs.session, b"recorded", knows=True)
        plan.probe(ping, STRANGE, self.world.now, relayed=False)
        actions = plan.probe(ping, DIRECT[other], self.world.now, relayed=False)
        self.assertIn(DIRECT[other], [a.to for a in actions if isinstance(a, SendProbe)])


class DeafTests(SynchronousTestCase):
    """The decision arrives, the answers do not."""

    def test_converge(self) -> None:
        """The decider gives the decision up, and brings the other end back to the path that it kept."""
        world = PairWorld()
        world.offer("a")
        world.offer("b")
        world.relay(True)
        world.run(5.0)
        self.assertEqual("direct", world.agreed())
        plan, healed = world.sides["a"].plan, world.now + 1.3
        world.delivers = lambda sender, relayed: not (sender == "b" and relayed and world.now < healed)
        assert plan.current is not None
        plan.current.left(world.now, dead=False)
        world.do("a", plan._decide(plan.paths[RELAY["a"]], Reason.LOSSY, world.now))
        world.run(0.5)
        self.assertEqual(RELAY["b"], world.sides["b"].plan.active)
        self.assertNotEqual(RELAY["a"], plan.active)
        world.run(4.0)
        self.assertEqual("direct", world.agreed())
        self.assertEqual(Reason.APART, plan.history[-1].reason)

    def test_deaf_for_long(self) -> None:
        """Its word is lost on the new path, and soon all on the old one, for whatever time: then both are on one."""
        for silence in (1.3, 2.5, 4.0, 9.0):
            world = PairWorld()
            world.offer("a")
            world.offer("b")
            world.relay(True)
            world.run(60.0)
            plan, healed = world.sides["a"].plan, world.now + silence
            world.delivers = partial(_heard, world, world.now + 0.5, healed)
            assert plan.current is not None
            plan.current.left(world.now, dead=False)
            world.do("a", plan._decide(plan.paths[RELAY["a"]], Reason.LOSSY, world.now))
            world.run(silence)
            self.assertEqual(RELAY["b"], world.sides["b"].plan.active, silence)
            world.run(8.0)
            self.assertEqual("direct", world.agreed(), silence)

    def test_way_that_ends_when_agreed(self) -> None:
        """The same, and the other end's word comes just after; nothing was heard on the path that stands for long."""
        for idle in (40.0, 200.0, 330.0):
            world = PairWorld()
            world.offer("a")
            world.offer("b")
            world.relay(True)
            world.run(idle)
            plan = world.sides["a"].plan
            assert plan.current is not None
            plan.current.left(world.now, dead=False)
            world.do("a", plan._decide(plan.paths[RELAY["a"]], Reason.LOSSY, world.now))
            world.run(0.06)
            self.assertEqual(RELAY["b"], world.sides["b"].plan.active)
            world.do("a", plan.way(plan.paths[RELAY["a"]].candidate, False, world.now))
            world.run(2.0)
            self.assertEqual("direct", world.agreed(), idle)

    def test_word_that_never_comes(self) -> None:
        """The better path carries all but the other end's word: few decisions are made, and both end on one path."""
        world = PairWorld()
        world.relay(True)
        world.offer("a")
        world.offer("b")
        world.delivers = lambda sender, relayed: relayed or world.now >= 20.0
        world.run(15.0)
        self.assertEqual("relay", world.agreed())
        world.deaf = True
        world.run(60.0)
        before = world.sides["a"].plan._agreement.number
        world.run(120.0)
        self.assertLess(world.sides["a"].plan._agreement.number - before, 30)
        self.assertEqual("relay", world.agreed())
        world.deaf = False
        world.run(700.0)
        self.assertEqual("direct", world.agreed())

    def test_way_that_ends(self) -> None:
        """The relay's port ends just when the other end moved there: it is brought back to the path that stands."""
        world = PairWorld()
        world.offer("a")
        world.offer("b")
        world.relay(True)
        world.run(5.0)
        plan, healed = world.sides["a"].plan, world.now + 0.5
        world.delivers = partial(_heard, world, healed, healed)
        assert plan.current is not None
        plan.current.left(world.now, dead=False)
        world.do("a", plan._decide(plan.paths[RELAY["a"]], Reason.LOSSY, world.now))
        world.run(0.3)
        world.do("a", plan.way(plan.paths[RELAY["a"]].candidate, False, world.now))
        self.assertEqual(RELAY["b"], world.sides["b"].plan.active)
        world.run(4.0)
        self.assertEqual("direct", world.agreed())

    @given(st.lists(st.tuples(st.sampled_from("dagu"), st.floats(0.0, 20.0)), max_size=30))
    def test_doubt(self, steps: list[tuple[str, float]]) -> None:
        """There is doubt from a decision given up until one is agreed to; numbers rise; waits are bounded."""
        agreement, path, now, number, doubt = Agreement(), Path(CANDIDATE, 0.0), 0.0, 0, False
        for step, gap in steps:
            now += gap
            if step == "d":
                agreement.decide(path, "test", now)
                number += 1
            elif step == "a":
                doubt = agreement.agreed(number) is None and doubt
            elif step == "u":
                self.assertIsNone(agreement.agreed(number + 1))
            elif agreement.pending is not None:
                agreement.give_up(now)
                doubt = True
            self.assertEqual(number, agreement.number)
            self.assertEqual(doubt and agreement.pending is None, agreement.doubtful(now + DOUBT_GAPS[-1]))


class TableTests(SynchronousTestCase):
    """Room for paths."""

    def test_room_is_reserved(self) -> None:
        """However many addresses strangers made up, there is room for an offer, our own ways, and a peer that roams."""
        table, now = PathTable(), 0.0
        for port in range(1, 500):
            table.learn(Candidate(CandidateKind.PEER, Endpoint("198.51.100.9", port)), now, ())
        self.assertEqual(CALLERS_LIMIT, len(table.paths))
        self.assertIsNone(table.learn(CANDIDATE, now, ()))
        relay = Candidate(CandidateKind.RELAY, Endpoint("203.0.113.9", 7800))
        self.assertIsNotNone(table.learn(relay, now, (), own=True))
        for port in range(CANDIDATE_LIMIT):
            offered = Candidate(CandidateKind.REFLEXIVE, Endpoint("192.0.2.1", port + 1))
            self.assertIsNotNone(table.learn(offered, now, ()))
        roamed = Candidate(CandidateKind.PEER, Endpoint("192.0.2.2", 1))
        self.assertIsNotNone(table.learn(roamed, now + 1 / FORGET_RATE, ()))

    def test_full(self) -> None:
        """In a full table callers make room first; our own ways need no allowance, and nothing open is forgotten."""
        table, now = PathTable(), 0.0
        for port in range(PATH_LIMIT - 1):
            table.learn(Candidate(CandidateKind.REFLEXIVE, Endpoint("192.0.2.1", port + 1)), now, ())
        table.learn(CANDIDATE, now, ())
        for port in range(30):
            own = Candidate(CandidateKind.PUNCHED, Endpoint("192.0.2.3", port + 1))
            path = table.learn(own, now, (), own=True)
            assert path is not None
            self.assertNotIn(CANDIDATE.endpoint, table.paths)
            self.assertEqual(PATH_LIMIT, len(table.paths))
            if port < PATH_LIMIT - 2:
                path.sent(b"ping", now)
                path.pong(b"ping", now)
        self.assertEqual(PATH_LIMIT - 2, sum(path.proven for path in table.paths.values()))

    def test_unsent(self) -> None:
        """A ping that limits held back is no loss."""
        path = Path(Candidate(CandidateKind.PEER, Endpoint("198.51.100.9", 1)), 0.0)
        path.sent(b"one", 0.0)
        path.pong(b"one", 0.01)
        path.sent(b"two", 1.0)
        path.unsent(b"two")
        self.assertFalse(path.expire(20.0))
        self.assertEqual(0, path.missed)

    def test_unsent_opening(self) -> None:
        """Nor is an opening ping used up by it; it is tried again after a while."""
        path = Path(CANDIDATE, 0.0)
        for now in range(50):
            path.sent(bytes([now]), float(now))
            path.unsent(bytes([now]))
            self.assertEqual((0, now + AFTER_UNSENT), (path.opening, path.deadline()))

    def test_unsent_decision(self) -> None:
        """A decision that limits hold back is not given up for want of an answer."""
        world = PairWorld()
        world.offer("a")
        world.offer("b")
        world.relay(True)
        world.run(5.0)
        plan = world.sides["a"].plan
        assert plan.current is not None
        plan.current.left(world.now, dead=False)
        for step in range(2 * DECIDE_TRIES):
            for action in plan._decide(plan.paths[RELAY["a"]], "test", world.now) if not step else plan.tick(world.now):
                if isinstance(action, SendProbe) and action.probe.kind is ProbeKind.DECIDE:
                    plan.unsent(action.probe, action.to)
            world.now += DECIDE_INTERVAL
            pending = plan._agreement.pending
            assert pending is not None
            self.assertEqual((RELAY["a"], 0), (pending.endpoint, pending.tries))

    def test_answers(self) -> None:
        """Who answered not long ago is no victim, also when the path has died since."""
        path = Path(CANDIDATE, 0.0)
        self.assertFalse(path.answers(0.0))
        path.sent(b"one", 0.0)
        path.pong(b"one", 0.01)
        path.fall(1.0)
        self.assertEqual((True, False), (path.answers(ANSWERS_FOR), path.answers(ANSWERS_FOR + 1.0)))
