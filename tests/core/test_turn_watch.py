"""The watch over a reactor, tried on reactors that are busy and idle by any plan."""

from __future__ import annotations

import attrs
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.turn_watch import LONG, LOOKS_AT_REST, THRESHOLD, TurnWatch, Wish

STEP = THRESHOLD / 50
"""Seconds of the simulation's smallest step."""

TURNS = st.lists(st.tuples(st.integers(1, 150), st.integers(0, 40)), max_size=12)
"""For each turn: steps at work, then steps at rest."""


@attrs.define
class Simulation:
    """A reactor that takes turns; a watch that looks at it.

    :ivar stalls: (what the watch said, how long the turn was).
    """

    watch: TurnWatch = attrs.field(factory=TurnWatch)
    stalls: list[float] = attrs.field(factory=list)
    now: float = 0.0
    asked: bool = False
    _next_look: float = 0.0

    def step(self, busy: bool) -> None:
        """Let time go on; where it is time for it, the watch looks."""
        self.now += STEP
        if self.now >= self._next_look:
            self._next_look = self.now + self.watch.interval
            if self.watch.look(self.now, self.now, not busy) is Wish.ASK:
                self.asked = True

    def turn(self) -> None:
        """A turn ends: whoever asked is answered."""
        if self.asked:
            self.asked = False
            stall = self.watch.answered(self.now)
            if stall is not None:
                self.stalls.append(stall)

    def run(self, turns: list[tuple[int, int]]) -> list[float]:
        """Run turns; the seconds of each."""
        for work, rest in turns:
            for _ in range(work):
                self.step(True)
            self.turn()
            for _ in range(rest):
                self.step(False)
                self.turn()
        return [work * STEP for work, _ in turns]


class TurnWatchTests(SynchronousTestCase):
    """What is a stall."""

    @given(TURNS)
    def test_stalls(self, turns: list[tuple[int, int]]) -> None:
        """A turn beyond the threshold and a look is one stall, known to within a look; one below is none."""
        simulation = Simulation()
        seconds = simulation.run(turns)
        slack = THRESHOLD / LOOKS_AT_REST + 2 * STEP
        certain = [each for each in seconds if each > THRESHOLD + slack]
        possible = [each for each in seconds if each > THRESHOLD]
        self.assertLessEqual(len(certain), len(simulation.stalls))
        self.assertLessEqual(len(simulation.stalls), len(possible))
        left = list(possible)
        for stall in simulation.stalls:
            fits = next(each for each in left if each - slack <= stall <= each + STEP)
            left.remove(fits)

    @given(st.lists(st.integers(1, 45), max_size=100))
    def test_busy_is_no_stall(self, works: list[int]) -> None:
        """A reactor that never waits, but turns, is as it should be."""
        simulation = Simulation()
        simulation.run([(work, 0) for work in works])
        self.assertEqual(simulation.stalls, [])

    def test_rest_is_no_stall(self) -> None:
        """A reactor with nothing to do is never asked anything."""
        watch = TurnWatch()
        wishes = {watch.look(each * watch.interval, 0.0, True) for each in range(1000)}
        self.assertEqual(wishes, {Wish.NOTHING})

    def test_a_process_that_stood_still(self) -> None:
        """Stopped for an hour in the middle of a turn: no stall, and counted."""
        watch = TurnWatch()
        self.assertIs(watch.look(0.0, 0.0, False), Wish.ASK)
        self.assertIs(watch.look(3600.0, 0.05, False), Wish.NOTHING)
        self.assertEqual((watch.held_up, watch.answered(3600.1)), (1, None))

    def test_held_by_the_interpreter(self) -> None:
        """Where the process worked all the time, something held the interpreter's lock, and the reactor with it."""
        watch = TurnWatch()
        watch.look(0.0, 0.0, True)
        self.assertIs(watch.look(1.0, 0.95, False), Wish.ASK)
        self.assertEqual((watch.answered(1.1), watch.held_up), (1.1, 0))

    def test_without_end(self) -> None:
        """A stall that goes on is told once while it goes on."""
        watch = TurnWatch()
        looks = [watch.look(each * 0.05, each * 0.05, False) for each in range(int(3 * LONG / 0.05))]
        self.assertEqual([looks[0], looks.count(Wish.ASK), looks.count(Wish.TELL)], [Wish.ASK, 1, 1])
        self.assertTrue(LONG < looks.index(Wish.TELL) * 0.05 < LONG + 0.11)

    def test_nobody_asked(self) -> None:
        """An answer that nobody waits for is nothing."""
        self.assertIsNone(TurnWatch().answered(5.0))
