"""A join by its stages, from the code to the first game that is seen (``docs/tracing.rst``)."""

from __future__ import annotations

import enum
from collections.abc import Iterator

import attrs


class Stage(enum.StrEnum):
    """Stages of a join, in the order in which they come when nothing goes wrong."""

    CODE = "code parsed"
    CHANNEL = "channel"
    ADMITTED = "admitted"
    TUNNEL = "tunnel"
    HANDSHAKE = "first handshake"
    PACKET = "first packet"
    BROADCAST = "first broadcast seen"


MEANINGS = {
    Stage.CODE: "the code was read",
    Stage.CHANNEL: "the control server knows us; of a spoken code, its invitation is here",
    Stage.ADMITTED: "the party took us in",
    Stage.TUNNEL: "tunnel and LAN card are up",
    Stage.HANDSHAKE: "WireGuard's first handshake with a member",
    Stage.PACKET: "the first packet came out of the tunnel",
    Stage.BROADCAST: "the first broadcast of a member was put onto our card",
}
"""What each stage means, for people."""


@attrs.define
class JoinStages:
    """When a join came to each stage; what comes once more is no news.

    :param began: by a clock that only moves forward, in seconds, as all instants.
    """

    began: float
    _at: dict[Stage, float] = attrs.field(init=False, factory=dict)

    def reached(self, stage: Stage, at: float) -> None:
        """A stage was reached; the first time counts, and none is before the beginning."""
        self._at.setdefault(stage, max(at, self.began))

    @property
    def complete(self) -> bool:
        """Every stage was reached."""
        return len(self._at) == len(Stage)

    def __contains__(self, stage: Stage) -> bool:
        return stage in self._at

    def rows(self) -> Iterator[tuple[Stage, float | None, float | None]]:
        """Each stage in order: seconds since the beginning, and since the latest stage of before; None = never came.

        A stage that came ahead of an earlier one took no time of its own.
        """
        latest = self.began
        for stage in Stage:
            at = self._at.get(stage)
            if at is None:
                yield stage, None, None
                continue
            yield stage, at - self.began, max(0.0, at - latest)
            latest = max(latest, at)
