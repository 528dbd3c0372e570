"""What Prometheus scrapes: its own parser reads back what was measured."""

from __future__ import annotations

import math

from hypothesis import given
from prometheus_client.parser import text_string_to_metric_families
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.metric_names import BY_NAME
from lanrage.core.metric_reading import Reading
from lanrage.wire.exposition import render
from tests.strategies_metrics import readings


def read(text: bytes) -> dict[tuple[str, tuple[str, ...]], float]:
    """What Prometheus' parser makes of a page: value by name and labels; types and help are compared with the table."""
    found = {}
    for family in text_string_to_metric_families(text.decode()):
        for sample in family.samples:
            metric = BY_NAME[sample.name]
            assert (family.type, family.documentation) == (metric.kind, metric.help), sample.name
            assert set(sample.labels) == set(metric.labels), sample.name
            key = (sample.name, tuple(sample.labels[name] for name in metric.labels))
            assert key not in found, "Prometheus refuses a page with one series twice"
            found[key] = sample.value
    return found


class ExpositionTests(SynchronousTestCase):
    """:func:`render`."""

    @given(readings())
    def test_round_trip(self, given_readings: list[Reading]) -> None:
        """Names, labels, types, help and values come back, whatever stands in a label."""
        self.assertEqual({each[:2]: each.value for each in given_readings}, read(render(given_readings)))

    def test_twice(self) -> None:
        """Of two readings of one series the later counts."""
        name = "lanrage_peer_up"
        page = render(
            [Reading(name, ("a",), 1.0), Reading("lanrage_party_members", (), 2.0), Reading(name, ("a",), 0.0)]
        )
        self.assertEqual({(name, ("a",)): 0.0, ("lanrage_party_members", ()): 2.0}, read(page))

    def test_no_numbers(self) -> None:
        """They are written as Prometheus writes them."""
        page = render([Reading("lanrage_peer_up", (str(value),), value) for value in (math.nan, math.inf, -math.inf)])
        values = read(page)
        self.assertTrue(math.isnan(values["lanrage_peer_up", ("nan",)]))
        self.assertEqual(math.inf, values["lanrage_peer_up", ("inf",)])
        self.assertEqual(-math.inf, values["lanrage_peer_up", ("-inf",)])

    def test_unknown(self) -> None:
        """A name that no table has is a bug, and said so."""
        self.assertRaises(KeyError, render, [Reading("lanrage_nothing", (), 1.0)])
