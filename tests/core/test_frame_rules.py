"""What a LAN frame may do: every trap of hostile inner frames, and properties over all frames."""

from __future__ import annotations

from ipaddress import IPv4Address

import attrs
from hypothesis import given
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.frame_rules import CHATTER_PORTS, SERVICE_PORTS, canonical, captured, inbound, outbound
from lanrage.core.lan_frames import (
    BROADCAST_MAC,
    CARRIED_TTL,
    IPX_ETHERTYPE,
    Drop,
    Frame,
    Ipx,
    Udp,
    derived_mac,
    destination_mac,
)
from tests.strategies_lan import GROUP, ME, NETWORK, PEER, REAL, REAL6, THIRD, frames, lan_of, udp

LAN = lan_of(ME, PEER, THIRD)
ALLOWED = (IPv4Address("255.255.255.255"), NETWORK.broadcast_address)


def from_game(content: Udp | Ipx, destination: bytes = BROADCAST_MAC) -> Frame:
    """A frame as the kernel puts it on our card."""
    return Frame(destination, derived_mac(ME), content)


class OutboundTests(SynchronousTestCase):
    """What leaves from the LAN card."""

    def test_carried(self) -> None:
        """Both broadcasts and game groups travel, with the carried time to live and the MAC of the destination."""
        for destination in (*ALLOWED, GROUP, IPv4Address("239.1.2.3"), IPv4Address("224.0.0.1")):
            sent = attrs.evolve(udp(ME, destination), ttl=64)
            judged = outbound(from_game(sent, destination_mac(destination)), LAN)
            self.assertEqual(judged, canonical(sent))
            assert isinstance(judged, Frame)
            assert isinstance(judged.content, Udp)
            self.assertEqual(judged.content.ttl, CARRIED_TTL)

    def test_refused(self) -> None:
        """Each refusal has its reason."""
        mine = udp(ME)
        cases = [
            (Drop.SOURCE, Frame(BROADCAST_MAC, derived_mac(PEER), mine)),
            (Drop.SOURCE, from_game(udp(PEER))),
            (Drop.SOURCE, from_game(udp(IPv4Address("127.0.0.1")))),
            (Drop.UNICAST, from_game(mine, derived_mac(PEER))),
            (Drop.DESTINATION, from_game(udp(ME, PEER))),
            (Drop.DESTINATION, from_game(udp(ME, IPv4Address("192.168.1.255")))),
            (Drop.DESTINATION, from_game(udp(ME, IPv4Address("224.0.0.22")))),
            (Drop.DESTINATION, from_game(udp(ME, IPv4Address("224.0.0.251")))),
            (Drop.DESTINATION, from_game(udp(ME, IPv4Address("239.255.255.250")))),
        ]
        cases += [(Drop.SERVICE, from_game(udp(ME, destination_port=port))) for port in SERVICE_PORTS]
        cases += [(Drop.SERVICE, from_game(udp(ME, source_port=port))) for port in SERVICE_PORTS]
        self.assertEqual([outbound(frame, LAN) for _, frame in cases], [reason for reason, _ in cases])

    def test_doom(self) -> None:
        """The one game below 1024 travels."""
        self.assertIsInstance(outbound(from_game(udp(ME, source_port=666, destination_port=666)), LAN), Frame)

    def test_ipx(self) -> None:
        """IPX goes to all or to one member, and names no other card as its node."""
        honest = b"\xff\xff\x00\x1e" + bytes(18) + derived_mac(ME) + b"\x40\x00"
        liar = honest.replace(derived_mac(ME), derived_mac(PEER))
        for target in (BROADCAST_MAC, derived_mac(PEER)):
            frame = from_game(Ipx(IPX_ETHERTYPE + honest), target)
            self.assertEqual(outbound(frame, LAN), frame)
        self.assertEqual(outbound(from_game(Ipx(IPX_ETHERTYPE + liar)), LAN), Drop.SOURCE)
        for target in (bytes.fromhex("01005e000001"), derived_mac(IPv4Address("10.66.0.9")), bytes(6)):
            self.assertEqual(outbound(from_game(Ipx(IPX_ETHERTYPE), target), LAN), Drop.DESTINATION)


