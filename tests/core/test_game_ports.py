"""Which ports of known games the firewall counts as in play although none was seen running."""

from __future__ import annotations

import attrs
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.game_ports import fixed_ports
from lanrage.core.game_profile import Discovery, DiscoveryKind, GameProfile, PortRole, PortUse, Speaker
from lanrage.core.kept_ports import KEPT
from lanrage.core.play_ports import Span

WAY = Discovery(DiscoveryKind.BROADCAST, Speaker.HOST, (Span("udp", 4001, 4001),))
GAME = GameProfile("g", "G", "high", (), ports=(PortUse(Span("udp", 4000, 4000), PortRole.GAME),), discovery=(WAY,))


class FixedTests(SynchronousTestCase):
    """The rule."""

    def test_found_on_a_lan(self) -> None:
        """Where it is found and where it plays, merged."""
        self.assertEqual((Span("udp", 4000, 4001),), fixed_ports(GAME))

    def test_not_sure(self) -> None:
        """A profile of less confidence opens nothing, nor does one that does not tell how the game is found."""
        for doubt in ({"confidence": "medium"}, {"confidence": "low"}, {"discovery": ()}):
            self.assertEqual((), fixed_ports(attrs.evolve(GAME, **doubt)))

    @given(st.sampled_from(KEPT), st.integers(0, 3), st.integers(0, 3))
    def test_kept(self, kept: Span, before: int, after: int) -> None:
        """A span that meets what is kept for services opens nothing, not even beside it."""
        span = Span(kept.proto, max(1, kept.first - before), min(65535, kept.last + after))
        game = attrs.evolve(GAME, ports=(PortUse(span, PortRole.GAME),))
        self.assertEqual((Span("udp", 4001, 4001),), fixed_ports(game))
