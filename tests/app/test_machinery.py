"""What a session is made of on the real machine: checked first, made without being opened."""

from __future__ import annotations

import socket
from ipaddress import IPv4Interface
from typing import Any

import attrs
import pytest
from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase, TestCase

from lanrage.app.lan import LanPlane
from lanrage.app.lan_config import LanSettings
from lanrage.app.machinery import Devices, RealMachinery
from lanrage.core.lan_services import LanService
from lanrage.errors import BadInput
from lanrage.net.machine import Machine
from lanrage.net.rawport import RawProbePort
from tests.fakes_links import MemoryJournal

reactor: Any = _reactor
CARD, TUNNEL = "lrt-none0", "lrt-none1"


def machinery(**devices: Any) -> RealMachinery:
    """On this machine, with devices that are not there."""
    wanted = attrs.evolve(Devices(TUNNEL, "auto", CARD, 0), **devices)
    return RealMachinery(reactor, wanted, MemoryJournal())


class CheckTests(SynchronousTestCase):
    """What is certain to fail is refused before a party is told of us."""

    def refused(self, field: str, **devices: Any) -> str:
        """The check names this option."""
        with self.assertRaises(BadInput) as caught:
            machinery(**devices).check()
        self.assertEqual(field, caught.exception.field)
        return caught.exception.rule

    def test_port_taken(self) -> None:
        """By any program, on any address; a free one is not held after the check."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind(("127.0.0.1", 0))
            port = other.getsockname()[1]
            self.assertIn(f"UDP port {port} is in use", self.refused("wireguard-port", port=port))
        for _ in range(2):
            machinery(port=port).check()

    def test_card_taken(self) -> None:
        """A device of that name is somebody else's."""
        self.assertIn("the device lo exists already", self.refused("card", card="lo"))

    def test_any_port(self) -> None:
        """Port 0 is always free."""
        machinery(port=0).check()


class PortsTests(SynchronousTestCase):
    """Ports in play that the settings name."""

    def test_services(self) -> None:
        """A discovery service that is carried is let in, too; without the setting it is not."""
        settings = LanSettings(services=frozenset({LanService.MDNS}))
        self.assertEqual(["named in --lan-services"], machinery(lan=settings).ports.reasons("udp", 5353))
        self.assertEqual([], machinery().ports.reasons("udp", 5353))


class PartTests(TestCase):
    """The parts, made for the devices' names."""

    async def test_tunnels(self) -> None:
        """Of the kind that is asked for, not created yet."""
        for kind in ("kernel", "userspace"):
            tunnel = await machinery(kind=kind).tunnel()
            self.assertEqual((kind, TUNNEL), (tunnel.kind, tunnel.name))
        self.assertNotIn(TUNNEL, [name for _, name in socket.if_nameindex()])

    async def test_other_parts(self) -> None:
        """Probe port, LAN plane and machine; nothing of them is open."""
        made = machinery()
        self.assertIsInstance(made.machine, Machine)
        self.assertIsInstance(made.probe_port(), RawProbePort)
        plane = made.lan_plane(IPv4Interface("10.66.0.1/24"), 7)
        self.assertIsInstance(plane, LanPlane)
        self.assertEqual({0}, set(plane.counters().values()))
        await plane.stopService()
        self.assertNotIn(CARD, [name for _, name in socket.if_nameindex()])

    @pytest.mark.needs("net-raw")
    def test_ways_for_multicast(self) -> Deferred[None]:
        """Started and stopped, its raw socket is closed and no timer is left."""

        async def life() -> None:
            groups = machinery(card="lo", tunnel="lo")._groups(True)
            groups.start()
            opened = groups._raw._socket
            assert opened is not None
            self.assertGreaterEqual(opened.fileno(), 0)
            await groups.stop()
            self.assertEqual(-1, opened.fileno())

        return Deferred.fromCoroutine(life())
