"""The profiler bench: its child does the work, its calls cost what they cost."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.bench.profiler import _child, calls


class ProfilerBenchTests(SynchronousTestCase):
    """Small runs."""

    def test_child(self) -> None:
        """Where it samples, the work's hotspot is first; its time is that of the turns."""
        figures = _child("sampling", 250, 0.0)
        self.assertTrue(figures["first"])
        self.assertTrue(0.02 < figures["worked"] <= 2 * figures["seconds"] + 0.1, figures)

    def test_calls(self) -> None:
        """A timed call costs more than one of which few are timed, and that more than a bare one."""
        figures = calls()
        self.assertTrue(0.0 < figures["sampled_added_ns"] < figures["timed_added_ns"] < 10_000, figures)
