"""Alerts are told in the log, to a webhook, and to who asks."""

from __future__ import annotations

from typing import Any

from twisted.logger import LogEvent, LogLevel, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.alert_desk import AlertDesk
from lanrage.app.metrics_results import AlertEdgeShown
from lanrage.app.metrics_sampler import Sample
from lanrage.core.alert_rules import AlertLimits, rules
from lanrage.core.metric_reading import Reading

BEN = ("10.66.0.2",)


class DeskTests(SynchronousTestCase):
    """:class:`AlertDesk`."""

    def setUp(self) -> None:
        """A desk that warns at once, and those who listen to it."""
        self.lines: list[tuple[str, bool]] = []
        self.events: list[LogEvent] = []
        self.desk = AlertDesk(rules(AlertLimits(quality_for=2.0)), {"10.66.0.2": "Ben"}, self._say)
        observer: Any = self._log
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)

    def _say(self, text: str, urgent: bool) -> None:
        self.lines.append((text, urgent))

    def _log(self, event: LogEvent) -> None:
        if event.get("log_namespace") == "lanrage.app.alert_desk":
            self.events.append(event)

    def see(self, *values: float, first: int = 0) -> None:
        """A score of Ben's path a second."""
        for second, value in enumerate(values, first):
            self.desk.look(Sample(1000.0 + second, (Reading("lanrage_peer_quality_score", BEN, value),)))

    def test_life_of_an_alert(self) -> None:
        """A WARNING with its fields as it fires, an INFO as it is over, and a line to the webhook each, once."""
        self.see(42.0, 42.0, 42.0, 41.0, 40.0)
        self.see(*[80.0] * 15, first=5)
        text = "the path to Ben (10.66.0.2) has a quality of 42 of 100, below 60"
        over = "peer_quality of Ben (10.66.0.2) is over after 13 s, now 80"
        self.assertEqual([(f"ALERT: {text}", True), (over, False)], self.lines)
        told = [
            (event["log_level"], event["alert"], event["edge"], event["about"], event["value"], event["limit"])
            for event in self.events
        ]
        about = {"peer": "Ben (10.66.0.2)"}
        self.assertEqual(
            [
                (LogLevel.warn, "peer_quality", "fired", about, 42.0, 60.0),
                (LogLevel.info, "peer_quality", "resolved", about, 80.0, 60.0),
            ],
            told,
        )

    def test_shown(self) -> None:
        """What fires has the value of now; the history has that of then."""
        self.see(42.0, 42.0, 42.0, 33.0)
        shown = self.desk.shown()
        own = {"peer": "10.66.0.2"}
        then = "the path to Ben (10.66.0.2) has a quality of 42 of 100, below 60"
        fired = AlertEdgeShown(1002.0, "peer_quality", "fired", own, 42.0, 60.0, 1002.0, then)
        self.assertEqual([fired], shown.history)
        self.assertEqual([(33.0, then.replace("42", "33"))], [(each.value, each.text) for each in shown.firing])

    def test_readings(self) -> None:
        """One of each rule, also of those that never fired."""
        self.see(42.0, 42.0, 42.0)
        found = {(each.name, each.labels): each.value for each in self.desk.readings()}
        self.assertEqual(2 * len(self.desk.book.rules), len(found))
        self.assertEqual(1.0, found["lanrage_alerts_firing", ("peer_quality",)])
        self.assertEqual(1.0, found["lanrage_alerts_fired_total", ("peer_quality",)])
        self.assertEqual(0.0, found["lanrage_alerts_firing", ("memory",)])

    def test_a_stranger(self) -> None:
        """A member whose name is not known is told by its address; without a webhook the log alone is told."""
        desk = AlertDesk(rules(AlertLimits(lost_for=0.0)), {})
        desk.look(Sample(1.0, (Reading("lanrage_peer_lost", BEN, 1.0),)))
        self.assertEqual(["no path reaches 10.66.0.2, who is online"], [event["text"] for event in self.events])
