"""``docs/seed-map.rst`` leads from each name of the plan to what is there."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import attrs
import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs/seed-map.rst").read_text(encoding="utf-8")
BENCHES = (ROOT / "tests/bench/__main__.py").read_text(encoding="utf-8")
_ROW = re.compile(r"^   \* - (.+)\n     - ``(lanrage[\w.:]+)``\n     - ``(tests/[\w/.]+)``\n     - (.+)$", re.MULTILINE)
_BENCH = re.compile(r"\(``(\w+)``\)")


@attrs.frozen
class Row:
    """One name of the plan, and what has its place."""

    plan: str
    ours: str
    test: str
    figure: str


ROWS = [Row(*found) for found in _ROW.findall(PAGE)]
PLAN_NAMES = (
    *("StatePersister", "BroadcastDeduplicator", "should_forward", "packets_deduplicated", "latency_ema"),
    *("CircularMetricsBuffer", "AggregatedMetric", "configure_logging", "get_logger", "StructuredFormatter"),
    *("set_context", "get_context", "clear_context", "timing_decorator", "check_admin_rights", "run_elevated"),
)


def test_every_row_is_read() -> None:
    """The page's rows are all of the form that this test reads, and name all that users of the plan look for."""
    assert len(ROWS) == len(re.findall(r"^   \* - ", PAGE, re.MULTILINE)) - PAGE.count("* - in the plan")
    named = " ".join(row.plan for row in ROWS)
    assert [name for name in PLAN_NAMES if f"``{name}``" not in named] == []


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.plan)
def test_row(row: Row) -> None:
    """The thing can be imported, its test file is there and imports its module, the bench of its figure exists."""
    module, _, names = row.ours.partition(":")
    thing: object = importlib.import_module(module)
    for name in names.split(".") if names else ():
        thing = getattr(thing, name)
    assert module in (ROOT / row.test).read_text(encoding="utf-8"), f"{row.test} does not import {module}"
    assert all(f'"{bench}"' in BENCHES for bench in _BENCH.findall(row.figure)), row.figure
