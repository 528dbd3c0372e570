"""Places of a port's connections: what is said of those that find none."""

from __future__ import annotations

from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.web_places import DEFAULT_LIMITS, WebPlaces
from lanrage.net.shared_places import WORDS_BURST, WORDS_RATE, PlacedConnection, SharedPlaces


class WordsTests(SynchronousTestCase):
    """Warnings."""

    def test_a_flood(self) -> None:
        """Whoever connects without end fills no log; how many were not told of is said with the next."""
        clock = Clock()
        ports = SharedPlaces(clock, Factory.forProtocol(Protocol), WebPlaces(), lambda peer, host: 1000)
        count, burst = 100, int(WORDS_BURST)
        with capturedLogs() as told:
            for _ in range(count):
                PlacedConnection(ports, Protocol()).makeConnection(Flooding())
            first = [event for event in told if "unsaid" in event]
            self.assertEqual(len(first), burst)
            clock.advance(1 / WORDS_RATE)
            PlacedConnection(ports, Protocol()).makeConnection(Flooding())
        last = [event for event in told if "unsaid" in event][-1]
        self.assertEqual(last["unsaid"], count - DEFAULT_LIMITS.strangers - burst)


class Flooding(StringTransport):
    """A connection that can be cut."""
