"""What an IPv6 frame may do, and the discovery services that a party may switch on."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import attrs
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.broadcast_dedup import datagram_content
from lanrage.core.frame_rules import SERVICE_PORTS, canonical, captured, inbound, outbound
from lanrage.core.lan_frames import Address, Drop, Frame, Udp, derived_mac, destination_mac
from lanrage.core.lan_services import FORMS, LanService
from lanrage.wire.packets import write_frame
from tests.strategies_lan import GROUP, GROUP6, ME, ME6, PEER, PEER6, REAL, REAL6, THIRD6, frames, lan_of, udp

LAN = lan_of(ME, PEER)
NODES = IPv6Address("ff02::1")
ALL = frozenset(LanService)


def sent(content: Udp) -> Frame:
    """As the kernel puts it on our card."""
    return Frame(destination_mac(content.destination), derived_mac(ME), content)


class SixTests(SynchronousTestCase):
    """Multicast of IPv6."""

    def test_carried(self) -> None:
        """Game groups travel from card and capture, with the member's own address, hop limit 1 and the right MAC."""
        for group in (GROUP6, NODES):
            judged = outbound(sent(attrs.evolve(udp(ME6, group), ttl=64)), LAN)
            self.assertEqual(judged, canonical(udp(ME6, group)))
            assert isinstance(judged, Frame)
            self.assertEqual(judged.destination_mac, b"\x33\x33" + group.packed[12:])
            self.assertEqual(judged.source_mac, derived_mac(ME))
            self.assertEqual(captured(sent(udp(REAL6, group)), LAN, {REAL6}), judged)
            self.assertIsNone(inbound(judged, ME, lan_of(PEER, ME)))

    def test_refused(self) -> None:
        """Each refusal has its reason."""
        cases = [
            (Drop.SOURCE, udp(PEER6, GROUP6)),
            (Drop.SOURCE, udp(IPv6Address("fe80::1"), GROUP6)),
            (Drop.SOURCE, udp(ME, GROUP6)),
            (Drop.DESTINATION, udp(ME6, IPv6Address("ff02::2"))),
            (Drop.DESTINATION, udp(ME6, IPv6Address("ff02::fb"), 5353, 5353)),
            (Drop.SERVICE, udp(ME6, NODES, 546, 547)),
        ]
        self.assertEqual([outbound(sent(content), LAN) for _, content in cases], [reason for reason, _ in cases])
        own = {REAL6, IPv6Address("::1")}
        cases = [
            (Drop.SOURCE, udp(PEER6, GROUP6)),
            (Drop.SOURCE, udp(IPv6Address("::1"), GROUP6)),
            (Drop.DESTINATION, udp(REAL6, IPv6Address("ff02::1:2"))),
            (Drop.CHATTER, udp(REAL6, IPv6Address("ff12::8384"), 21027, 21027)),
        ]
        self.assertEqual([captured(sent(content), LAN, own) for _, content in cases], [reason for reason, _ in cases])

    def test_hostile(self) -> None:
        """The receiver's own reasons."""
        good = canonical(udp(PEER6, GROUP6))
        bad = [
            (Drop.SOURCE, attrs.evolve(good, content=udp(THIRD6, GROUP6))),
            (Drop.SOURCE, attrs.evolve(good, content=udp(PEER, GROUP6))),
            (Drop.NOT_CANONICAL, attrs.evolve(good, content=attrs.evolve(udp(PEER6, GROUP6), ttl=255))),
            (Drop.NOT_CANONICAL, attrs.evolve(good, destination_mac=b"\xff" * 6)),
            (Drop.DESTINATION, canonical(udp(PEER6, IPv6Address("ff01::1")))),
        ]
        self.assertIsNone(inbound(good, PEER, LAN))
        self.assertEqual([inbound(frame, PEER, LAN) for _, frame in bad], [reason for reason, _ in bad])
        unicast = Frame(destination_mac(ME6), derived_mac(PEER), udp(PEER6, ME6))
        self.assertEqual(inbound(unicast, PEER, LAN), Drop.DESTINATION)

    def test_without(self) -> None:
        """A machine that goes without IPv6 neither carries nor takes any, and loses nothing of IPv4."""
        lan = attrs.evolve(LAN, prefix=None)
        self.assertEqual(outbound(sent(udp(ME6, GROUP6)), lan), Drop.IPV6)
        self.assertEqual(captured(sent(udp(REAL6, GROUP6)), lan, {REAL6}), Drop.IPV6)
        self.assertEqual(inbound(canonical(udp(PEER6, GROUP6)), PEER, lan), Drop.IPV6)
        self.assertIsInstance(outbound(sent(udp(ME, GROUP)), lan), Frame)

    def test_copy(self) -> None:
        """One datagram on two cards is known as one, whatever its source; another group is not."""
        one = captured(sent(udp(REAL6, GROUP6)), LAN, {REAL6})
        assert isinstance(one, Frame)
        contents = [datagram_content(write_frame(each)) for each in (one, canonical(udp(ME6, GROUP6)))]
        self.assertEqual(contents[0], contents[1])
        self.assertNotEqual(contents[0], datagram_content(write_frame(canonical(udp(ME6, NODES)))))


