"""The bench of the control server, with tiny numbers: its figures are there and make sense."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.bench.control import judged, run
from tests.bench.control_framing import BINARY, Deframer, frame, upgrade
from tests.bench.control_notices import percentile

TINY = (
    "--sessions 24 --storm 16 --rate 40 --seconds 0.5 --echo-connections 48 --echo-rounds 1 --echo-seconds 0.2".split()
)


class ControlBenchTests(SynchronousTestCase):
    """One run with real processes."""

    def test_figures(self) -> None:
        """All sessions hold, every change is heard by all, and the figures that the pages name are there."""
        seen = run(TINY)
        exact = {
            "sessions": 24,
            "sessions_held": 24,
            "sessions_lost": 0,
            "parties": 3,
            "members": 24,
            "deltas_per_join": 15,
            "notice_changes": 20,
            "notice_unheard": 0,
            "durable_notice_changes": 20,
            "durable_notice_unheard": 0,
            "storm_sessions": 16,
        }
        self.assertEqual({name: seen[name] for name in exact}, exact)
        ranges = {
            "idle_bytes_per_connection": (0, 200_000),
            "join_rate": (1, 100_000),
            "notice_p50_ms": (0.01, 2_000),
            "notice_p99_ms": (seen["notice_p50_ms"], 5_000),
            "durable_notice_p50_ms": (0.01, 2_000),
            "durable_notice_p99_ms": (seen["durable_notice_p50_ms"], 5_000),
            "echo_ratio": (0.01, 100),
            "echo_cpu_ratio": (0, 100),
            "storm_seconds": (0.01, 60),
            "storm_server_cpu_s": (0.01, 60),
            "storm_redials": (16, 10_000),
            "storm_cut_seconds": (0.01, 60),
        }
        wrong = {name: seen[name] for name, (low, high) in ranges.items() if not low <= seen[name] <= high}
        self.assertEqual(wrong, {})


class LimitTests(SynchronousTestCase):
    """What a run is measured by."""

    def test_limits(self) -> None:
        """A figure beyond its limit is a shortfall that names both; one that was not measured is none."""
        good = {"echo_ratio": 0.6, "notice_p99_ms": 100.0, "deltas_per_join": 15}
        self.assertEqual(([], True), (judged(good)["shortfalls"], judged(good)["ok"]))
        bad = judged(good | {"echo_ratio": 0.59, "sessions_lost": 1})
        self.assertEqual(
            ["echo_ratio is 0.59, not at least 0.6", "sessions_lost is 1, not at most 0"], bad["shortfalls"]
        )
        self.assertFalse(bad["ok"])


class ClientTests(SynchronousTestCase):
    """What the bench's own client does with bytes."""

    def test_frames(self) -> None:
        """Frames of every length are cut out of the stream, however it is cut."""
        payloads = [b"", b"a" * 125, b"b" * 126, b"c" * 70_000]
        stream = b"HTTP/1.1 101 Switching Protocols\r\n\r\n"
        for payload in payloads:
            masked = frame(BINARY, payload)
            at = 2 if len(payload) < 126 else 4 if len(payload) < 65536 else 10
            stream += bytes((masked[0], masked[1] & 0x7F)) + masked[2:at] + masked[at + 4 :]
        for size in (1, 3, 1000, len(stream)):
            deframer, frames = Deframer(), list[tuple[int, bytes]]()
            for at in range(0, len(stream), size):
                frames += deframer.feed(stream[at : at + size])
            self.assertEqual(frames, [(BINARY, payload) for payload in payloads])

    def test_refused(self) -> None:
        """A server that refuses the upgrade is an error that names its answer."""
        with self.assertRaisesRegex(ValueError, "400 Bad Request"):
            Deframer().feed(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        self.assertTrue(upgrade("host", "").endswith(b"13\r\n\r\n"))

    def test_percentile(self) -> None:
        """Nearest rank; of nothing it is 0."""
        self.assertEqual([percentile(range(100), share) for share in (0.5, 0.99, 1.0)], [50, 99, 99])
        self.assertEqual(percentile([], 0.99), 0.0)
