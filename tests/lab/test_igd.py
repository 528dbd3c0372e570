"""miniupnpd in a router's namespace: it starts, it says why it cannot, and nothing of it is left."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.mapping import Transport
from lanrage.core.outside import is_public
from lanrage.lab import igd, netns
from lanrage.lab.netns import LabError
from lanrage.lab.process import start_ticks
from tests.mapped_router import HOST, MappedRouter


@pytest.mark.needs("root", "ip", "nft", "miniupnpd")
class TestUpnpRouter(SynchronousTestCase):
    """The router of the tests of PCP, NAT-PMP and UPnP."""

    def test_life(self) -> None:
        """It answers when it is started, ends when it is stopped, twice too; started again it maps nothing."""
        from twisted.internet import reactor

        world = MappedRouter(reactor)
        self.addCleanup(world.close)
        self.assertIsNotNone(start_ticks(world.pid))
        with netns.udp_socket(world.host, str(HOST)) as asker:
            asker.setblocking(True)
            asker.settimeout(3)
            asker.sendto(b"\x00\x00", ("192.168.1.1", 5351))
            self.assertEqual(b"\x00\x80\x00\x00", asker.recv(100)[:4])
        igd.stop(world.pid)
        igd.stop(world.pid)
        self.assertIsNone(start_ticks(world.pid))
        world.start()
        self.assertFalse(world.maps(Transport.UDP, 51820))

    def test_reserved_address(self) -> None:
        """A router whose WAN address is reserved cannot map; the error says what the program said, and it is ended."""
        name = f"lrt-igd-{id(self) % 100000}"
        netns.create([name])
        self.addCleanup(netns.delete, [name])
        cards = (("wan", "203.0.113.5/24"), ("lan", "192.168.1.1/24"))
        for card, address in cards:
            netns.ip_batch(
                name, [f"link add {card} type bridge", f"addr add {address} dev {card}", f"link set {card} up"]
            )
        with tempfile.TemporaryDirectory() as folder, self.assertRaises(LabError) as caught:
            igd.start(name, Path(folder), "wan", "lan")
        self.assertIn("eserved", str(caught.exception))


class ConfigurationTests(SynchronousTestCase):
    """What needs no rights."""

    def test_configuration(self) -> None:
        """Both cards, all protocols, leases in the folder; the last rule denies the rest."""
        text = igd.configuration(Path("/x"), "wan0", "br0")
        for line in ("ext_ifname=wan0", "listening_ip=br0", "enable_natpmp=yes", "enable_upnp=yes"):
            self.assertIn(line, text.splitlines())
        self.assertIn("lease_file=/x/", text)
        self.assertTrue(text.rstrip().endswith("deny 0-65535 0.0.0.0/0 0-65535"))

    def test_public_addresses(self) -> None:
        """They count as public, each router has its own."""
        addresses = {igd.public_address(index) for index in range(1, 200)}
        self.assertEqual(199, len(addresses))
        self.assertTrue(all(map(is_public, addresses)))
