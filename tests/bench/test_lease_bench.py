"""The bench of leases on a smaller party, and its recordings."""

from __future__ import annotations

import random

from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.frame_rules import canonical
from lanrage.core.lan_frames import Drop
from lanrage.wire.packets import read_frame, write_frame
from tests.bench.announcements import BEACONS, recorded
from tests.bench.lease import BYTES_RATIO, play


class LeaseBenchTests(SynchronousTestCase):
    """What is played, and what comes out."""

    def test_recordings(self) -> None:
        """At least eight programs were recorded, each with its version; all is whole datagrams in the order of time."""
        known = recorded(600.0)
        self.assertGreaterEqual(len(known), 8)
        for each in known:
            times = [when for when, _ in each.packets]
            self.assertEqual(times, sorted(times))
            self.assertRegex(each.source, r"^[a-z0-9-]+ [0-9]")
            for _, datagram in each.packets[:20]:
                self.assertNotIsInstance(read_frame(write_frame(canonical(datagram))), Drop)

    def test_fast_beacons(self) -> None:
        """Each beacon of a second or two costs a tenth, and nobody can tell."""
        for beacon in BEACONS:
            if beacon.period <= 2:
                played = play(beacon.play(200.0), 4, random.Random(beacon.name))
                self.assertTrue(played.ok, (beacon.name, played.figures()))
                self.assertLessEqual(played.bytes_ratio, 1.5 * BYTES_RATIO, beacon.name)
                self.assertEqual(played.granted, 1, beacon.name)

    def test_recorded_program(self) -> None:
        """A real program on a busy machine, likewise."""
        link = next(each for each in recorded(120.0) if each.name == "ableton-link")
        played = play(link, 4, random.Random(3))
        self.assertTrue(played.ok, played.figures())
        self.assertLessEqual(played.bytes_ratio, 2 * BYTES_RATIO)
