"""What is shown of metrics: chosen by name and member, summed over a window, with a bounded history."""

from __future__ import annotations

import msgspec
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.metrics_keeper import MetricsKeeper
from lanrage.app.metrics_results import MetricsShown, PointShown
from lanrage.app.metrics_sampler import Sample
from lanrage.app.metrics_view import POINTS_LIMIT, Asked, metrics
from lanrage.core.metric_reading import Reading
from lanrage.errors import BadInput
from lanrage.wire.local import ANSWER_LIMIT

PEERS = {"10.66.0.2": "Ben", "10.66.0.3": "Eva"}
START = 1_200_000.0
"""A full hour."""


def sample(at: float, rtt: float) -> Sample:
    """Two members and this process."""
    readings = [Reading("lanrage_peer_info", (*who, who[1]), 1.0) for who in PEERS.items()]
    readings += [Reading("lanrage_peer_rtt_seconds", (address,), rtt) for address in PEERS]
    readings += [Reading("lanrage_path_rtt_seconds", (address, "local"), rtt) for address in PEERS]
    return Sample(at, (*readings, Reading("lanrage_process_max_fds", (), 9.0)))


class ViewTests(SynchronousTestCase):
    """:func:`metrics`."""

    def setUp(self) -> None:
        """Two hours, in which the round trip grows by 1 ms a second."""
        self.keeper = MetricsKeeper()
        for second in range(7200):
            self.last = sample(START + second, second / 1000.0)
            self.keeper.keep(self.last)

    def show(self, **asked: object) -> MetricsShown:
        """The answer."""
        return metrics(self.last, self.keeper, Asked(**asked))  # type: ignore[arg-type]

    def names(self, **asked: object) -> list[str]:
        """The series of an answer, as name and first label."""
        return [
            " ".join((each.name.removeprefix("lanrage_"), *list(each.labels.values())[:1]))
            for each in self.show(**asked).series
        ]

    def test_choice(self) -> None:
        """By a whole name, with or without the prefix, by its beginning, and by a member's name or address."""
        self.assertEqual(7, len(self.names()))
        self.assertEqual(["process_max_fds"], self.names(name="process_max_fds"))
        self.assertEqual(["process_max_fds"], self.names(name="lanrage_process*"))
        self.assertEqual([], self.names(name="relay_*"))
        rtts = ["peer_rtt_seconds 10.66.0.3", "path_rtt_seconds 10.66.0.3"]
        self.assertEqual(rtts, [name for name in self.names(peer="eva") if "rtt" in name])
        self.assertEqual(self.names(peer="eva"), self.names(peer="10.66.0.3"))
        self.assertEqual(7, len(self.names(name="*")))

    def test_refusals(self) -> None:
        """A metric that is not, and a member that is not measured, by their fields."""
        for field, asked in (("name", {"name": "peer"}), ("name", {"name": "x*"}), ("peer", {"peer": "Zoe"})):
            with self.assertRaises(BadInput) as caught:
                self.show(**asked)
            self.assertEqual(field, caught.exception.field)
        self.assertIn("Ben, Eva", str(caught.exception))

    def test_window(self) -> None:
        """The last ten seconds, both ends included; of what has no history only the value of now."""
        (shown,) = self.show(name="peer_rtt_seconds", peer="Ben", window=10.0).series
        window = PointShown(START + 7189, 11, 7.189, 7.199, 7.194, 7.199, 7.199)
        self.assertEqual((7.199, window), (shown.value, shown.window))
        (shown,) = self.show(name="process_max_fds").series
        self.assertEqual((9.0, None, []), (shown.value, shown.window, shown.history))

    def test_history(self) -> None:
        """By minute: 120 of them, the oldest first; no percentiles, which sums do not tell."""
        (shown,) = self.show(name="peer_rtt_seconds", peer="Ben", history="minute").series
        self.assertEqual([START + 60.0 * minute for minute in range(120)], [each.at for each in shown.history])
        first = shown.history[0]
        self.assertEqual((60, 0.0, 0.059, None, None), (first.count, first.min, first.max, first.p95, first.p99))
        self.assertAlmostEqual(0.0295, first.avg)

    def test_bounded(self) -> None:
        """All series with their histories fit into one answer of the local API: of each the newest points."""
        self.keeper = MetricsKeeper()
        PEERS.update({f"10.66.1.{number}": "x" * 32 for number in range(63)})
        self.addCleanup(lambda: [PEERS.pop(address) for address in list(PEERS) if address.startswith("10.66.1.")])
        for minute in range(60):
            self.last = sample(START + 60.0 * minute + 0.123456, 0.123456789)
            self.keeper.keep(self.last)
        shown = self.show(history="minute")
        self.assertLessEqual(sum(len(each.history) for each in shown.series), POINTS_LIMIT)
        self.assertEqual(self.last.at // 60 * 60, shown.series[70].history[-1].at)
        self.assertLess(len(msgspec.json.encode(shown)), ANSWER_LIMIT)
