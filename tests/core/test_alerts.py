"""Alerts: they fire after a while, once, resolve with hysteresis, and end with their series."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.alert_rules import BOUNDS, MEBIBYTE, AlertLimits, rules
from lanrage.core.alerts import GONE_AFTER, HISTORY_LIMIT, SERIES_LIMIT, AlertBook, AlertRule, Edge, told
from lanrage.core.metric_names import BY_NAME
from lanrage.core.metric_reading import Reading

LOAD = AlertRule("load", "m", 10.0, 8.0, seconds=3.0, calm=2.0, text="{value:.0f} of {who}")
LOW = AlertRule("low", "m", 5.0, 6.0, above=False)
BEN, EVA = ("Ben",), ("Eva",)


def edges(book: AlertBook, values: Sequence[float | None], labels: tuple[str, ...] = BEN) -> list[tuple[int, str]]:
    """When (in seconds) what happened, with a value a second; ``None`` = no reading."""
    found = []
    for second, value in enumerate(values):
        readings = [] if value is None else [Reading("m", labels, value)]
        found += [(second, str(event.edge)) for event in book.look(readings, float(second))]
    return found


class AlertTests(SynchronousTestCase):
    """One rule."""

    def test_fires_once_after_a_while(self) -> None:
        """At the limit nothing is bad; above it the alert fires when it was so for three seconds, and but once."""
        self.assertEqual([(5, "fired")], edges(AlertBook((LOAD,)), [10.0, 10.0, 11.0, 12.0, 11.0, 11.0, 99.0, 11.0]))

    def test_a_pause_begins_anew(self) -> None:
        """A single good value starts the time again."""
        self.assertEqual([(6, "fired")], edges(AlertBook((LOAD,)), [11.0, 11.0, 10.0, 11.0, 11.0, 11.0, 11.0]))

    def test_hysteresis(self) -> None:
        """Between both limits it goes on; it resolves after two seconds on the good side, then may fire again."""
        values = [11.0] * 4 + [9.0, 9.0, 9.0, 8.0, 9.0, 8.0, 7.0, 8.0] + [11.0] * 4
        self.assertEqual([(3, "fired"), (11, "resolved"), (15, "fired")], edges(AlertBook((LOAD,)), values))

    def test_below(self) -> None:
        """A rule about what is too low, that waits for nothing."""
        self.assertEqual([(1, "fired"), (4, "resolved")], edges(AlertBook((LOW,)), [5.0, 4.9, 5.0, 5.9, 6.0]))

    def test_no_number_is_not_bad(self) -> None:
        """A value that is no number neither fires nor resolves."""
        nan = float("nan")
        self.assertEqual([], edges(AlertBook((LOAD, LOW)), [nan] * 9))
        self.assertEqual([(3, "fired")], edges(AlertBook((LOAD,)), [11.0] * 4 + [nan] * 9))

    def test_missing_readings(self) -> None:
        """A reading that is missing for less than ten seconds changes nothing; then the series is gone."""
        book = AlertBook((LOAD,))
        self.assertEqual([(3, "fired")], edges(book, [11.0, None, 11.0, 11.0] + [None] * 9))
        self.assertEqual(1, len(book.firing()))
        gone = book.look([], 3.0 + GONE_AFTER)
        self.assertEqual([Edge.GONE], [event.edge for event in gone])
        self.assertEqual(([], 3.0, 11.0), (book.firing(), gone[0].since, gone[0].value))
        self.assertEqual([Edge.FIRED, Edge.GONE], [event.edge for event in book.history])

    def test_sleep(self) -> None:
        """A machine that slept between two bad readings was not bad in its sleep, nor well."""
        book = AlertBook((LOAD,))
        bad, well = Reading("m", BEN, 11.0), Reading("m", BEN, 7.0)
        for reading, edge in ((bad, Edge.FIRED), (well, Edge.RESOLVED)):
            start = 1000.0 * (1 + len(book.history))
            self.assertEqual([], book.look([reading], start) + book.look([reading], start + 1.0))
            self.assertEqual([], book.look([reading], start + 500.0))
            self.assertEqual([], book.look([reading], start + 501.0))
            self.assertEqual([edge], [event.edge for event in book.look([reading], start + 503.0)])

    def test_memory(self) -> None:
        """More than the limit for ten seconds fires once; at 95 % it goes on; at 90 % for ten seconds it is over."""
        (memory,) = (each for each in rules(AlertLimits(memory=100.0)) if each.name == "memory")
        book = AlertBook((memory,))
        sizes = [101.0] * 15 + [95.0, 101.0] * 20 + [95.0] * 20 + [90.0] * 15
        found = [
            (second, event.edge)
            for second, size in enumerate(sizes)
            for event in book.look([Reading(memory.metric, (), size * MEBIBYTE)], float(second))
        ]
        self.assertEqual([(10, Edge.FIRED), (85, Edge.RESOLVED)], found)
        self.assertEqual(
            ["this process takes 101 MiB of memory, more than 100", "memory is over after 75 s, now 90"],
            [told(event, {}) for event in book.history],
        )

    def test_each_series_by_itself(self) -> None:
        """Ben's trouble is not Eva's."""
        book = AlertBook((LOAD,))
        for second in range(5):
            book.look([Reading("m", BEN, 11.0), Reading("m", EVA, 7.0)], float(second))
        self.assertEqual([BEN], [event.labels for event in book.firing()])
        self.assertEqual({"load": 1}, dict(book.fired))

    def test_bounds(self) -> None:
        """Neither series nor history grow without end."""
        book = AlertBook((attrs.evolve(LOAD, seconds=0.0, calm=0.0),))
        many = [Reading("m", (str(number),), 11.0) for number in range(SERIES_LIMIT + 7)]
        self.assertEqual(SERIES_LIMIT, len(book.look(many, 0.0)))
        self.assertEqual(7, book.refused)
        self.assertEqual(HISTORY_LIMIT, len(book.history))

    def test_sentences(self) -> None:
        """What happened, for people."""
        book = AlertBook((attrs.evolve(LOAD, seconds=0.0, calm=0.0),))
        texts = [
            told(event, {"who": "Ben"})
            for at, value in ((0, 11.0), (60, 7.0))
            for event in book.look([Reading("m", BEN, value)], float(at))
        ]
        self.assertEqual(["11 of Ben", "load of Ben is over after 60 s, now 7"], texts)


class RuleTests(SynchronousTestCase):
    """The rules that there are."""

    def test_rules(self) -> None:
        """Each watches a metric that there is, has a good side that does not overlap the bad one, and a sentence."""
        found = rules(AlertLimits())
        self.assertEqual(len(found), len({each.name for each in found}))
        for each in found:
            labels = dict.fromkeys(BY_NAME[each.metric].labels, "x")
            self.assertFalse(each.is_bad(each.well), each.name)
            self.assertTrue(each.is_well(each.well), each.name)
            self.assertNotIn("{", each.text.format(value=1.0, limit=each.limit, **labels))

    def test_limits_are_used(self) -> None:
        """Every limit that an operator sets is one of a rule, in its unit."""
        found = {each.name: each for each in rules(AlertLimits(70.0, 0.1, 5.0, 6.0, 100.0, 0.5, 0.2))}
        self.assertEqual(
            (70.0, 75.0, 5.0), tuple(getattr(found["peer_quality"], field) for field in ("limit", "well", "seconds"))
        )
        self.assertEqual(
            (0.1, 0.05, 5.0), (found["peer_loss"].limit, found["peer_loss"].well, found["peer_loss"].seconds)
        )
        self.assertEqual(6.0, found["peer_lost"].seconds)
        self.assertEqual(100.0 * MEBIBYTE, found["memory"].limit)
        self.assertEqual((0.5, 0.5), (found["relay_overloaded"].limit, found["relay_of_control_overloaded"].limit))
        self.assertEqual(0.2, found["reactor_lag"].limit)
        self.assertEqual(set(BOUNDS), set(AlertLimits.names()))
        for name, (low, high) in BOUNDS.items():
            usual = getattr(AlertLimits(), name.replace("-", "_"))
            self.assertTrue(low <= usual <= high, name)


class AlertMachine(RuleBasedStateMachine):
    """Two series under a rule with times and hysteresis, against what the whole past of each says."""

    def __init__(self) -> None:
        super().__init__()
        self.book = AlertBook((LOAD,))
        self.now = 0.0
        self.past: dict[tuple[str, ...], list[tuple[float, float]]] = {BEN: [], EVA: []}
        self.fires: dict[tuple[str, ...], bool] = {BEN: False, EVA: False}

    def _held(self, labels: tuple[str, ...], seconds: float, good: bool) -> bool:
        """All values since the last edge, back to `seconds` ago, are on one side."""
        row = self.past[labels]
        side = [LOAD.is_well(value) if good else LOAD.is_bad(value) for _, value in row]
        length = next((index for index, right in enumerate(reversed(side)) if not right), len(side))
        return length > 0 and self.now - row[-length][0] >= seconds

    @rule(
        passed=st.sampled_from((0.5, 1.0, 2.0, 4.0)),
        values=st.dictionaries(st.sampled_from((BEN, EVA)), st.sampled_from((7.0, 8.0, 9.0, 10.0, 11.0))),
    )
    def look(self, passed: float, values: dict[tuple[str, ...], float]) -> None:
        """Time passes, and some series have a reading."""
        self.now += passed
        expected = set()
        for labels, row in self.past.items():
            if labels in values:
                if row and self.now - self._seen(labels) >= GONE_AFTER:
                    row.clear()
                row.append((self.now, values[labels]))
                fires = self.fires[labels]
                if self._held(labels, LOAD.calm if fires else LOAD.seconds, fires):
                    expected.add((labels, Edge.RESOLVED if fires else Edge.FIRED))
                    self.fires[labels] = not fires
                    row.clear()
                    row.append((self.now, 9.0))  # neither side: the time begins anew
                    self.past[labels] = row
            elif row and self.now - self._seen(labels) >= GONE_AFTER:
                if self.fires[labels]:
                    expected.add((labels, Edge.GONE))
                self.fires[labels] = False
                row.clear()
        events = self.book.look([Reading("m", labels, value) for labels, value in values.items()], self.now)
        assert {(event.labels, event.edge) for event in events} == expected
        assert len(events) == len(expected)

    def _seen(self, labels: tuple[str, ...]) -> float:
        return self.past[labels][-1][0]

    @invariant()
    def firing(self) -> None:
        """What fires is what fired and did not end."""
        assert {event.labels for event in self.book.firing()} == {each for each, on in self.fires.items() if on}


AlertLife = AlertMachine.TestCase
