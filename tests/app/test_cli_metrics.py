"""``lanrage metrics`` and ``lanrage alerts`` on a terminal."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from lanrage.app.cli_metrics import shown_value
from lanrage.app.metrics_results import AlertsShown, MetricsShown
from tests.app.test_cli import CommandCase
from tests.fakes_metrics import FakeMetrics, shown_alerts, shown_metrics


class MetricsTests(CommandCase):
    """``lanrage metrics``."""

    def test_table(self) -> None:
        """Members by name, values in units that people read, of counters what they grew by; zeros are left out."""
        rows = [line.split() for line in self.done("metrics").splitlines()]
        self.assertIn("peer_rtt_seconds Ben 20.5 ms 30.5 ms 19.5 ms 250.0 ms 125.0 ms 200.0 ms".split(), rows)
        self.assertIn("peer_received_bytes_total Ben 3.0 MiB +2.0 MiB".split(), rows)
        self.assertIn("process_open_fds 21".split(), rows)
        self.assertNotIn("arp", self.done("metrics"))
        self.assertIn(
            "lan_dropped_frames_total arp 0".split(), map(str.split, self.done("metrics", "--all").splitlines())
        )

    def test_arguments(self) -> None:
        """What is asked for goes to the node; the history has a table of its own."""
        out = self.done("metrics", "peer_*", "--peer", "Ben", "--window", "300", "--history", "minute")
        self.assertIn("300 s: avg", out)
        self.assertIn("samples", out)
        assert isinstance(self.node, FakeMetrics)
        self.assertEqual([{"name": "peer_*", "peer": "Ben", "window": 300.0, "history": "minute"}], self.node.asked)

    def test_refusals(self) -> None:
        """What cannot be is refused before the node is asked."""
        for words in (("Peer*",), ("--window", "0"), ("--window", "1e9"), ("--history", "year"), ("--peer", "x" * 99)):
            self.assertNotEqual(0, self.run_command("metrics", *words).exit_code, words)
        assert isinstance(self.node, FakeMetrics)
        self.assertIsNone(self.node.asked)

    def test_json(self) -> None:
        """As the operations' shapes say."""
        value = msgspec.json.decode(self.done("metrics", "--json"), type=MetricsShown)
        self.assertEqual(shown_metrics(60.0, ""), value)
        self.assertEqual(shown_alerts(), msgspec.json.decode(self.done("alerts", "--json"), type=AlertsShown))

    def test_alerts(self) -> None:
        """What fires first, then what was."""
        out = self.done("alerts")
        self.assertIn("peer_quality: the path to Ben (10.66.0.2) has a quality of 42 of 100, below 60 (since ", out)
        self.assertEqual(3, sum("peer_quality" in line for line in out.splitlines()[1:]))
        self.assertIn("resolved", out)

    def test_values(self) -> None:
        """Each unit as people write it."""
        shown = {
            ("seconds", 0.0205): "20.5 ms",
            ("seconds", 75.0): "75.0 s",
            ("ratio", 0.0125): "1.2 %",
            ("bytes", 1023.0): "1023 B",
            ("bytes", 1536.0): "1.5 KiB",
            ("bytes", 2.0**50): "1024.0 TiB",
            ("", 3.0): "3",
            ("score", 92.456): "92.46",
        }
        self.assertEqual(list(shown.values()), [shown_value(value, unit) for unit, value in shown])
        self.assertEqual("", shown_value(None, "bytes"))

    @given(st.floats(), st.sampled_from(("", "seconds", "bytes", "ratio", "score")))
    def test_any_value(self, value: float, unit: str) -> None:
        """Infinity and what is no number are shown, too."""
        self.assertTrue(shown_value(value, unit))
