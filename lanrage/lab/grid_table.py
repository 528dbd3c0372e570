"""What ``lanrage lab grid`` saw, by kinds of NAT: rows for people, and the page ``docs/lab-grid.rst``."""

from __future__ import annotations

from typing import Any

import attrs

from lanrage.lab.paths import ORDER, good_enough
from lanrage.lab.plan import KINDS
from lanrage.lab.result import Result, percentile

HEAD = """The grid of NAT kinds
=====================

Every kind of NAT with every kind (:doc:`lab`), two hosts of each in parties of eight; written by ``make grid``. A cell
tells the path that the pairs of two kinds came to, the worst of them, and the median time in milliseconds from knowing
each other until it was there; ``(!)`` marks what falls short. ``lan``: behind the same router as a ``restricted``.

"""


@attrs.frozen
class Trial:
    """One pair of hosts.

    :param kinds: words of ``--nat``.
    :param sites: kinds of the routers, which differ from `kinds` for ``lan``.
    :param shared: both are behind one router.
    :param expected: the path that the kinds allow.
    :param seen: the path at the end.
    :param path_ms: until there was any path; ``None`` for never.
    :param direct_ms: until it was direct.
    """

    kinds: tuple[str, str]
    sites: tuple[str, str]
    hosts: tuple[str, str]
    shared: bool
    expected: str
    seen: str
    path_ms: float | None
    direct_ms: float | None

    @property
    def ok(self) -> bool:
        """The path is as expected, or better."""
        return good_enough(self.seen, self.expected)

    @property
    def best_ms(self) -> float | None:
        """Until the path was there that the pair came to."""
        return self.direct_ms if self.seen == "direct" else self.path_ms

    def __str__(self) -> str:
        return f"{self.hosts[0]} ({self.kinds[0]}) with {self.hosts[1]} ({self.kinds[1]})"


@attrs.frozen
class Cell:
    """All pairs of two kinds."""

    kinds: tuple[str, str]
    trials: tuple[Trial, ...]

    @property
    def seen(self) -> str:
        """The worst path of them."""
        return max((trial.seen for trial in self.trials), key=ORDER.index)

    @property
    def best_ms(self) -> float | None:
        """The median time until the path was there."""
        return percentile([t.best_ms for t in self.trials if t.best_ms is not None], 50)

    def row(self) -> dict[str, Any]:
        """For people and for JSON."""
        direct = [t.direct_ms for t in self.trials if t.direct_ms is not None]
        paths = [t.path_ms for t in self.trials if t.path_ms is not None]
        return {
            "a": self.kinds[0],
            "b": self.kinds[1],
            "pairs": len(self.trials),
            "expected": max((t.expected for t in self.trials), key=ORDER.index),
            "seen": self.seen,
            "time_to_path_ms": max(paths, default=None),
            "time_to_direct_ms": max(direct, default=None),
            "ok": all(t.ok for t in self.trials),
        }


def cells(trials: list[Trial]) -> list[Cell]:
    """The trials by their kinds, in the order of ``--nat``'s words; ``lan`` counts among those behind one router."""
    by_kinds: dict[tuple[str, str], list[Trial]] = {}
    for trial in trials:
        first, second = sorted(trial.kinds, key=KINDS.index)
        by_kinds.setdefault((first, second), []).append(trial)
    order = sorted(by_kinds, key=lambda pair: (KINDS.index(pair[0]), KINDS.index(pair[1])))
    return [Cell(kinds, tuple(by_kinds[kinds])) for kinds in order]


def rst(table: list[Cell], result: Result) -> str:
    """The page with the grid and its figures."""
    kinds = [kind for kind in KINDS if any(kind in cell.kinds for cell in table)]
    found = {cell.kinds: cell for cell in table}
    rows = [["", *kinds]]
    for first in kinds:
        rows.append([first, *(_text(found.get(_sorted(first, second))) for second in kinds)])
    figures = [["figure", "value", "limit"]]
    for name, value in result.figures.items():
        if name != "pairs":
            figures.append([f"``{name}``", _number(value), _number(result.limits.get(name))])
    return HEAD + _grid(rows) + "\n" + _grid(figures)


def _sorted(first: str, second: str) -> tuple[str, str]:
    lower, upper = sorted((first, second), key=KINDS.index)
    return lower, upper


def _text(cell: Cell | None) -> str:
    if cell is None:
        return "-"
    return f"{cell.seen} {_number(cell.best_ms)}" + ("" if all(t.ok for t in cell.trials) else " (!)")


def _number(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.0f}" if isinstance(value, float) else str(value)


def _grid(rows: list[list[str]]) -> str:
    """A simple table of reStructuredText; an empty first cell would join its row to the one before."""
    rows = [[cell or "\\" for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    line = "  ".join("=" * width for width in widths)
    text = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([line, text[0], line, *text[1:], line, ""])
