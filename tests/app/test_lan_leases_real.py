"""A lease between two network namespaces: real cards, ports and sockets."""

from __future__ import annotations

import json
import sys
from itertools import pairwise

import pytest
from twisted.trial.unittest import SynchronousTestCase

from tests.lan_beacon import PERIOD_S, PORT, TIMES
from tests.lan_hosts import lan_hosts

ME = "10.66.0.1"
LEASED = '{"lan-interest": "off"}'


@pytest.mark.needs("root", "tun", "ip")
class RealTests(SynchronousTestCase):
    """Two members."""

    def test_beacon(self) -> None:
        """The lobby hears the game at its pace, from its address, hardly carried; and no more soon after its end."""
        with lan_hosts(2) as (one, two):
            planes = [
                one.start_plane([2], LAN_SETTINGS='{"lan-interest": "off"}'),
                two.start_plane([1], LAN_SETTINGS='{"lan-interest": "off"}'),
            ]
            lobby = two.run(sys.executable, "-m", "tests.lan_beacon", "listen")
            self.assertEqual(lobby.line(), "ready")
            game = one.run(sys.executable, "-m", "tests.lan_beacon", "announce", ME)
            heard = []
            while (line := lobby.line()) != "silence":
                heard.append(line.split())
            ended = float(game.line())
            times = [float(when) for when, _ in heard]
            self.assertEqual({source for _, source in heard}, {f"{ME}:{PORT}"})
            self.assertTrue(TIMES <= len(times) <= TIMES + 6, times)
            self.assertLess(max(later - earlier for earlier, later in pairwise(times)), 2 * PERIOD_S)
            self.assertLess(times[-1], ended + 2 * PERIOD_S + 1)
            sent, received = (json.loads(plane.end().splitlines()[-1]) for plane in planes)
            self.assertLess(sent["forwarded_packets"], 8)
            self.assertEqual((sent["leases_granted"], sent["leases_cancelled"], received["leases_held"]), (1, 1, 0))
            self.assertGreater(received["leases_replayed"], TIMES - 8)
