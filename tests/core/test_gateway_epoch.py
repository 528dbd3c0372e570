"""A gateway that was restarted is noticed; one whose clock is a bit off is not."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lanrage.core.gateway_epoch import EpochWatch

steps = st.lists(st.integers(0, 10_000), min_size=1, max_size=20)


@given(st.integers(0, 2**31), steps, st.floats(-1, 1), st.integers(-4, 4))
def test_steady_clock(start: int, pauses: list[int], late: float, drift: int) -> None:
    """Counts that go on as ours do, but for a delay of a second and a drift of 4 %, tell of no restart."""
    watch, now = EpochWatch(), 0.0
    assert not watch.lost(start, now + late)
    for pause in pauses:
        now += pause
        assert not watch.lost(start + round(now * (1 + drift / 100)), now + late)


@given(st.integers(100, 2**31), st.integers(0, 10_000))
def test_restart(before: int, pause: int) -> None:
    """A count that begins anew tells of one, whenever it is asked; once."""
    watch = EpochWatch()
    watch.lost(before, 0.0)
    began_anew = min(pause, before // 2)
    assert watch.lost(began_anew, float(pause)) is (began_anew < before + pause - 2 - pause / 16)
    assert not watch.lost(began_anew + 60, pause + 60.0)


def test_jump_ahead() -> None:
    """A count that runs ahead is another gateway's."""
    watch = EpochWatch()
    watch.lost(100, 0.0)
    assert watch.lost(100_000, 60.0)
