"""What happens to the network, bundled into looks; and sleep."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanrage.core.network_changes import LONGEST, SETTLE, SLEPT, ChangeGate, Happening, SleepMeter


class TestChangeGate:
    """When to look."""

    def test_nothing_is_due_at_first(self) -> None:
        """No event, no look."""
        assert ChangeGate().deadline() is None

    def test_a_lone_event(self) -> None:
        """It is looked at soon, and once."""
        gate = ChangeGate()
        gate.heard(Happening.ADDRESS, 5.0)
        assert gate.deadline() == 5.0 + SETTLE
        assert not gate.take()
        assert gate.deadline() is None

    @given(st.lists(st.floats(0.0, SETTLE * 0.9), max_size=200))
    def test_a_storm_is_not_waited_out(self, gaps: list[float]) -> None:
        """However long events keep coming, the look is due within a bound of the first, and never before the last."""
        gate, now = ChangeGate(), 100.0
        gate.heard(Happening.ADDRESS, now)
        for gap in gaps:
            now += gap
            gate.heard(Happening.ADDRESS, now)
        deadline = gate.deadline()
        assert deadline is not None
        assert deadline <= 100.0 + LONGEST
        assert deadline >= min(now, 100.0 + LONGEST)

    @given(st.lists(st.sampled_from(Happening), min_size=1, max_size=20))
    def test_ways(self, happenings: list[Happening]) -> None:
        """Whether the ways may differ is told once, for the bundle in which it happened."""
        gate = ChangeGate()
        for happening in happenings:
            gate.heard(happening, 1.0)
        assert gate.take() == any(each is not Happening.ADDRESS for each in happenings)
        assert not gate.take()


class TestSleepMeter:
    """The lead of one clock over the other."""

    def test_first_look(self) -> None:
        """A machine that slept before we started did not sleep for us."""
        assert SleepMeter().look(1000.0, 10.0) == 0.0

    @given(st.lists(st.tuples(st.floats(0.1, 5.0), st.sampled_from([0.0, 0.0, 0.5, 2.0, 3600.0])), max_size=50))
    def test_each_sleep_is_told_once(self, steps: list[tuple[float, float]]) -> None:
        """With its length; jitter below a second is none."""
        meter, boot, awake = SleepMeter(), 50.0, 20.0
        meter.look(boot, awake)
        for passed, slept in steps:
            awake += passed
            boot += passed + slept
            told = meter.look(boot, awake)
            assert told == pytest.approx(slept if slept >= SLEPT else 0.0)