class CapturedTests(SynchronousTestCase):
    """What leaves from real cards."""

    def test_moved(self) -> None:
        """The source becomes the party address, any broadcast but the limited one the party's, groups stay."""
        moves = {
            IPv4Address("255.255.255.255"): IPv4Address("255.255.255.255"),
            IPv4Address("192.168.1.255"): NETWORK.broadcast_address,
            GROUP: GROUP,
        }
        for before, after in moves.items():
            frame = Frame(destination_mac(before), bytes(6), attrs.evolve(udp(REAL, before), ttl=64))
            self.assertEqual(captured(frame, LAN, {REAL}), canonical(udp(ME, after)))

    def test_refused(self) -> None:
        """What this machine only forwards, chatter, services, unicast, loopback, other protocols stay."""
        cases = [
            (Drop.SOURCE, Frame(BROADCAST_MAC, bytes(6), udp(PEER))),
            (Drop.SOURCE, Frame(BROADCAST_MAC, bytes(6), udp(IPv4Address("0.0.0.0")))),
            (Drop.SOURCE, Frame(BROADCAST_MAC, bytes(6), udp(IPv4Address("127.0.0.1")))),
            (Drop.UNICAST, Frame(derived_mac(PEER), bytes(6), udp(REAL))),
            (Drop.ETHERTYPE, Frame(BROADCAST_MAC, bytes(6), Ipx(IPX_ETHERTYPE))),
            (Drop.DESTINATION, Frame(b"\x01" + bytes(5), bytes(6), udp(REAL, IPv4Address("192.168.1.255")))),
            (Drop.DESTINATION, Frame(b"\x01" + bytes(5), bytes(6), udp(REAL, IPv4Address("224.0.0.252")))),
        ]
        own = {REAL, IPv4Address("127.0.0.1")}
        for port in CHATTER_PORTS:
            cases.append((Drop.CHATTER, Frame(BROADCAST_MAC, bytes(6), udp(REAL, destination_port=port))))
            cases.append((Drop.CHATTER, Frame(BROADCAST_MAC, bytes(6), udp(REAL, source_port=port))))
        cases += [(Drop.SERVICE, Frame(BROADCAST_MAC, bytes(6), udp(REAL, destination_port=p))) for p in SERVICE_PORTS]
        self.assertEqual([captured(frame, LAN, own) for _, frame in cases], [reason for reason, _ in cases])


class InboundTests(SynchronousTestCase):
    """What arrives."""

    def test_refused(self) -> None:
        """The receiver's own reasons."""
        good = canonical(udp(PEER))
        bad = [
            (Drop.SOURCE, attrs.evolve(good, source_mac=derived_mac(THIRD))),
            (Drop.SOURCE, attrs.evolve(good, content=udp(THIRD))),
            (Drop.SOURCE, attrs.evolve(good, content=udp(ME))),
            (Drop.NOT_CANONICAL, attrs.evolve(good, destination_mac=derived_mac(ME))),
            (Drop.NOT_CANONICAL, attrs.evolve(good, content=attrs.evolve(udp(PEER), ttl=64))),
            (Drop.DESTINATION, canonical(udp(PEER, ME))),
            (Drop.DESTINATION, canonical(udp(PEER, IPv4Address("127.255.255.255")))),
            (Drop.SERVICE, canonical(udp(PEER, source_port=67, destination_port=68))),
            (Drop.DESTINATION, Frame(derived_mac(THIRD), derived_mac(PEER), Ipx(IPX_ETHERTYPE))),
            (Drop.ETHERTYPE, Frame(BROADCAST_MAC, derived_mac(PEER), Ipx(b"\x08\x00"))),
        ]
        self.assertIsNone(inbound(good, PEER, LAN))
        self.assertEqual([inbound(frame, PEER, LAN) for _, frame in bad], [reason for reason, _ in bad])
        self.assertEqual(inbound(canonical(udp(ME)), ME, LAN), Drop.SOURCE)
        self.assertEqual(inbound(canonical(udp(REAL)), REAL, LAN), Drop.SOURCE)

    @given(frames())
    def test_nothing_else(self, frame: Frame) -> None:
        """Whatever a member sends: what passes is from its own addresses, and for the whole party or this card."""
        if inbound(frame, PEER, LAN) is not None:
            return
        self.assertEqual(frame.source_mac, derived_mac(PEER))
        if isinstance(frame.content, Ipx):
            self.assertIn(frame.destination_mac, (BROADCAST_MAC, derived_mac(ME)))
            return
        self.assertEqual(frame.content.source, LAN.address_for(PEER, frame.content.destination))
        self.assertTrue(frame.content.destination in ALLOWED or frame.content.destination.is_multicast)
        self.assertFalse({frame.content.source_port, frame.content.destination_port} & SERVICE_PORTS)

    @given(frames())
    def test_ends_agree(self, frame: Frame) -> None:
        """What an honest member's rules let out, the receiver's rules let in."""
        judged = outbound(attrs.evolve(frame, source_mac=derived_mac(PEER)), lan_of(PEER, ME))
        if isinstance(judged, Frame):
            self.assertIsNone(inbound(judged, PEER, LAN))

    @given(frames())
    def test_captures_agree(self, frame: Frame) -> None:
        """The same for what is captured on real cards."""
        judged = captured(frame, lan_of(PEER, ME), {REAL, REAL6})
        if isinstance(judged, Frame):
            self.assertIsNone(inbound(judged, PEER, LAN))
