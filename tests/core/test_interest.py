"""What a machine hears."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address

import attrs
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.frame_rules import ALL_HOSTS, SERVICE_PORTS, SSDP_GROUP, canonical
from lanrage.core.interest import (
    ASKED_SECONDS,
    EVERYTHING,
    MAX_ASKED,
    MAX_GROUPS,
    MAX_PORTS,
    UNKNOWN,
    Asked,
    Interest,
    Opened,
    hears_the_party,
)
from lanrage.core.lan_frames import BROADCAST_MAC, IPX_ETHERTYPE, Address, Frame, Ipx, Udp
from tests.strategies_interest import sets, small_interests
from tests.strategies_lan import GROUP, ME, NETWORK, REAL, udp

IPX = Frame(BROADCAST_MAC, bytes(6), Ipx(IPX_ETHERTYPE + b"x"))


class WantsTests(SynchronousTestCase):
    """Which frames are for whom."""

    def test_ports_and_groups(self) -> None:
        """A broadcast wants its port open, a multicast its group too; all hosts are in one group anyway."""
        some = Interest(frozenset({6000}), frozenset({GROUP}))
        cases = {
            (NETWORK.broadcast_address, 6000): True,
            (IPv4Address("255.255.255.255"), 6000): True,
            (NETWORK.broadcast_address, 6001): False,
            (GROUP, 6000): True,
            (GROUP, 6001): False,
            (IPv4Address("239.1.1.1"), 6000): False,
            (ALL_HOSTS, 6000): True,
            (ALL_HOSTS, 6001): False,
        }
        got = {
            (target, port): some.wants(canonical(udp(destination=target, destination_port=port)))
            for target, port in cases
        }
        self.assertEqual(got, cases)

    def test_six_and_services(self) -> None:
        """Of IPv6 groups the port alone decides; a service that is carried at all goes to everybody."""
        some = Interest(frozenset({6000}))
        six, mdns = IPv6Address("ff02::1"), IPv4Address("224.0.0.251")
        cases: dict[tuple[Address, int], bool] = {(six, 6000): True, (six, 6001): False, (mdns, 5353): True}
        got = {
            (target, port): some.wants(Frame(BROADCAST_MAC, bytes(6), Udp(ME, target, 5555, port, b"")))
            for target, port in cases
        }
        self.assertEqual(got, cases)

    @given(small_interests())
    def test_unknown_is_wanted(self, some: Interest) -> None:
        """IPX always, and all by who wants everything."""
        self.assertTrue(some.wants(IPX))
        self.assertTrue(EVERYTHING.wants(canonical(udp())))

    def test_never_told(self) -> None:
        """Ports and groups that are never carried are nobody's business; too many are everything."""
        told = Interest.of(
            [22, 5353, 666, 4666, 4667, 40000], [ALL_HOSTS, SSDP_GROUP, IPv4Address("224.0.0.251"), GROUP]
        )
        self.assertEqual(told, Interest(frozenset({666, 4667, 40000}), frozenset({GROUP})))
        self.assertEqual(Interest.of(range(5400, 5400 + MAX_PORTS), []).everything, False)
        self.assertIs(Interest.of(range(5400, 5401 + MAX_PORTS), []), EVERYTHING)
        groups = [IPv4Address(0xEF010000 + number) for number in range(MAX_GROUPS + 1)]
        self.assertEqual(Interest.of([], groups[1:]).everything, False)
        self.assertIs(Interest.of([], groups), EVERYTHING)

    @given(small_interests(), small_interests())
    def test_change(self, before: Interest, after: Interest) -> None:
        """A change brings one to the other; equal ones have equal digests, others have others."""
        self.assertEqual(before.changed(after.without(before), before.without(after)), after)
        self.assertEqual(before == after, before.digest() == after.digest())

    @given(sets(), sets())
    def test_joined(self, one: Interest, other: Interest) -> None:
        """What either wants, both together want, where it may be told at all."""
        both = one.joined(other)
        self.assertTrue(both.everything or both.ports == (one.ports | other.ports) - SERVICE_PORTS)
        self.assertIs(one.joined(EVERYTHING), EVERYTHING)

    def test_looks(self) -> None:
        """A second socket of an open port is news; what cannot be told is everything."""
        before = Opened(frozenset({(1, 6000)}), frozenset({GROUP}))
        after = Opened(frozenset({(1, 6000), (2, 6000), (3, 22)}), frozenset({GROUP}))
        self.assertEqual(after.since(before), Interest(frozenset({6000})))
        self.assertEqual(before.since(after), Interest())
        self.assertEqual(before.joined(UNKNOWN).interest, EVERYTHING)

    def test_bound(self) -> None:
        """Sockets bound to one of the machine's addresses hear no broadcast."""
        real = IPv4Address("192.168.1.255")
        cases = {IPv4Address(0): True, NETWORK.broadcast_address: True, IPv4Address("255.255.255.255"): True}
        cases |= {GROUP: True, ME: False, REAL: False, real: False, IPv4Address("127.0.0.1"): False}
        self.assertEqual({bound: hears_the_party(bound, IPv4Network("10.66.0.0/24")) for bound in cases}, cases)


class AskedTests(SynchronousTestCase):
    """Who sends to all waits for answers."""

    def test_life(self) -> None:
        """Both ports are open for the time, counted from the last send; only the first is news."""
        asked = Asked()
        query = udp(source_port=5555, destination_port=6000)
        self.assertEqual([asked.note(query, at) for at in (0.0, 1.0, 20.0)], [True, False, False])
        self.assertEqual(set(asked.ports(20.0 + ASKED_SECONDS - 0.1)), {5555, 6000})
        self.assertEqual(set(asked.ports(20.0 + ASKED_SECONDS)), set())
        self.assertTrue(asked.note(query, 60.0))
        self.assertTrue(asked.note(attrs.evolve(query, source_port=5556), 60.0))

    @given(st.lists(st.tuples(st.integers(1024, 65535), st.integers(1024, 65535)), max_size=2 * MAX_ASKED))
    def test_bound(self, sends: list[tuple[int, int]]) -> None:
        """However many ports a program sends from, few are remembered, the last ones always."""
        asked = Asked()
        for source, target in sends:
            asked.note(udp(source_port=source, destination_port=target), 1.0)
        self.assertLessEqual(len(asked.ports(1.0)), MAX_ASKED)
        if sends:
            self.assertLessEqual(set(sends[-1]), set(asked.ports(1.0)))
