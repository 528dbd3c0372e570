"""Which relays a pair of members uses: an order of all relays for the pair, and the choice that sticks to it.

Pure. The deciding end of a pair (the lower WireGuard key, as for paths) chooses by its own weights and names its
choice in its offers; the other end binds where it is told, so both need not have the same weights
(``docs/protocol-relay.rst``, "Choice").
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence

import attrs

from lanrage.core.relay_distance import Distance
from lanrage.core.relay_registry import OVERLOADED

SEATS = 2
"""Relays of a pair: the one in use, and a warm one for when that dies."""
UNKNOWN_MS = 150.0
"""Round trip in ms that a distance which was not measured yet counts as: a far but usable relay."""
HALF_LOAD = 0.5
"""Load up to which a relay is as good as idle."""
COOL_FIRST, COOL_LAST = 20.0, 300.0
"""Seconds that a relay is left alone after it failed; doubled with each failure, from the first to the last."""
COOL_FORGET = 600.0
"""Seconds without a failure after which a relay's failures are forgotten."""


@attrs.frozen
class Weights:
    """What counts how much, in milliseconds of the sum of both ends' round trips.

    :param load: that a full relay is farther than an idle one; from half load on, and rising evenly.
    :param loss: that each percent of lost packets adds.
    :param region: that a relay of the preferred region is nearer.
    :param equal: within which two relays are equally near; pairs are spread over them.
    :param gain: that another relay must be nearer before a pair moves to it.
    :param patience: seconds for which it must be so.
    """

    load: float = 100.0
    loss: float = 10.0
    region: float = 20.0
    equal: float = 10.0
    gain: float = 20.0
    patience: float = 30.0

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Of all weights."""
        return tuple(field.name for field in attrs.fields(cls))


@attrs.frozen
class Relay:
    """What both ends are told of a relay."""

    relay_id: str
    region: str = ""
    load: float = 0.0
    draining: bool = False

    @property
    def shunned(self) -> bool:
        """Whether traffic shall go elsewhere, where there is elsewhere: both ends know it, whatever their weights."""
        return self.draining or self.load >= OVERLOADED


@attrs.frozen
class Judged:
    """A relay's standing for one pair.

    :param sum_ms: both ends' round trips; ``None`` while one is not known.
    :param cost: by which relays are ordered, ms.
    :param obstacle: why it is used only where no other is, in words; empty = nothing.
    :param measured: both ends know their distance.
    """

    relay_id: str
    sum_ms: float | None
    cost: float
    obstacle: str = ""
    measured: bool = False
    rank: tuple[int, float, bytes] = (0, 0.0, b"")


def judge(
    relays: Iterable[Relay],
    mine: Mapping[str, Distance],
    theirs: Mapping[str, Distance],
    pair: bytes,
    weights: Weights,
    region: str = "",
) -> list[Judged]:
    """All relays, the best first; those with an obstacle last: the chain that is gone down where nothing else is left.

    :param mine: this end's distances, by relay.
    :param theirs: the other end's, as it told.
    :param pair: both WireGuard keys, for the spread; the same at both ends.
    :param region: that this end prefers.
    """
    both = [(relay, mine.get(relay.relay_id), theirs.get(relay.relay_id)) for relay in relays]
    rows = [_judge(*ends, pair, weights, region) for ends in both]
    return sorted(rows, key=lambda row: row.rank)


def _judge(
    relay: Relay, mine: Distance | None, theirs: Distance | None, pair: bytes, weights: Weights, region: str
) -> Judged:
    ends = [distance for distance in (mine, theirs) if distance is not None]
    known = [distance.rtt_ms for distance in ends if distance.rtt_ms is not None]
    total = sum(known) if len(known) == 2 else None
    cost = sum(known) + UNKNOWN_MS * (2 - len(known))
    cost += weights.loss * 100 * sum(distance.loss for distance in ends)
    cost += weights.load * max(0.0, relay.load - HALF_LOAD) / (1 - HALF_LOAD)
    if region and relay.region == region:
        cost -= weights.region
    level, obstacle = _obstacle(relay, mine, theirs)
    bucket = float(cost // weights.equal) if weights.equal else cost
    spread = hashlib.blake2s(pair + relay.relay_id.encode(), digest_size=8).digest()
    return Judged(relay.relay_id, total, cost, obstacle, total is not None, (level, bucket, spread))


def _obstacle(relay: Relay, mine: Distance | None, theirs: Distance | None) -> tuple[int, str]:
    """How bad, and in words."""
    if relay.draining:
        return 3, "draining"
    ends = [(mine, "this end"), (theirs, "the other end")]
    for distance, whose in ends:
        if distance is not None and distance.rtt_ms is None:
            return 2, f"does not answer {whose}"
    for distance, whose in ends:
        if distance is not None and distance.failed:
            return 1, f"cooling down after it failed {whose}"
    return 0, ""


@attrs.define
class Chooser:
    """The choice of one pair: sticks to its relays until another is clearly and lastingly better, or one is no good.

    :ivar chosen: the relay to use, then the warm one.
    """

    weights: Weights = Weights()
    chosen: tuple[str, ...] = ()
    _since: float | None = attrs.field(init=False, default=None)
    _settled: bool = attrs.field(init=False, default=False)

    def update(self, judged: Sequence[Judged], now: float) -> tuple[str, ...]:
        """The relays of the pair from now on.

        :param judged: of :func:`judge`.
        """
        by_id = {row.relay_id: row for row in judged}
        wanted = tuple(row.relay_id for row in judged[:SEATS])
        held = [by_id[relay_id] for relay_id in self.chosen if relay_id in by_id]
        if not self._settled or any(row.obstacle for row in held) or len(held) < len(self.chosen):
            return self._choose(wanted, judged, held)
        if len(held) < min(SEATS, len(judged)) or self._lasting(held, judged, now):
            return self._choose(wanted, judged, held)
        return self.chosen

    def _lasting(self, held: Sequence[Judged], judged: Sequence[Judged], now: float) -> bool:
        """Whether other relays have been clearly better for long enough."""
        best = [row for row in judged if not row.obstacle][: len(held)]
        if not any(old.cost - new.cost >= self.weights.gain for old, new in zip(held, best, strict=False)):
            self._since = None
            return False
        self._since = now if self._since is None else self._since
        return now - self._since >= self.weights.patience

    def _choose(self, wanted: tuple[str, ...], judged: Sequence[Judged], held: Sequence[Judged]) -> tuple[str, ...]:
        """Take what is wanted; a relay that is held and about as good as the new one keeps its place."""
        self._since = None
        by_id = {row.relay_id: row for row in judged}
        chosen = list(wanted)
        for row in held:
            worst = by_id[chosen[-1]] if chosen else None
            if row.relay_id in chosen or row.obstacle or worst is None or not self._settled:
                continue
            if worst.obstacle or row.cost - worst.cost < self.weights.gain:
                chosen[-1] = row.relay_id
        first = next((row for row in held if row.relay_id in chosen and not row.obstacle), None)
        if self._settled and first is not None and first.cost - by_id[chosen[0]].cost < self.weights.gain:
            chosen.sort(key=lambda relay_id: relay_id != first.relay_id)
        self.chosen = tuple(chosen)
        self._settled = bool(judged) and all(by_id[relay_id].measured for relay_id in self.chosen)
        return self.chosen


def reason(row: Judged, judged: Sequence[Judged], chosen: Sequence[str]) -> str:
    """Why a relay is where it is in the order, for people."""
    best = judged[0]
    place = chosen.index(row.relay_id) if row.relay_id in chosen else -1
    if row.obstacle:
        return f"avoided: {row.obstacle}" if place < 0 or len(judged) > SEATS else f"{row.obstacle}; there is no other"
    if not row.measured:
        return "not measured by both ends yet"
    if row is best:
        equals = [other for other in judged[1:] if other.rank[:2] == best.rank[:2]]
        return "nearest for both" if not equals else "as near as others, and this pair's share"
    if row.rank[:2] == best.rank[:2]:
        return "as near as the first, which has this pair's share"
    if place == 0:
        return f"kept: {row.cost - best.cost:.0f} ms more than the best, too little or too short to move"
    return f"{row.cost - best.cost:.0f} ms more than the best, load and loss counted"


@attrs.define
class CoolDown:
    """Relays that failed, and until when they are left alone."""

    _rows: dict[str, tuple[int, float]] = attrs.field(init=False, factory=dict)

    def failed(self, relay_id: str, now: float) -> None:
        """One failed; while it is left alone anyway, that changes nothing."""
        count, at = self._rows.get(relay_id, (0, now))
        if count and now < at + self._length(count):
            return
        self._rows[relay_id] = (1 if now - at > COOL_FORGET else count + 1, now)

    def left(self, relay_id: str, now: float) -> float:
        """Seconds that it is still left alone."""
        count, at = self._rows.get(relay_id, (0, now))
        return max(0.0, at + self._length(count) - now) if count else 0.0

    def keep(self, relay_ids: Iterable[str]) -> None:
        """Forget all others."""
        wanted = set(relay_ids)
        self._rows = {relay_id: row for relay_id, row in self._rows.items() if relay_id in wanted}

    @staticmethod
    def _length(count: int) -> float:
        return min(COOL_LAST, COOL_FIRST * 2.0 ** min(count - 1, 10))
