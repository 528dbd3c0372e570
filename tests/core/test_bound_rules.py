"""What sockets on the LAN card may send by the tunnel, and hear from it."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import Any

import attrs
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.bound_rules import MAX_PORTS, UDP, Head, UdpSocket, arriving, leaving, served_ports
from lanrage.core.frame_rules import SERVICE_PORTS
from lanrage.core.lan_frames import CARRIED_TTL, Drop, Frame, Udp, derived_mac
from tests.strategies_lan import ME, NETWORK, PEER, REAL, THIRD, addresses, datagrams, lan_of, macs, udp

LAN = lan_of(ME, PEER)
HEAD = Head(derived_mac(PEER), derived_mac(ME), ME, PEER, UDP, 5555)
ANY = IPv4Address(0)
CARD = 3


class LeavingTests(SynchronousTestCase):
    """From the card into the tunnel."""

    def test_cases(self) -> None:
        """UDP from this member to a member whose MAC is the frame's; each refusal has its reason."""
        self.assertIsNone(leaving(HEAD, LAN))
        cases: list[tuple[Drop, dict[str, Any]]] = [
            (Drop.SOURCE, {"source": REAL}),
            (Drop.SOURCE, {"source_mac": derived_mac(PEER)}),
            (Drop.DESTINATION, {"destination": THIRD, "destination_mac": derived_mac(THIRD)}),
            (Drop.DESTINATION, {"destination": THIRD}),
            (Drop.DESTINATION, {"destination": NETWORK.broadcast_address}),
            (Drop.PROTOCOL, {"protocol": 6}),
        ]
        for reason, change in cases:
            self.assertIs(leaving(attrs.evolve(HEAD, **change), LAN), reason)

    @given(st.builds(Head, macs(), macs(), addresses(), addresses(), st.integers(0, 255)))
    def test_any(self, head: Head) -> None:
        """What leaves is from this member's address to a current member's."""
        if leaving(head, LAN) is None:
            self.assertEqual((head.source, head.destination, head.protocol), (ME, PEER, UDP))


class ArrivingTests(SynchronousTestCase):
    """From the tunnel onto the card."""

    def test_cases(self) -> None:
        """A member's datagram for this member, in the one form of carried frames."""
        datagram = attrs.evolve(udp(PEER, ME), ttl=64)
        wanted = Frame(derived_mac(ME), derived_mac(PEER), attrs.evolve(datagram, ttl=CARRIED_TTL))
        self.assertEqual(arriving(datagram, LAN), wanted)
        self.assertEqual(arriving(udp(THIRD, ME), LAN), Drop.STRANGER)
        self.assertEqual(arriving(udp(PEER, REAL), LAN), Drop.DESTINATION)
        self.assertEqual(arriving(udp(ME, ME), LAN), Drop.STRANGER)
        self.assertEqual(arriving(udp(PEER, ME, 67), LAN), Drop.SERVICE)
        self.assertEqual(arriving(udp(PEER, ME, destination_port=68), LAN), Drop.SERVICE)

    @given(datagrams())
    def test_any(self, datagram: Udp) -> None:
        """Nothing but members' datagrams for this member is put onto the card."""
        judged = arriving(datagram, LAN)
        ours = (datagram.source, datagram.destination) == (PEER, ME)
        service = {datagram.source_port, datagram.destination_port} & SERVICE_PORTS
        self.assertEqual(isinstance(judged, Frame), ours and not service)


class PortsTests(SynchronousTestCase):
    """Which ports are served."""

    def test_card(self) -> None:
        """Those of sockets on the card, not of others."""
        sockets = [UdpSocket(ANY, 6000, CARD), UdpSocket(ME, 6001, CARD), UdpSocket(ANY, 7, 0), UdpSocket(ANY, 8, 4)]
        self.assertEqual(served_ports(sockets, CARD), {6000, 6001})

    def test_services(self) -> None:
        """Not those of services, whoever bound them to the card."""
        sockets = [UdpSocket(ANY, port, CARD) for port in (0, 68, 5353, 666, 6000)]
        self.assertEqual(served_ports(sockets, CARD), {666, 6000})

    def test_bound(self) -> None:
        """A program with sockets by the hundred takes no more than its share."""
        self.assertEqual(
            served_ports((UdpSocket(ANY, port, CARD) for port in range(6000, 6500)), CARD),
            set(range(6000, 6000 + MAX_PORTS)),
        )
