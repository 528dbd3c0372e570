"""Keepalives are as rare as the NATs between allow, and rarer never."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.keepalive import DEFAULT, LEAST, REMEMBERED, SHARE, LostMapping, choose
from lanrage.core.links import Endpoint
from lanrage.core.nat import NatKind

K = NatKind
kinds = st.sampled_from(NatKind)
spans = st.none() | st.floats(0.0, 1000.0)


@given(kinds, kinds, spans, spans)
def test_the_stricter_end_counts(own: NatKind, peer: NatKind, lifetime: float | None, expired: float | None) -> None:
    """Both ends choose alike, within bounds, and a known lifetime is never exceeded by more than the least."""
    chosen = choose(own, peer, lifetime, expired)
    assert LEAST <= chosen <= 60
    assert choose(peer, own, lifetime, expired) == chosen
    assert chosen <= min(choose(own, own), choose(peer, peer))
    for limit in (lifetime, expired):
        assert limit is None or chosen <= max(LEAST, limit * SHARE)


class ChooseTests(SynchronousTestCase):
    """The numbers of the kinds."""

    def test_kinds(self) -> None:
        """Behind nothing stricter than itself."""
        expected = {
            K.OPEN: 60,
            K.FULL_CONE: 60,
            K.ADDRESS_RESTRICTED: 30,
            K.PORT_RESTRICTED: 15,
            K.SYMMETRIC: 8,
            K.BLOCKED: DEFAULT,
            K.UNKNOWN: DEFAULT,
        }
        self.assertEqual({kind: choose(kind, K.OPEN) for kind in NatKind}, expected)
        self.assertEqual(choose(K.FULL_CONE, K.SYMMETRIC), 8)

    def test_a_short_lifetime(self) -> None:
        """Shortens, never lengthens."""
        self.assertEqual(choose(K.FULL_CONE, K.OPEN, lifetime=30.0), 18)
        self.assertEqual(choose(K.PORT_RESTRICTED, K.OPEN, lifetime=125.0), 15)
        self.assertEqual(choose(K.OPEN, K.OPEN, lifetime=1.0), LEAST)


class LostTests(SynchronousTestCase):
    """What a peer sees tells whether the mapping lived."""

    peer, other = Endpoint("192.0.2.1", 1), Endpoint("192.0.2.2", 1)

    def looked(self, *seen: tuple[str, int]) -> LostMapping:
        """The peer saw us there, one after the other."""
        lost = LostMapping()
        for number, (host, port) in enumerate(seen):
            lost.look(Endpoint(host, port), self.peer, 25.0, float(number))
        return lost

    def test_another_port(self) -> None:
        """The mapping did not live through the silence."""
        self.assertEqual(self.looked(("198.51.100.7", 5), ("198.51.100.7", 6)).expired, 25.0)

    def test_no_loss(self) -> None:
        """The same port; another address is another network or another way out."""
        self.assertIsNone(self.looked(("198.51.100.7", 5), ("198.51.100.7", 5)).expired)
        self.assertIsNone(self.looked(("198.51.100.7", 5), ("198.51.100.8", 6)).expired)

    def test_another_observer(self) -> None:
        """A symmetric NAT shows each another port; that is no loss."""
        lost = self.looked(("198.51.100.7", 5))
        lost.look(Endpoint("198.51.100.7", 6), self.other, 25.0, 1.0)
        lost.look(None, self.other, 25.0, 2.0)
        self.assertIsNone(lost.expired)
        lost.look(Endpoint("198.51.100.7", 7), self.other, 15.0, 3.0)
        self.assertEqual(lost.expired, 15.0)

    def test_shorter_and_shorter(self) -> None:
        """Until the mapping lives; it is forgotten after a while, as a router's restart should be."""
        lost = LostMapping()
        keepalive, port, now = 60, 1, 0.0
        intervals = []
        for _ in range(5):
            lost.look(Endpoint("198.51.100.7", port), self.peer, keepalive, now)
            keepalive = choose(K.FULL_CONE, K.OPEN, None, lost.expired)
            intervals.append(keepalive)
            port, now = (port + 1 if keepalive > 15 else port), now + keepalive
        self.assertEqual(intervals, [60, 36, 21, 12, 12])
        self.assertEqual(lost.expired, lost.lasting(now))
        self.assertIsNone(lost.lasting(now + REMEMBERED))

    def test_moved(self) -> None:
        """Another network begins anew."""
        lost = self.looked(("198.51.100.7", 5), ("198.51.100.7", 6))
        lost.moved()
        lost.look(Endpoint("198.51.100.7", 9), self.peer, 25.0, 3.0)
        self.assertIsNone(lost.expired)
