"""What a control server knows of its relays, and when nodes are told."""

from __future__ import annotations

from typing import Any

import attrs
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.relay_registry import (
    FORGET_AFTER,
    OFFERED_LIMIT,
    SILENT_AFTER,
    Place,
    RelayEntry,
    RelayRegistry,
    RevocationLog,
    relay_id,
)
from lanrage.core.relay_report import REPORT_INTERVAL, Rates, RelayReport, ReportMeter
from lanrage.core.relay_revocations import Revocation

ONE, TWO = Place("a.example.org", 7800, 7863), Place("203.0.113.2", 7900, 7963)


def report(place: Place, **what: Any) -> RelayReport:
    """A report of a relay there."""
    return attrs.evolve(RelayReport(*place), **what)


events = st.lists(
    st.tuples(
        st.sampled_from([ONE, TWO, Place("b", 1, 2)]),
        st.floats(0, 1),
        st.booleans(),
        st.sampled_from(["", "ill"]),
        st.floats(0, 30),
    ),
    max_size=20,
)


@given(events)
def test_news(rows: list[tuple[Place, float, bool, str, float]]) -> None:
    """What nodes were told last never differs in weight from what is offered; silent ones are not offered."""
    registry, now = RelayRegistry((ONE,)), 0.0
    told = registry.offered(now)
    for place, load, draining, trouble, passed in rows:
        now += passed
        registry.report(report(place, load=load, draining=draining, trouble=trouble), now)
        news = registry.news(now)
        offered = registry.offered(now)
        if news is not None:
            assert news == offered
            assert len(news) != len(told) or any(a.differs(b) for a, b in zip(news, told, strict=True))
            told = news
        assert len(told) == len(offered)
        assert not any(a.differs(b) for a, b in zip(offered, told, strict=True))
        assert len({entry.relay_id for entry in offered}) == len(offered) <= OFFERED_LIMIT
    later = registry.offered(now + SILENT_AFTER + 1)
    heard = {place for place, *_ in rows}
    assert [entry.place for entry in later] == ([] if ONE in heard else [ONE])


class RegistryTests(SynchronousTestCase):
    """Examples."""

    def setUp(self) -> None:
        self.registry = RelayRegistry((ONE,))

    def offered(self, now: float) -> list[tuple[Place, bool]]:
        """Places, and whether they drain."""
        return [(entry.place, entry.draining) for entry in self.registry.offered(now)]

    def test_named_ones_need_no_report(self) -> None:
        """They are offered for ever; nothing changes, so nobody is told."""
        self.assertEqual(self.offered(1e9), [(ONE, False)])
        self.assertIsNone(self.registry.news(0))
        self.assertEqual(self.registry.state(ONE, 0), "unreported")

    def test_a_life(self) -> None:
        """It comes, gets load, drains, is silent."""
        self.registry.report(report(TWO, region="eu", load=0.123), 0)
        [_, entry] = self.registry.news(0) or ()
        self.assertEqual(entry, RelayEntry(relay_id(TWO), TWO, "eu", 0.12))
        self.registry.report(report(TWO, region="eu", load=0.25), 5)
        self.assertIsNone(self.registry.news(5))
        self.registry.report(report(TWO, region="eu", load=0.81), 10)
        self.assertEqual([e.load for e in self.registry.news(10) or ()], [0.0, 0.81])
        self.registry.report(report(TWO, region="eu", load=0.79), 15)
        self.assertIsNotNone(self.registry.news(15))
        self.registry.report(report(TWO, draining=True), 20)
        self.assertEqual(self.offered(20)[1], (TWO, True))
        self.assertIsNotNone(self.registry.news(20))
        self.assertEqual(len(self.registry.news(20 + SILENT_AFTER + 1) or "??"), 1)
        self.assertEqual(self.registry.state(TWO, 20 + SILENT_AFTER + 1), "silent")
        self.assertEqual(len(self.registry.facts(21)), 2)
        self.registry.offered(21 + FORGET_AFTER)
        self.assertEqual(self.registry.state(TWO, 21 + FORGET_AFTER), "unreported")

    def test_an_ill_one(self) -> None:
        """Is better than none, and no better than a good one."""
        self.registry = RelayRegistry()
        self.registry.report(report(ONE, trouble="too busy"), 0)
        self.assertEqual(self.offered(0), [(ONE, False)])
        self.registry.report(report(TWO), 0)
        self.assertEqual(self.offered(0), [(TWO, False)])
        self.registry.report(report(TWO, draining=True), 1)
        self.assertEqual(self.offered(1), [(ONE, False), (TWO, True)])

    def test_bounded(self) -> None:
        """However many report."""
        for number in range(300):
            self.registry.report(report(Place(f"r{number}", 1, 2)), float(number) / 100)
        self.assertEqual(len(self.registry.offered(3)), OFFERED_LIMIT)
        self.assertLessEqual(len(self.registry.facts(3)), 2 * OFFERED_LIMIT + 1)

    def test_names(self) -> None:
        """Of address and ports."""
        self.assertRegex(relay_id(ONE), "^[0-9a-f]{16}$")
        self.assertEqual(len({relay_id(ONE), relay_id(TWO), relay_id(Place(ONE.host, 7800, 7862))}), 3)


class RevocationLogTests(SynchronousTestCase):
    """Those that a relay missed."""

    def test_since(self) -> None:
        """Piece by piece, without those that have ended."""
        log = RevocationLog(limit=5)
        for number in range(7):
            log.add(Revocation(b"p" * 16, bytes([number]) * 32, 100 + number))
        number, rows = log.since(0, 0, 2)
        self.assertEqual((number, [row.until for row in rows]), (4, [102, 103]))
        number, rows = log.since(number, 0, 9)
        self.assertEqual((number, [row.until for row in rows]), (7, [104, 105, 106]))
        self.assertEqual(log.since(number, 0, 9), (7, ()))
        self.assertEqual(log.since(0, 105, 9)[1][0].until, 106)


class MeterTests(SynchronousTestCase):
    """Rates and load."""

    def test_rates(self) -> None:
        """Between two reports; the same again when asked twice at once."""
        meter = ReportMeter(full=1000.0)
        self.assertEqual(meter.count((0, 0, 0), 0.0), Rates())
        seen = (2500, 250_000, 1)
        rates = meter.count(seen, REPORT_INTERVAL)
        self.assertEqual(rates, Rates(500.0, 50_000.0, 0.2))
        self.assertEqual(meter.count(seen, REPORT_INTERVAL + 0.1), rates)
        self.assertEqual(meter.load(1, 10), 0.5)
        self.assertEqual(meter.load(9, 10), 0.9)
        self.assertEqual(meter.load(0, 0), 1.0)
