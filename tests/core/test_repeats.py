"""Repeated lines: the first few of an interval go out, the rest is counted, and nothing is lost from the count."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.repeats import KINDS_LIMIT, Repeats, Summary

FIRST, INTERVAL = 3, 10.0


class RepeatsMachine(RuleBasedStateMachine):
    """Lines of a few kinds at any time; whoever keeps the timer asks when it is due."""

    def __init__(self) -> None:
        super().__init__()
        self.repeats: Repeats[str] = Repeats(FIRST, INTERVAL)
        self.now = 0.0
        self.came: Counter[str] = Counter()
        self.went: Counter[str] = Counter()
        self.recent: dict[str, list[float]] = {}

    def hear(self, summaries: list[Summary[str]]) -> None:
        """Count what was told to be held back."""
        for summary in summaries:
            assert summary.count >= 1
            self.went[summary.kind] += summary.count

    @rule(kind=st.sampled_from("abc"))
    def line(self, kind: str) -> None:
        """A line comes."""
        goes, told = self.repeats.admit(kind, self.now)
        self.hear(told)
        self.came[kind] += 1
        if goes:
            self.went[kind] += 1
            self.recent.setdefault(kind, []).append(self.now)

    @rule(seconds=st.floats(0, 15))
    def wait(self, seconds: float) -> None:
        """Time goes by, and the timer is called when it is due."""
        due = self.repeats.wait(self.now)
        self.now += seconds
        if due is not None and due <= seconds:
            self.hear(self.repeats.due(self.now))

    @rule(seconds=st.floats(0, 50))
    def set_back(self, seconds: float) -> None:
        """The clock goes back: a new interval begins, none is endless."""
        self.now -= seconds
        self.recent.clear()

    @invariant()
    def few_go_out(self) -> None:
        """Never more than twice the first few within one interval's length."""
        for times in self.recent.values():
            assert sum(self.now - INTERVAL < each for each in times) <= 2 * FIRST

    def teardown(self) -> None:
        """Every line went out or was counted."""
        self.hear(self.repeats.drain())
        assert self.came == self.went
        assert self.repeats.wait(self.now) is None


TestRepeats = RepeatsMachine.TestCase


class RepeatsTests(SynchronousTestCase):
    """Single cases."""

    def test_one_interval(self) -> None:
        """The first few, then silence, then the count at the interval's end."""
        repeats: Repeats[str] = Repeats(2, 10.0)
        self.assertEqual([True, True, False, False], [repeats.admit("k", float(n))[0] for n in range(4)])
        self.assertEqual(6.0, repeats.wait(4.0))
        self.assertEqual([], repeats.due(9.9))
        self.assertEqual([Summary("k", 2)], repeats.due(10.0))
        self.assertEqual((True, []), repeats.admit("k", 11.0))

    def test_without_a_timer(self) -> None:
        """The count comes with the next line of its kind."""
        repeats: Repeats[str] = Repeats(1, 10.0)
        for _ in range(3):
            repeats.admit("k", 0.0)
        self.assertEqual((True, [Summary("k", 2)]), repeats.admit("k", 10.0))

    @given(st.integers(1, 5))
    def test_bounded(self, more: int) -> None:
        """Too many kinds: the oldest is summed up early."""
        repeats: Repeats[int] = Repeats(1, 10.0)
        repeats.admit(0, 0.0)
        repeats.admit(0, 0.0)
        told = [summary for kind in range(1, KINDS_LIMIT + more) for summary in repeats.admit(kind, 1.0)[1]]
        self.assertEqual([Summary(0, 1)], told)
