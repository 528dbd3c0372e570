"""A join's stages: each once, times add up, nothing before the beginning."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given

from lanrage.core.join_stages import MEANINGS, JoinStages, Stage
from lanrage.core.operation_ages import LIFE, OperationAges

events = st.lists(st.tuples(st.sampled_from(Stage), st.floats(0, 1000)), max_size=20)


@given(st.floats(0, 1000), events)
def test_rows(began: float, told: list[tuple[Stage, float]]) -> None:
    """The first word of a stage counts; what each took adds up to the latest stage's time."""
    stages, first = JoinStages(began), dict[Stage, float]()
    for stage, at in told:
        stages.reached(stage, at)
        first.setdefault(stage, max(at, began))
    rows = list(stages.rows())
    assert [stage for stage, _, _ in rows] == list(Stage)
    assert {stage: at for stage, at, _ in rows if at is not None} == {s: at - began for s, at in first.items()}
    assert all((at is None) == (took is None) and (took or 0) >= 0 for _, at, took in rows)
    assert sum(took or 0 for _, _, took in rows) == pytest.approx(max(first.values(), default=began) - began)
    assert stages.complete == (set(first) == set(Stage))


def test_meanings() -> None:
    """Each stage is explained."""
    assert list(MEANINGS) == list(Stage)


def test_an_operation_ends() -> None:
    """Its id goes with requests for two minutes, and not with what a timer asks a day later."""
    ages = OperationAges()
    assert [ages.of_now("join-1", at) for at in (0, LIFE - 1, LIFE, 9 * LIFE)] == ["join-1", "join-1", "", ""]
    assert ages.of_now("", 0) == ""
