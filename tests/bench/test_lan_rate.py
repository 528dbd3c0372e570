"""How many frames a second the LAN plane's two flows take, in memory (mission B2: at least 1000)."""

from __future__ import annotations

import time

from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.lan_flow import Inflow, Outflow
from lanrage.core.lan_counters import LanCounters
from lanrage.core.lan_limits import ARRIVALS_RATE
from tests.strategies_lan import ME, PEER, beacon, lan_of

FRAMES = 5000
WANTED_RATE = 3000.0
"""Frames a second out and in again: 16 members x 200 packets/s in total are 3,000 deliveries a second in the party."""


class LanRateTests(SynchronousTestCase):
    """The pure pipeline on one core."""

    def test_rate(self) -> None:
        """From one member's card into another's, frames of 300 bytes rebuilt and checked at both ends, by CPU time."""
        wire: list[bytes] = []
        injected: list[bytes] = []

        def send(data: bytes, to: str) -> int:
            wire.append(data)
            return 0

        def write(frame: bytes) -> bool:
            injected.append(frame)
            return True

        out = Outflow(lan_of(PEER, ME), 7, send, LanCounters())
        inside = Inflow(lan_of(ME, PEER), write, lambda datagram: None, LanCounters())
        inside.set_lan(inside.lan)
        frames = [beacon(payload=number.to_bytes(4, "big") * 64) for number in range(FRAMES)]
        began = time.thread_time()
        for frame in frames:
            out.from_card(frame, 0.0)
        sent = time.thread_time()
        for number, data in enumerate(wire):
            inside.arrived(data, str(PEER), number / ARRIVALS_RATE)
        took = time.thread_time()
        rates = [FRAMES / (sent - began), FRAMES / (took - sent)]
        print(f"LAN plane: {rates[0]:.0f} frames/s out, {rates[1]:.0f} frames/s in")
        self.assertEqual(injected, frames)
        self.assertGreater(min(rates), WANTED_RATE)
