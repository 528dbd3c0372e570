"""Time from a member's change to the last member's receipt, open loop: changes come when they are due, late or not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
from twisted.internet.task import LoopingCall, deferLater

from lanrage.wire.control import NoticeBody, RefusedReply, ReplyBody
from tests.bench.control_changes import Change
from tests.bench.control_fleet import Fleet, Player, nobody_hears
from tests.bench.control_parties import Group

TICK = 0.002
"""Seconds between two looks at what is due; a change's time runs from when it was due."""
PATIENCE = 5.0
"""Seconds that the last notices may take."""


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which this share of the values lies; 0 of none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


@attrs.define
class _Open:
    due: float
    left: int


@attrs.define(eq=False)
class OpenLoop:
    """Makes changes at a rate, and takes the time until the last notice of each.

    :ivar times: seconds, of the changes that all have heard of.
    :ivar refused: requests that were refused; each is a failure of the bench.
    :ivar made: changes.
    """

    fleet: Fleet
    groups: list[Group]
    change: Change
    rate: float
    times: list[float] = attrs.field(init=False, factory=list)
    refused: list[str] = attrs.field(init=False, factory=list)
    made: int = attrs.field(init=False, default=0)
    _open: dict[str, _Open] = attrs.field(init=False, factory=dict)
    _began: float = attrs.field(init=False, default=0.0)
    _total: int = attrs.field(init=False, default=0)

    async def run(self, seconds: float) -> dict[str, Any]:
        """Make changes for so long; the figures."""
        reactor = self.fleet.reactor
        self._total = max(1, int(seconds * self.rate))
        self.fleet.heard = self._heard
        self._began = reactor.seconds()
        looping = LoopingCall(self._make_due)
        looping.clock = reactor
        ended = looping.start(TICK)
        while self.made < self._total:
            await deferLater(reactor, 0.05, lambda: None)
        looping.stop()
        await ended
        deadline = reactor.seconds() + PATIENCE
        while self._open and reactor.seconds() < deadline:
            await deferLater(reactor, 0.05, lambda: None)
        self.fleet.heard = nobody_hears
        return self._figures()

    def _make_due(self) -> None:
        due = int((self.fleet.reactor.seconds() - self._began) * self.rate) + 1
        while self.made < min(due, self._total):
            turn, place = divmod(self.made, len(self.groups))
            player, bodies, expected = self.change.make(self.groups[place], turn)
            name = f"{self.change.name[:1]}-{self.made}"
            self._open[name] = _Open(self._began + self.made / self.rate, expected)
            self.made += 1
            for body in bodies:
                if player.wire is not None:
                    player.wire.ask(body, self._answered, name)

    def _answered(self, body: ReplyBody) -> None:
        if isinstance(body, RefusedReply):
            self.refused.append(f"{body.code}: {body.message}")

    def _heard(self, player: Player, body: NoticeBody, correlation_id: str) -> None:
        waiting = self._open.get(correlation_id)
        if waiting is None:
            return
        waiting.left -= 1
        if waiting.left == 0:
            del self._open[correlation_id]
            self.times.append(self.fleet.reactor.seconds() - waiting.due)

    def _figures(self) -> dict[str, Any]:
        if self.refused:
            raise RuntimeError(f"{len(self.refused)} changes were refused, the first: {self.refused[0]}")
        return {
            "change": self.change.name,
            "p50_ms": round(1000 * percentile(self.times, 0.5), 1),
            "p99_ms": round(1000 * percentile(self.times, 0.99), 1),
            "max_ms": round(1000 * max(self.times, default=0.0), 1),
            "changes": self.made,
            "unheard": len(self._open),
        }
