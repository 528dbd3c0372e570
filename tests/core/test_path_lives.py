"""Ends that begin anew, and offers of former lives that come late or again: both ends find each other all the same."""

from __future__ import annotations

import attrs
from hypothesis import example, given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.candidates import Candidate, CandidateKind
from lanrage.core.path_actions import ResetPeer, SendOffer
from lanrage.core.path_plan import RENEW_AFTER
from tests.core.pair_world import DIRECT, PairWorld

SEARCH = 0.5
"""Seconds between offers of an end that no path reaches, as a node makes them."""
SETTLED = 20.0
"""Seconds in which the ends are together at the latest: WireGuard's own wait, a path that rests, a few offers."""


@attrs.frozen
class Recorded:
    """One offer that somebody kept."""

    to: str
    session: bytes
    answers: bytes


@attrs.define
class LivesWorld(PairWorld):
    """Keeps all offers that were sent."""

    recorded: list[Recorded] = attrs.field(factory=list)

    def offer(self, name: str) -> None:
        """See :meth:`PairWorld.offer`."""
        plan = self.sides[name].plan
        self.recorded.append(Recorded(self.other(name), plan.session, plan.answers))
        super().offer(name)

    def begin(self, name: str) -> None:
        """A node starts, or starts again, and tells where it is."""
        self.restart(name)
        self.offer(name)

    def replay(self, which: int) -> None:
        """Somebody sends a recorded offer to whom it was meant for, now."""
        if self.recorded:
            offer = self.recorded[which % len(self.recorded)]
            candidates = (Candidate(CandidateKind.REFLEXIVE, self.where[self.other(offer.to)]),)
            plan = self.sides[offer.to].plan
            self.do(offer.to, plan.offer(offer.session, offer.answers, candidates, self.now))

    def search(self, seconds: float) -> None:
        """Time passes; an end that no path reaches goes on offering."""
        for _ in range(round(seconds / SEARCH)):
            for name in "ab":
                if not self.sides[name].plan.reached:
                    self.offer(name)
            self.run(SEARCH)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(("begin-a", "begin-b", "both")), st.just(0.0)),
        st.tuples(st.just("replay"), st.floats(0.0, 1.0)),
        st.tuples(st.just("search"), st.floats(0.5, 8.0)),
    ),
    max_size=14,
)


class LivesTests(SynchronousTestCase):
    """Two ends and one who recorded all offers."""

    def setUp(self) -> None:
        """The two, together."""
        self.world = LivesWorld()
        self.world.offer("a")
        self.world.offer("b")
        self.world.run(5.0)
        self.assertEqual("direct", self.world.agreed())

    @example([("search", 1.0), ("both", 0.0), ("search", 1.0), ("replay", 0.0)])
    @given(STEPS)
    def test_any_lives(self, steps: list[tuple[str, float]]) -> None:
        """After whatever restarts and copies the ends are together within a bounded time."""
        world = LivesWorld()
        world.begin("a")
        world.begin("b")
        for step, value in steps:
            if step == "replay":
                world.replay(int(value * len(world.recorded)))
            elif step == "search":
                world.search(value)
            else:
                for name in "ab" if step == "both" else step[-1]:
                    world.begin(name)
        world.search(SETTLED)
        self.assertEqual("direct", world.agreed())
        lives = [world.sides[name].plan for name in "ab"]
        self.assertEqual([lives[1].session, lives[0].session], [plan.peer_session for plan in lives])

    def test_copy_after_a_restart(self) -> None:
        """One offer of the other end's former life, right after a restart: the living one is known within a second."""
        former = self.world.recorded[:]
        for number, offer in enumerate(former):
            self.world.begin("b")
            self.world.search(5.0)
            self.world.restart("a")
            plan = self.world.sides["a"].plan
            self.world.replay(number)
            if offer.to == "a":
                self.assertEqual(offer.session, plan.peer_session)
            self.world.offer("a")
            self.world.run(1.0)
            self.assertEqual(self.world.sides["b"].plan.session, plan.peer_session)
            self.world.run(4.0)
            self.assertEqual("direct", self.world.agreed())

    def test_copies_reset_nothing(self) -> None:
        """Of two that are together, neither forgets anything for an offer that does not name it."""
        for _ in range(3):
            self.world.begin("b")
            self.world.search(5.0)
        self.world.begin("a")
        self.world.search(5.0)
        resets = [side.resets for side in self.world.sides.values()]
        for number in range(len(self.world.recorded)):
            self.world.replay(number)
            self.world.run(0.1)
        self.world.run(1.0)
        self.assertEqual(resets, [side.resets for side in self.world.sides.values()])
        self.assertEqual("direct", self.world.agreed())

    def test_asks_an_unknown_session(self) -> None:
        """It is named in our next offers; when it names ours, it is the peer's; the ends' own offers end that."""
        plan, theirs = self.world.sides["a"].plan, self.world.sides["b"].plan.session
        self.assertEqual([SendOffer()], plan.offer(b"unknown.", b"", (), self.world.now))
        self.assertEqual((b"unknown.", theirs), (plan.answers, plan.peer_session))
        self.world.offer("a")
        self.world.run(1.0)
        self.assertEqual(theirs, plan.answers)
        actions = plan.offer(b"unknown.", plan.session, (), self.world.now)
        self.assertEqual([ResetPeer(), SendOffer()], actions[:2])
        self.assertEqual((b"unknown.", b"unknown."), (plan.answers, plan.peer_session))

    def test_late_offer_of_a_skipped_life(self) -> None:
        """The older of two lives is heard last, and names us: the one that goes on is not lost for good."""
        plan, other = self.world.sides["a"].plan, self.world.sides["b"].plan
        plan.offer(b"skipped.", plan.session, (), self.world.now)
        self.assertTrue(plan.hearing.is_former(other.session))
        at = (Candidate(CandidateKind.REFLEXIVE, DIRECT["b"]),)
        self.assertEqual([], plan.offer(other.session, plan.session, at, self.world.now + RENEW_AFTER))
        self.world.search(2 * RENEW_AFTER + SETTLED)
        self.assertEqual("direct", self.world.agreed())
        self.assertEqual(other.session, plan.peer_session)
