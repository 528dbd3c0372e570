"""The LAN plane with IPv6 and services, its neighbours in memory."""

from __future__ import annotations

from ipaddress import IPv4Interface, IPv6Address

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.lan import LanPlane
from lanrage.core.frame_rules import canonical
from lanrage.core.lan_frames import Frame, derived_mac, destination_mac
from lanrage.core.lan_services import LanService
from lanrage.core.links import LocalAddress
from lanrage.wire.frames import HEADER_BYTES
from lanrage.wire.packets import write_frame
from tests.fakes_lan import MemoryCapture, MemoryCard, MemoryPort
from tests.strategies_lan import GROUP6, ME, ME6, PEER, PREFIX, REAL6, udp

MDNS = IPv6Address("ff02::fb")


class PlaneTests(SynchronousTestCase):
    """One plane."""

    def setUp(self) -> None:
        """What stands around a plane."""
        self.port, self.capture, self.asked = MemoryPort(), MemoryCapture(), 0

    def plane(self, six: bool = True, services: frozenset[LanService] = frozenset()) -> LanPlane:
        """Started, with one other member."""
        plane = LanPlane(
            Clock(),
            MemoryCard(),
            self.port,
            IPv4Interface(f"{ME}/24"),
            7,
            own_addresses=self.addresses,
            own_addresses6=self.addresses6,
            capture=self.capture,
            prefix=PREFIX if six else None,
            services=services,
        )
        self.successResultOf(plane.startService())
        self.addCleanup(plane.stopService)
        plane.set_members([PEER])
        return plane

    async def addresses(self) -> list[LocalAddress]:
        """No address of IPv4."""
        return []

    async def addresses6(self) -> frozenset[IPv6Address]:
        """One link-local address."""
        self.asked += 1
        return frozenset({REAL6})

    def frame(self, source: IPv6Address, group: IPv6Address, port: int = 27960) -> bytes:
        """A datagram that this machine sends."""
        return write_frame(Frame(destination_mac(group), derived_mac(ME), udp(source, group, port, port)))

    def carried(self) -> list[bytes]:
        """The frames that the other member was sent."""
        return [data[HEADER_BYTES:] for _, data in self.port.sent]

    def test_captured(self) -> None:
        """What a game sends from the machine's own link-local address is carried with its address in the party."""
        self.plane()
        assert self.capture.receive is not None
        self.capture.receive(3, self.frame(REAL6, GROUP6))
        self.capture.receive(3, self.frame(IPv6Address("fe80::99"), GROUP6))
        self.assertEqual(self.carried(), [write_frame(canonical(udp(ME6, GROUP6, 27960, 27960)))])

    def test_without(self) -> None:
        """Without IPv6 nothing of it is asked or carried; it is counted."""
        plane = self.plane(six=False)
        plane.frame_from_card(self.frame(ME6, GROUP6))
        self.assertEqual((self.carried(), self.asked, plane.counters()["dropped_ipv6"]), ([], 0, 1))

    def test_services(self) -> None:
        """Carried where they are on, also after the members changed; from a real card never."""
        for services, count in ((frozenset(), 0), (frozenset({LanService.MDNS}), 1)):
            self.setUp()
            plane = self.plane(services=services)
            plane.frame_from_card(self.frame(ME6, MDNS, 5353))
            assert self.capture.receive is not None
            self.capture.receive(3, self.frame(REAL6, MDNS, 5353))
            self.assertEqual(len(self.carried()), count)
