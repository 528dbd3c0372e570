"""A tunnel's MTU goes no further than the cards towards the internet carry."""

from __future__ import annotations

import pytest
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.links import OWNER_MARK
from lanrage.errors import BadInput, Unreachable
from lanrage.net.devices import set_tunnel_mtu
from tests.namespaces import Namespace, may_unshare


@pytest.mark.skipif(not may_unshare(), reason="needs root and /dev/net/tun")
class TunnelMtuTests(SynchronousTestCase):
    """In a namespace with two cards; ``wg0`` stands for the tunnel."""

    def setUp(self) -> None:
        """No card leads anywhere."""
        self.namespace = Namespace()
        self.addCleanup(self.namespace.close)
        for name, number in (("wg0", 0), ("eth0", 1), ("ppp0", 2)):
            self.namespace.run(
                f"ip link add {name} type veth peer name far-{name}; ip link set {name} up; ip link set far-{name} up;"
                f"ip addr add 192.0.{number}.1/24 dev {name}"
            )
        self.namespace.run(f"ip link set wg0 alias '{OWNER_MARK}'; ip link set ppp0 mtu 1492")

    def set(self, mtu: int, name: str = "wg0") -> tuple[int, int]:
        """What the call tells, and what the kernel has."""
        with self.namespace.inside():
            told = set_tunnel_mtu(name, mtu)
        shown = self.namespace.run(f"ip -o link show {name}")
        return told, int(shown.partition(" mtu ")[2].split()[0])

    def test_bounds(self) -> None:
        """Without a way out as asked; with one, 80 bytes less than the smallest card; never under what IPv6 needs."""
        self.assertEqual(self.set(1420), (1420, 1420))
        self.namespace.run("ip route add default via 192.0.1.2 dev eth0")
        self.assertEqual(self.set(1420), (1420, 1420))
        self.namespace.run("ip route add default via 192.0.2.2 dev ppp0 metric 9")
        self.assertEqual(self.set(1420), (1412, 1412))
        self.namespace.run("ip link set ppp0 mtu 1300")
        self.assertEqual(self.set(1420), (1280, 1280))

    def test_ipv6(self) -> None:
        """A way out by IPv6 counts as well."""
        self.namespace.run("ip -6 route add default dev ppp0")
        self.assertEqual(self.set(1420), (1412, 1412))

    def test_refused(self) -> None:
        """Less than IPv6 needs, and a device that is gone or not ours, are refused."""
        with self.namespace.inside():
            self.assertRaises(BadInput, set_tunnel_mtu, "wg0", 1279)
            for name in ("eth0", "gone"):
                self.assertRaises(Unreachable, set_tunnel_mtu, name, 1400)
