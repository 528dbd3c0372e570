"""Loss, delay and cuts reach the packets they are meant for, and no others."""

from __future__ import annotations

import time

import pytest
from twisted.trial.unittest import SynchronousTestCase

from lanrage.errors import BadInput
from lanrage.lab.lab import Lab
from lanrage.lab.ping import Pinger
from lanrage.lab.plan import PUBLIC_ADDRESSES
from tests.lab.bare import bare_lab

pytestmark = pytest.mark.needs("root", "ip", "nft", "tun")


class WanTests(SynchronousTestCase):
    """One laboratory a test: two open hosts, two behind one router."""

    def setUp(self) -> None:
        """Build it, to be removed after the test."""
        context = bare_lab("twan", "open", "open", "restricted", "lan")
        self.lab: Lab = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        self.pinger = Pinger()
        self.addCleanup(self.pinger.close)

    def answers(self, first: int, target: str, count: int = 1, wait: float = 0.3) -> list[float]:
        """Round-trip times in ms of the echoes that were answered, all sent at once."""
        netns = self.lab.plan.hosts[first - 1].netns
        begin = time.monotonic()
        for sequence in range(count):
            self.pinger.send(netns, target, sequence)
        seen: dict[int, float] = {}
        while len(seen) < count and (left := begin + wait - time.monotonic()) > 0:
            for _, _, sequence, when in self.pinger.receive(left):
                seen[sequence] = 1000 * (when - begin)
        return list(seen.values())

    def address(self, index: int) -> str:
        """A host's own address."""
        return self.lab.plan.hosts[index - 1].address

    def test_block_and_unblock(self) -> None:
        """A cut pair hears nothing, every other way stays open; afterwards it hears again."""
        self.assertTrue(self.answers(1, self.address(2)))
        self.lab.change(("h1", "h2"), None, None, True)
        self.assertFalse(self.answers(1, self.address(2)))
        self.assertFalse(self.answers(2, self.address(1)))
        self.assertTrue(self.answers(1, PUBLIC_ADDRESSES[0]))
        self.assertTrue(self.answers(3, self.address(2)))
        self.lab.change(("h1", "h2"), None, None, False)
        self.assertTrue(self.answers(1, self.address(2)))

    def test_public_block(self) -> None:
        """A host can be cut from the public host alone."""
        self.lab.change(("h1", "public"), None, None, True)
        self.assertFalse(self.answers(1, PUBLIC_ADDRESSES[1]))
        self.assertTrue(self.answers(1, self.address(2)))

    def test_loss(self) -> None:
        """A loss of 30 % each direction loses about half of the round trips; 0 for a pair overrides the WAN's."""
        self.lab.change(None, 30.0, None, None)
        got = len(self.answers(1, self.address(2), 200))
        self.assertTrue(60 < got < 140, f"{got} of 200 came back, 98 are expected")
        self.lab.change(("h1", "h2"), 0.0, None, None)
        self.assertEqual(len(self.answers(1, self.address(2), 200)), 200)

    def test_delay(self) -> None:
        """A delay counts once each way; a pair can have its own, or none."""
        self.lab.change(None, None, 40.0, None)
        for host in (1, 3):
            rtt = self.answers(host, self.address(2), wait=2.0)[0]
            self.assertTrue(80 <= rtt < 160, f"{rtt:.1f} ms, 80 are expected")
        self.lab.change(("h1", "h2"), None, 0.0, None)
        self.assertLess(self.answers(1, self.address(2), wait=2.0)[0], 30)
        self.lab.change(("h1", "public"), None, 10.0, None)
        rtt = self.answers(1, PUBLIC_ADDRESSES[0], wait=2.0)[0]
        self.assertTrue(20 <= rtt < 79, f"{rtt:.1f} ms, 20 are expected")

    def test_loss_counts_once_with_delay(self) -> None:
        """Delayed packets are lost as often as others."""
        self.lab.change(None, 30.0, 5.0, None)
        got = len(self.answers(1, self.address(2), 200, wait=1.0))
        self.assertTrue(60 < got < 140, f"{got} of 200 came back, 98 are expected")

    def test_one_lan(self) -> None:
        """Between hosts behind one router: loss and cuts on its bridge; a delay is refused and changes nothing."""
        self.assertTrue(self.answers(3, self.address(4)))
        self.lab.change(("h3", "h4"), None, None, True)
        self.assertFalse(self.answers(3, self.address(4)))
        self.assertTrue(self.answers(3, PUBLIC_ADDRESSES[0]))
        with self.assertRaises(BadInput):
            self.lab.change(("h3", "h4"), None, 10.0, False)
        self.assertFalse(self.answers(3, self.address(4)))
