"""The table of metrics: names by Prometheus' rules."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.metric_names import BY_NAME, KEPT, METRICS, PEER_INFO, PREFIX, full_name
from lanrage.core.metric_reading import LABEL_LIMIT, label

UNITS = {"seconds", "bytes", "ratio"}
"""Base units, which a name must say."""
COUNTED = {"frames", "packets"}


class NameTests(SynchronousTestCase):
    """:data:`METRICS`."""

    def test_rules(self) -> None:
        """A prefix, ``_total`` for counters alone, the base unit in the name, a sentence, each name once."""
        self.assertEqual(len(BY_NAME), len(METRICS))
        for metric in METRICS:
            stem = metric.name.removesuffix("_total")
            self.assertRegex(metric.name, r"^lanrage_[a-z][a-z0-9_]*[a-z0-9]$")
            self.assertEqual(metric.kind == "counter", metric.name.endswith("_total"), metric.name)
            self.assertTrue(metric.help.endswith("."), metric.name)
            for unit in UNITS:
                self.assertEqual(metric.unit == unit, stem.endswith(f"_{unit}"), metric.name)
            if metric.unit in COUNTED:
                self.assertRegex(stem, f"_{metric.unit}$|_dedup_", metric.name)
            for name in metric.labels:
                self.assertRegex(name, r"^[a-z]+$")

    def test_kept(self) -> None:
        """What has a history is in the table, and the info of a peer has none."""
        self.assertLessEqual({metric.name for metric in KEPT}, set(BY_NAME))
        self.assertNotIn(PEER_INFO, {metric.name for metric in KEPT})

    def test_full_name(self) -> None:
        """The prefix may be left out."""
        self.assertEqual(PEER_INFO, full_name("peer_info"))
        self.assertEqual(PEER_INFO, full_name(PEER_INFO))
        self.assertTrue(PEER_INFO.startswith(PREFIX))

    @given(st.text())
    def test_labels_are_bounded_and_printable(self, text: str) -> None:
        """Whatever a member calls itself."""
        shown = label(text)
        self.assertTrue(len(shown) <= LABEL_LIMIT and (shown.isprintable()))
        if text.isprintable() and len(text) <= LABEL_LIMIT:
            self.assertEqual(text, shown)
