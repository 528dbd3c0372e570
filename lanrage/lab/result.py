"""What every check and bench of the laboratory prints: ``{name, ok, figures, limits, shortfalls}``."""

from __future__ import annotations

from typing import Any

import attrs


@attrs.define
class Result:
    """A check as it goes on.

    :param figures: what was measured.
    :param limits: what must hold, by the name of a figure: a number that it may not pass, or a value that it must have.
    :param shortfalls: one sentence for each limit that does not hold.
    """

    name: str
    figures: dict[str, Any] = attrs.field(factory=dict)
    limits: dict[str, Any] = attrs.field(factory=dict)
    shortfalls: list[str] = attrs.field(factory=list)

    def at_most(self, figure: str, value: float | None, limit: float) -> None:
        """Record a figure that may not pass a limit; None = it could not be measured."""
        self.figures[figure] = value
        self.limits[figure] = limit
        if value is None:
            self.shortfalls.append(f"{figure}: not measured, the limit is {limit:g}")
        elif value > limit:
            self.shortfalls.append(f"{figure}: {value:g} is more than {limit:g}")

    def exactly(self, figure: str, value: object, wanted: object) -> None:
        """Record a figure that must have one value."""
        self.figures[figure] = value
        self.limits[figure] = wanted
        if value != wanted:
            self.shortfalls.append(f"{figure}: {value!r} is not {wanted!r}")

    def fail(self, sentence: str) -> None:
        """Record a shortfall that has no figure of its own."""
        self.shortfalls.append(sentence)

    @property
    def ok(self) -> bool:
        """Whether every limit holds."""
        return not self.shortfalls

    def to_json(self) -> dict[str, Any]:
        """The agreed shape."""
        return {
            "name": self.name,
            "ok": self.ok,
            "figures": self.figures,
            "limits": self.limits,
            "shortfalls": self.shortfalls,
        }


def percentile(values: list[float], percent: float) -> float | None:
    """The smallest value that at least `percent` of the values do not pass (nearest rank); None of none."""
    if not values:
        return None
    rank = max(1, -(-len(values) * percent // 100))
    return sorted(values)[int(rank) - 1]
