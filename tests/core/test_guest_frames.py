"""What travels between a guest and its party for all."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import attrs
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core import frame_rules
from lanrage.core.guest_frames import from_guest, to_guest
from lanrage.core.lan_frames import Drop, Frame, Ipx, PartyLan, Udp, derived_mac
from lanrage.core.lan_services import LanService
from tests.strategies_lan import NETWORK

OWN, GUEST, OTHER = IPv4Address("10.66.0.1"), IPv4Address("10.66.0.254"), IPv4Address("10.66.0.9")
LAN = PartyLan(OWN, NETWORK, services=frozenset(LanService))
destinations = st.sampled_from(
    [NETWORK.broadcast_address, *map(IPv4Address, ("255.255.255.255", "224.0.2.60", "224.0.0.251", "10.66.0.1"))]
)
datagrams = st.builds(
    Udp,
    st.sampled_from([GUEST, OTHER, OWN]),
    destinations | st.ip_addresses(v=4),
    st.integers(0, 65535),
    st.integers(0, 65535),
    st.binary(max_size=20),
    st.integers(0, 255),
)


class FromTests(SynchronousTestCase):
    """What a guest says to all."""

    @given(datagrams)
    def test_others_take_it(self, datagram: Udp) -> None:
        """What is carried, every member takes as the guest's; what bears another source, or is not for all, is not."""
        judged = from_guest(datagram, GUEST, LAN)
        for_all = frame_rules.is_party_wide(datagram.destination, NETWORK)
        if isinstance(judged, Drop):
            ports = {datagram.source_port, datagram.destination_port}
            self.assertTrue(datagram.source != GUEST or not for_all or ports & frame_rules.SERVICE_PORTS)
            return
        self.assertEqual(GUEST, datagram.source)
        self.assertTrue(for_all)
        self.assertIsNone(frame_rules.inbound(judged, GUEST, PartyLan(OTHER, NETWORK)))

    def test_services(self) -> None:
        """A guest names no devices and services, although the members' own cards may."""
        for port, group in ((5353, "224.0.0.251"), (1900, "239.255.255.250")):
            said = Udp(GUEST, IPv4Address(group), port, port, b"")
            self.assertIsInstance(from_guest(said, GUEST, LAN), Drop)


class ToTests(SynchronousTestCase):
    """What a guest hears."""

    @given(datagrams.filter(lambda datagram: datagram.source != GUEST))
    def test_only_the_destination(self, datagram: Udp) -> None:
        """Source, ports and payload are the frame's."""
        frame = Frame(b"\xff" * 6, derived_mac(datagram.source), datagram)
        self.assertEqual(attrs.evolve(datagram, destination=GUEST), to_guest(frame, GUEST))

    def test_not(self) -> None:
        """IPX, IPv6, a frame for one machine, and its own."""
        said = Udp(OWN, IPv4Address("255.255.255.255"), 1, 2, b"")
        mac = b"\xff" * 6
        six = Udp(IPv6Address("fd00::1"), IPv6Address("ff02::1"), 1, 2, b"")
        for frame in (
            Frame(mac, mac, Ipx(b"\x81\x37")),
            Frame(mac, mac, six),
            Frame(derived_mac(OTHER), mac, said),
            Frame(mac, mac, attrs.evolve(said, source=GUEST)),
        ):
            self.assertIsNone(to_guest(frame, GUEST))
