"""Which games that are bound to a real address need a translation."""

from __future__ import annotations

from ipaddress import IPv4Address

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.bound_rules import UdpSocket
from lanrage.core.translations import ANY, needs_translation
from tests.strategies_lan import ME, REAL

TUNNEL, CARD = 5, 3
HEARD_BY = (0, TUNNEL)
OTHER = IPv4Address("172.20.0.2")


class NeedTests(SynchronousTestCase):
    """One port's sockets."""

    def needed(self, *sockets: UdpSocket) -> bool:
        """For the game on the real address."""
        return needs_translation(sockets, REAL, ME, HEARD_BY)

    def test_cases(self) -> None:
        """Only where a socket has exactly this address, and none hears the party address."""
        game = UdpSocket(REAL, 6000)
        self.assertTrue(self.needed(game))
        self.assertTrue(self.needed(game, UdpSocket(OTHER, 6000)))
        self.assertTrue(self.needed(game, UdpSocket(ANY, 6000, CARD)))
        self.assertFalse(self.needed())
        self.assertFalse(self.needed(UdpSocket(ANY, 6000)))
        self.assertFalse(self.needed(UdpSocket(REAL, 6000, CARD)))
        for hearer in (UdpSocket(ANY, 6000), UdpSocket(ME, 6000), UdpSocket(ANY, 6000, TUNNEL)):
            self.assertFalse(self.needed(game, hearer))

    @given(
        st.lists(
            st.builds(
                UdpSocket,
                st.sampled_from([ANY, ME, REAL, OTHER]),
                st.just(6000),
                st.sampled_from([0, CARD, TUNNEL]),
            )
        )
    )
    def test_nobody_loses(self, sockets: list[UdpSocket]) -> None:
        """A translation never takes a datagram from a socket that would have heard it."""
        hearers = [each for each in sockets if each.device in HEARD_BY and each.address in (ANY, ME)]
        if needs_translation(sockets, REAL, ME, HEARD_BY):
            self.assertEqual(hearers, [])