class ServiceTests(SynchronousTestCase):
    """mDNS and SSDP."""

    def datagrams(self) -> list[Udp]:
        """What an mDNS responder and an SSDP program send."""
        pairs: list[tuple[Address, int, int]] = [
            (group, form.port if form.port == 5353 else 40000, form.port)
            for form in FORMS.values()
            for group in sorted(form.groups, key=str)
        ]
        pairs.append((IPv4Address("224.0.0.251"), 40000, 5353))  # a simple resolver's question (RFC 6762, 6.7)
        pairs.append((IPv4Address("239.255.255.250"), 1900, 1900))
        return [
            udp(ME if isinstance(group, IPv4Address) else ME6, group, source_port, port)
            for group, source_port, port in pairs
        ]

    def test_off(self) -> None:
        """By default none is carried, and none is taken from a member that carries it."""
        for content in self.datagrams():
            self.assertEqual(outbound(sent(content), LAN), Drop.DESTINATION)
            self.assertEqual(inbound(canonical(content), ME, lan_of(PEER, ME)), Drop.DESTINATION)

    def test_on(self) -> None:
        """Switched on at both ends they travel; mDNS with the time to live that its receivers want."""
        for content in self.datagrams():
            frame = outbound(sent(attrs.evolve(content, ttl=4)), lan_of(ME, PEER, services=ALL))
            assert isinstance(frame, Frame)
            assert isinstance(frame.content, Udp)
            self.assertEqual(frame.content.ttl, 255 if content.destination_port == 5353 else 1)
            self.assertIsNone(inbound(frame, ME, lan_of(PEER, ME, services=ALL)))

    def test_each_alone(self) -> None:
        """One that is on brings the other not with it."""
        for service in LanService:
            lan = lan_of(ME, PEER, services=frozenset({service}))
            for content in self.datagrams():
                wanted = content.destination in FORMS[service].groups
                self.assertEqual(isinstance(outbound(sent(content), lan), Frame), wanted)

    def test_ports(self) -> None:
        """Its group opens no other port, and its port no other group or broadcast."""
        lan = lan_of(ME, PEER, services=ALL)
        cases = [
            udp(ME, IPv4Address("239.255.255.250"), 40000, 3702),
            udp(ME, IPv4Address("239.255.255.250"), 40000, 6000),
            udp(ME, IPv4Address("239.255.255.250"), 5353, 1900),
            udp(ME, IPv4Address("224.0.0.251"), 67, 5353),
            udp(ME, IPv4Address("224.0.0.251"), 5353, 1900),
            udp(ME, GROUP, 5353, 5353),
            udp(ME, IPv4Address("255.255.255.255"), 40000, 1900),
        ]
        self.assertEqual([outbound(sent(content), lan) for content in cases], [Drop.SERVICE] * len(cases))

    def test_real_cards(self) -> None:
        """What a service says on a real card names its addresses: it stays."""
        content = udp(REAL, IPv4Address("224.0.0.251"), 5353, 5353)
        self.assertEqual(captured(sent(content), lan_of(ME, services=ALL), {REAL}), Drop.DESTINATION)

    @given(frames(), st.sets(st.sampled_from(LanService)).map(frozenset))
    def test_closed(self, frame: Frame, services: frozenset[LanService]) -> None:
        """Whatever a member sends: a service's port passes only to that service's group, where it is on."""
        if inbound(frame, PEER, lan_of(ME, PEER, services=services)) is not None or not isinstance(frame.content, Udp):
            return
        content = frame.content
        forms = [FORMS[service] for service in services if content.destination in FORMS[service].groups]
        allowed = {form.port for form in forms}
        self.assertLessEqual({content.source_port, content.destination_port} & SERVICE_PORTS, allowed)
