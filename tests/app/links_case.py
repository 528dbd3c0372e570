"""A test case of two members' links."""

from __future__ import annotations

from ipaddress import IPv4Address

from twisted.trial.unittest import SynchronousTestCase

from tests.app.link_world import LinkWorld, Player


def one(text: str) -> IPv4Address:
    """An address."""
    return IPv4Address(text)


class LinksCase(SynchronousTestCase):
    """A world and its players."""

    def setUp(self) -> None:
        """An empty world, and the check that nothing is left at its end."""
        self.world = LinkWorld()

    def two(self) -> tuple[Player, Player]:
        """Two open players who are members, half a second on; first the one with the lower WireGuard key."""
        pair = self.world.player("anna", 1), self.world.player("bert", 2)
        self.world.meet("anna", "bert")
        self.world.run(0.5)
        first, second = sorted(pair, key=lambda player: player.keys.wireguard.public)
        return first, second
