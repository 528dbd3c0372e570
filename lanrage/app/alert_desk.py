"""Tells of alerts: in the log, to a webhook, and to who asks what fires now."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from twisted.logger import Logger

from lanrage.app.metrics_results import AlertEdgeShown, AlertsShown
from lanrage.app.metrics_sampler import Sample
from lanrage.core.alerts import AlertBook, AlertEvent, AlertRule, Edge, told
from lanrage.core.metric_names import BY_NAME, PEER_LABEL
from lanrage.core.metric_reading import Reading

log = Logger()


class AlertDesk:
    """Watches samples.

    :param names: of members, by their party addresses.
    :param say: takes each line for people who do not look at the log, and whether it is urgent; ``None`` = nobody.
    """

    def __init__(
        self, rules: tuple[AlertRule, ...], names: Mapping[str, str], say: Callable[[str, bool], None] | None = None
    ) -> None:
        self.book = AlertBook(rules)
        self.say = say
        self._names = names

    def look(self, sample: Sample) -> None:
        """One sample more."""
        for event in self.book.look(sample.readings, sample.at):
            self._tell(event)

    def readings(self) -> Iterator[Reading]:
        """How many fire, and how often they did, by name."""
        firing = [event.rule.name for event in self.book.firing()]
        for rule in self.book.rules:
            yield Reading("lanrage_alerts_firing", (rule.name,), float(firing.count(rule.name)))
            yield Reading("lanrage_alerts_fired_total", (rule.name,), float(self.book.fired[rule.name]))

    def shown(self) -> AlertsShown:
        """What fires now, and what was."""
        return AlertsShown(list(map(self._edge, self.book.firing())), list(map(self._edge, self.book.history)))

    def _edge(self, event: AlertEvent) -> AlertEdgeShown:
        labels = self._labels(event)
        return AlertEdgeShown(
            round(event.at, 3),
            event.rule.name,
            str(event.edge),
            dict(zip(BY_NAME[event.rule.metric].labels, event.labels, strict=True)),
            event.value,
            event.rule.limit,
            round(event.since, 3),
            told(event, labels),
        )

    def _labels(self, event: AlertEvent) -> dict[str, str]:
        """As people know them: a member by its name, too."""
        named = dict(zip(BY_NAME[event.rule.metric].labels, event.labels, strict=True))
        address = named.get(PEER_LABEL)
        if address is not None and address in self._names:
            named[PEER_LABEL] = f"{self._names[address]} ({address})"
        return named

    def _tell(self, event: AlertEvent) -> None:
        labels = self._labels(event)
        text = told(event, labels)
        emit = log.warn if event.edge is Edge.FIRED else log.info
        emit(
            "alert {alert} {edge}: {text}",
            alert=event.rule.name,
            edge=str(event.edge),
            text=text,
            about=labels,
            value=event.value,
            limit=event.rule.limit,
        )
        if self.say is not None:
            fired = event.edge is Edge.FIRED
            self.say(f"ALERT: {text}" if fired else text, fired)
