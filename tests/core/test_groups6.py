"""IPv6 groups that are carried, and those that are not."""

from __future__ import annotations

from ipaddress import IPv6Address, IPv6Network

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.groups6 import NEVER, is_game_group6

GAMES = ("ff02::1", "ff04::696f:7175:616b:6533", "ff12::666", "ff05::114", "ff0e::1:2345", "ff12::2")
"""OpenClonk and jazz2-native, ioquake3, Yamagi Quake II; experiments, a global one, a transient one."""

OTHERS = (
    *("ff02::2", "ff05::2", "ff02::16", "ff02::1:2", "ff05::1:3", "ff02::1:3", "ff02::fb", "ff05::fb", "ff02::c"),
    *("ff05::c", "ff02::1:ff00:1", "ff02::1:ffff:ffff", "ff02::5", "ff02::6a", "ff02::d", "ff02::12"),
    *("ff01::1", "ff11::666", "ff31::8000:15b4", "ff00::1", "ff0f::1", "ff1f::1"),
)
"""Freeciv's ff31::8000:15b4 is among them: its scope is the machine, and Linux sends it nowhere."""


class GroupTests(SynchronousTestCase):
    """The rule is closed."""

    def test_games(self) -> None:
        """Those that games use."""
        self.assertEqual([each for each in GAMES if not is_game_group6(IPv6Address(each))], [])

    def test_others(self) -> None:
        """Those that steer, name, or never leave a machine."""
        self.assertEqual([each for each in OTHERS if is_game_group6(IPv6Address(each))], [])

    @given(st.integers(0, 15), st.sampled_from(sorted(NEVER)))
    def test_every_scope(self, scope: int, number: int) -> None:
        """A permanent group is refused in every scope."""
        self.assertFalse(is_game_group6(IPv6Address((0xFF << 120) | scope << 112 | number)))

    @given(st.integers(0, 2**24 - 1))
    def test_solicited(self, low: int) -> None:
        """Neighbour discovery never."""
        network = IPv6Network("ff02::1:ff00:0/104")
        self.assertFalse(is_game_group6(IPv6Address(int(network.network_address) + low)))
