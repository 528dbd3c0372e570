"""Alerts: a value beyond its limit for a while fires once, and resolves once it is well for a while.

Pure: readings come in with `now` (seconds of a clock that only moves forward), what happened comes out. An alert
belongs to one rule and one series (a rule about peers fires for each of them by itself). What fired stays in the
history when its series is gone.
"""

from __future__ import annotations

import enum
from collections import Counter, deque
from collections.abc import Iterable, Mapping

import attrs

from lanrage.core.metric_reading import Reading

HISTORY_LIMIT = 256
"""Ends and beginnings that are kept, the newest; an evening has a dozen."""
SERIES_LIMIT = 1024
"""Series that are watched at once, over all rules: more than a party, or a control server's relays, have."""
GONE_AFTER = 10.0
"""Seconds without a reading after which a series is gone: a source that failed once loses no alert."""


class Edge(enum.StrEnum):
    """What happened to an alert."""

    FIRED = "fired"
    RESOLVED = "resolved"
    GONE = "gone"
    """Its series has ended while it fired: the member left, say."""


@attrs.frozen
class AlertRule:
    """When to fire.

    :param name: of the alert; a label, so of few words.
    :param metric: whose series are watched.
    :param limit: beyond it the value is bad.
    :param well: from it on (the good side included) the value is well; between both nothing changes.
    :param above: bad is above the limit; else below.
    :param seconds: how long it must be bad, without a pause, to fire.
    :param calm: how long it must be well, without a pause, to resolve.
    :param scale: what value and limit are divided by where people read them.
    :param text: for people, with ``{value}``, ``{limit}`` and the labels' names in braces.
    """

    name: str
    metric: str
    limit: float
    well: float
    above: bool = True
    seconds: float = 0.0
    calm: float = 0.0
    scale: float = 1.0
    text: str = ""

    def is_bad(self, value: float) -> bool:
        """Beyond the limit; a value that is no number is not."""
        return value > self.limit if self.above else value < self.limit

    def is_well(self, value: float) -> bool:
        """On the good side of the hysteresis."""
        return value <= self.well if self.above else value >= self.well


@attrs.frozen
class AlertEvent:
    """One edge.

    :param value: the reading at that time, the last one where the series is gone.
    :param since: when the alert fired.
    """

    rule: AlertRule
    labels: tuple[str, ...]
    edge: Edge
    value: float
    at: float
    since: float


@attrs.define
class _Watch:
    """One series under one rule.

    :ivar since: since when it is bad (while quiet), or well (while it fires); ``None`` = it is not.
    :ivar fired_at: ``None`` = it does not fire.
    """

    seen: float
    value: float
    since: float | None = None
    fired_at: float | None = None


@attrs.define
class AlertBook:
    """All alerts of a process.

    :ivar fired: how often each rule fired since the start.
    :ivar history: edges, the oldest first.
    :ivar refused: series that were not watched since there were too many.
    """

    rules: tuple[AlertRule, ...]
    history: deque[AlertEvent] = attrs.field(init=False, factory=lambda: deque(maxlen=HISTORY_LIMIT))
    fired: Counter[str] = attrs.field(init=False, factory=Counter)
    refused: int = attrs.field(init=False, default=0)
    _by_metric: dict[str, list[AlertRule]] = attrs.field(init=False, factory=dict)
    _watches: dict[tuple[AlertRule, tuple[str, ...]], _Watch] = attrs.field(init=False, factory=dict)

    def __attrs_post_init__(self) -> None:
        for rule in self.rules:
            self._by_metric.setdefault(rule.metric, []).append(rule)

    def look(self, readings: Iterable[Reading], now: float) -> list[AlertEvent]:
        """New readings of all series; what fired and what resolved by them, in their order."""
        events: list[AlertEvent] = []
        for name, labels, value in readings:
            for rule in self._by_metric.get(name, ()):
                watch = self._watch(rule, labels, value, now)
                edge = None if watch is None else _step(rule, watch, now)
                if watch is not None and edge is not None:
                    events.append(self._note(rule, labels, watch, edge, now))
        for (rule, labels), watch in [item for item in self._watches.items() if now - item[1].seen >= GONE_AFTER]:
            del self._watches[rule, labels]
            if watch.fired_at is not None:
                events.append(self._note(rule, labels, watch, Edge.GONE, now))
        return events

    def firing(self) -> list[AlertEvent]:
        """What fires now, with the values of now, the oldest first."""
        found = [
            AlertEvent(rule, labels, Edge.FIRED, watch.value, watch.fired_at, watch.fired_at)
            for (rule, labels), watch in self._watches.items()
            if watch.fired_at is not None
        ]
        return sorted(found, key=lambda event: event.since)

    def _watch(self, rule: AlertRule, labels: tuple[str, ...], value: float, now: float) -> _Watch | None:
        watch = self._watches.get((rule, labels))
        if watch is not None:
            if now - watch.seen >= GONE_AFTER:  # the machine slept: what was before says nothing of the time between
                watch.since = None
            watch.seen, watch.value = now, value
        elif len(self._watches) >= SERIES_LIMIT:
            self.refused += 1
        else:
            watch = self._watches[rule, labels] = _Watch(now, value)
        return watch

    def _note(self, rule: AlertRule, labels: tuple[str, ...], watch: _Watch, edge: Edge, now: float) -> AlertEvent:
        since = watch.fired_at if watch.fired_at is not None else now
        event = AlertEvent(rule, labels, edge, watch.value, now, since)
        if edge is Edge.FIRED:
            watch.fired_at = now
            self.fired[rule.name] += 1
        else:
            watch.fired_at = None
        watch.since = None
        self.history.append(event)
        return event


def _step(rule: AlertRule, watch: _Watch, now: float) -> Edge | None:
    """Whether the alert fires or resolves now."""
    quiet = watch.fired_at is None
    if not (rule.is_bad(watch.value) if quiet else rule.is_well(watch.value)):
        watch.since = None
        return None
    if watch.since is None:
        watch.since = now
    if now - watch.since < (rule.seconds if quiet else rule.calm):
        return None
    return Edge.FIRED if quiet else Edge.RESOLVED


def told(event: AlertEvent, labels: Mapping[str, str]) -> str:
    """The event as a sentence.

    :param labels: of its series, by name; of a peer as people know it.
    """
    if event.edge is Edge.FIRED:
        scale = event.rule.scale
        return event.rule.text.format(value=event.value / scale, limit=event.rule.limit / scale, **labels)
    about = ", ".join(labels.values())
    what = f"{event.rule.name} of {about}" if about else event.rule.name
    lasted = f"after {max(0.0, event.at - event.since):.0f} s"
    if event.edge is Edge.GONE:
        return f"{what} ended {lasted} with its series"
    return f"{what} is over {lasted}, now {event.value / event.rule.scale:.4g}"
