"""Distances to relays: spikes do not count, loss does, silence is told from ignorance."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.relay_distance import BUSY, CALM, MIDDLE, SAMPLES, SILENT, TIMEOUT, WINDOW, Distance, DistanceMeter


class Way:
    """A meter and its questions."""

    def __init__(self) -> None:
        self.meter = DistanceMeter()
        self.now = 0.0
        self._number = 0

    def round(self, *samples: float | None) -> Distance | None:
        """One round with these round trips in ms; None = lost."""
        for sample in samples:
            self._number += 1
            transaction = self._number.to_bytes(12, "big")
            self.meter.asked(transaction, self.now)
            if sample is not None:
                assert self.meter.answered(transaction, self.now + sample / 1000)
        self.now += TIMEOUT
        self.meter.close_round(self.now)
        self.now += 10
        return self.meter.distance


@given(st.lists(st.lists(st.none() | st.floats(0, 900), min_size=SAMPLES, max_size=SAMPLES), max_size=20))
def test_bounds(rounds: list[list[float | None]]) -> None:
    """Between the shortest and the longest sample; loss is a share; silence after so many losses in a row."""
    way = Way()
    for samples in rounds:
        way.round(*samples)
    flat = [sample for samples in rounds for sample in samples]
    answered = [sample for sample in flat if sample is not None]
    distance = way.meter.distance
    if len(flat) >= SILENT and not any(sample is not None for sample in flat[-SILENT:]):
        assert distance == Distance(None, 1.0)
    elif distance is not None and distance.rtt_ms is not None:
        assert min(answered) - 0.01 <= distance.rtt_ms <= max(answered) + 0.01
        lost = sum(sample is None for sample in flat[-WINDOW:])
        # Within a round what was lost counts after what was answered, so a few may be past the window's edge.
        edge = (SAMPLES - 1) / WINDOW if len(flat) > WINDOW else 0.0
        assert abs(distance.loss - lost / max(SAMPLES, min(len(flat), WINDOW))) < edge + 0.001
    assert way.meter.interval in (CALM, MIDDLE, BUSY)


@given(st.floats(5, 200), st.floats(300, 900), st.integers(0, 2))
def test_one_spike_is_nothing(calm: float, spike: float, place: int) -> None:
    """The median of three throws it out."""
    way = Way()
    for _ in range(3):
        way.round(calm, calm, calm)
    samples = [calm, calm, calm]
    samples[place] = spike
    distance = way.round(*samples)
    assert distance is not None
    assert abs((distance.rtt_ms or 0) - calm) < 0.02


class DistanceTests(SynchronousTestCase):
    """Examples."""

    def test_smoothing(self) -> None:
        """0.3 of the new and 0.7 of the old."""
        way = Way()
        way.round(100, 100, 100)
        self.assertEqual(way.round(200, 200, 200), Distance(130.0))
        self.assertEqual(way.meter.interval, BUSY)

    def test_intervals(self) -> None:
        """Calm when near, more often when far, lossy or unknown."""
        for samples, interval in (((10,) * 3, CALM), ((90,) * 3, MIDDLE), ((190,) * 3, BUSY), ((10, None, 10), BUSY)):
            way = Way()
            way.round(*samples)
            self.assertEqual(way.meter.interval, interval)
        self.assertEqual(Way().meter.interval, BUSY)

    def test_silence_and_return(self) -> None:
        """Nothing known, then out of reach, then there again by the first answer."""
        way = Way()
        self.assertIsNone(way.round(None, None, None))
        self.assertEqual(way.round(None, None, None), Distance(None, 1.0))
        distance = way.round(30, 30, 30)
        self.assertEqual((distance or Distance(None)).rtt_ms, 30)
        way.meter.forget()
        self.assertIsNone(way.meter.distance)

    def test_strange_answers(self) -> None:
        """To no question, twice, too late."""
        meter = DistanceMeter()
        self.assertFalse(meter.answered(b"x", 0.0))
        meter.asked(b"x", 0.0)
        self.assertFalse(meter.answered(b"x", TIMEOUT + 0.1))
        meter.asked(b"y", 2.0)
        self.assertTrue(meter.answered(b"y", 2.01))
        self.assertFalse(meter.answered(b"y", 2.02))

    def test_worth_telling(self) -> None:
        """A fifth and 5 ms, a twentieth of loss, reachable or not."""
        base = Distance(50.0)
        for other in (
            Distance(61.0),
            Distance(39.0),
            Distance(None, 1.0),
            Distance(50.0, 0.05),
            Distance(50.0, 0, True),
        ):
            self.assertTrue(base.differs(other) or other.differs(base))
        for other in (Distance(58.0), Distance(43.0), Distance(50.0, 0.04), base):
            self.assertFalse(base.differs(other))
        self.assertFalse(Distance(1.0).differs(Distance(5.0)))
