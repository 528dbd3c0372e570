"""IPv6 in a laboratory: its addresses, its firewall, and weather on it."""

from __future__ import annotations

import socket
import time
from contextlib import ExitStack
from ipaddress import IPv6Address, IPv6Interface

import hypothesis.strategies as st
import pytest
from hypothesis import given
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.candidates6 import fit_to_probe6, worth_offering
from lanrage.lab import nat, netns, six
from lanrage.lab.conditions import Conditions, Weather, delays, lan_ruleset, wan_ruleset
from lanrage.lab.delay import DelayQueue, read_table, way_of
from lanrage.lab.moving import gain_six, lose_six
from lanrage.lab.paths import DIRECT, RELAY, RELAY_TCP, best_path, expected_paths
from lanrage.lab.plan import KINDS, MAX_HOSTS, SIX, Host, make_plan
from tests.lab.bare import bare_lab
from tests.lab.natcheck import ADDRESS_AND_PORT, Observer, receive

PLAN = make_plan("x", ["six", "lan", "six", "open"])
sites = st.integers(1, MAX_HOSTS)


class AddressTests(SynchronousTestCase):
    """Who has which."""

    @given(sites, sites, st.integers(0, MAX_HOSTS))
    def test_sites(self, index: int, other: int, place: int) -> None:
        """Every site has a /64 of its own, whose hosts' addresses nodes offer and probe as those of the internet."""
        address = six.host_address(index, place)
        self.assertIn(address, six.prefix(index))
        self.assertTrue(six.prefix(index).subnet_of(six.DOCUMENTATION))
        self.assertEqual(index == other, six.prefix(index).overlaps(six.prefix(other)))
        self.assertEqual([address], worth_offering([IPv6Interface((address, 64))]))
        self.assertTrue(fit_to_probe6(address, [IPv6Interface((six.host_address(other, place + 1), 64))]))

    def test_plan(self) -> None:
        """Hosts behind a router of the kind have one, also those that share it; no others do."""
        self.assertEqual(["2001:db8:1::10", "2001:db8:1::11", "2001:db8:3::10", ""], [h.six for h in PLAN.hosts])
        self.assertEqual("2001:db8:10::/64", str(six.prefix(16)))

    def test_paths(self) -> None:
        """Two of the kind are direct; with all others one is as symmetric."""
        self.assertEqual(DIRECT, best_path(SIX, SIX))
        for kind in set(KINDS) - {SIX}:
            self.assertEqual(best_path("symmetric", kind), best_path(SIX, kind), kind)
        self.assertEqual([RELAY, RELAY_TCP], [best_path(SIX, kind) for kind in ("restricted", "blocked")])
        paths = expected_paths(make_plan("x", ["six", "lan", "six", "symmetric"]))
        self.assertEqual({pair for pair, path in paths.items() if path == RELAY}, {(f"h{n}", "h4") for n in (1, 2, 3)})

    def test_rules(self) -> None:
        """Only routers of the kind have rules of IPv6 and forward it."""
        for kind in ("symmetric", SIX):
            self.assertEqual(kind == SIX, "table ip6" in nat.ruleset(kind))
            self.assertEqual(kind == SIX, "net.ipv6.conf.all.forwarding" in nat.sysctls(None, kind))


class WeatherTests(SynchronousTestCase):
    """What is said of a pair holds for both of its families."""

    def test_pair(self) -> None:
        """Loss names both; with a host that has no IPv6, only IPv4."""
        text = wan_ruleset(PLAN, Weather(pairs={("h1", "h3"): Conditions(10), ("h1", "h4"): Conditions(block=True)}))
        self.assertIn("ip6 saddr 2001:db8:1::/64 ip6 daddr 2001:db8:3::/64 numgen", text)
        self.assertIn("ip6 saddr 2001:db8:3::/64 ip6 daddr 2001:db8:1::/64 numgen", text)
        self.assertIn("ip saddr 203.0.113.11 ip daddr 203.0.113.13 numgen", text)
        self.assertFalse([line for line in text.splitlines() if "203.0.113.14" in line and "2001:" in line])

    def test_one_lan(self) -> None:
        """Behind one router the bridge drops both."""
        text = lan_ruleset(PLAN, 1, Weather(pairs={("h1", "h2"): Conditions(block=True)}))
        self.assertEqual((2, 2), (text.count("  ip saddr"), text.count("  ip6 saddr 2001:db8:1::1")))

    def test_delay(self) -> None:
        """The delay router knows a packet of IPv6 by the networks of its ends."""
        table = delays(PLAN, Weather(pairs={("h1", "h3"): Conditions(delay_ms=50)}))
        self.assertEqual(50, table["2001:db8:1::/64 2001:db8:3::/64"])
        queue = DelayQueue(*read_table('{"": 1, "2001:db8:1::/64 2001:db8:3::/64": 2000}'))
        ends = IPv6Address("2001:db8:1::10").packed + IPv6Address("2001:db8:3::10").packed
        packet = b"\x60" + bytes(7) + ends
        self.assertIn(way_of(packet), queue.table)
        queue.push(packet, 0.0)
        self.assertEqual(([], [packet]), (queue.due(1.9), queue.due(2.0)))


@pytest.mark.needs("root", "ip", "nft", "tun")
class FirewallTests(SynchronousTestCase):
    """Real namespaces, without nodes."""

    def setUp(self) -> None:
        """Build them."""
        self.stack = ExitStack()
        self.addCleanup(self.stack.close)
        self.lab = self.stack.enter_context(bare_lab("tsix", "six", "six", "lan", "open"))

    def end(self, host: Host, port: int) -> socket.socket:
        """A UDP socket of IPv6 at a host's address."""
        with netns.entered(host.netns):
            made = self.stack.enter_context(socket.socket(socket.AF_INET6, socket.SOCK_DGRAM))
        made.setblocking(False)
        made.bind((host.six, port))
        return made

    def round_trip(self, here: socket.socket, there: socket.socket) -> float | None:
        """Seconds until an answer was there."""
        begin = time.monotonic()
        here.sendto(b"?", there.getsockname()[:2])
        asked = receive(there, 1.0)
        if asked is None:
            return None
        there.sendto(b"!", asked[1])
        return time.monotonic() - begin if receive(here, 1.0) else None

    def test_firewall(self) -> None:
        """Nothing gets in that nobody asked for; answers do, from where they were asked for and nowhere else."""
        first, second, neighbour, _ = self.lab.plan.hosts
        here, there, other = self.end(first, 4000), self.end(second, 4000), self.end(second, 4001)
        here.sendto(b"hi", (second.six, 4000))
        self.assertIsNone(receive(there))
        there.sendto(b"hi", (first.six, 4000))
        self.assertEqual((b"hi", (second.six, 4000, 0, 0)), receive(here))
        self.assertIsNotNone(self.round_trip(here, there))
        other.sendto(b"hi", (first.six, 4000))
        self.assertIsNone(receive(here))
        self.assertIsNotNone(self.round_trip(self.end(neighbour, 4000), there), "neighbours are behind the firewall")

    def test_four(self) -> None:
        """IPv4 is translated as by any symmetric router."""
        observer = Observer(self.lab.plan, self.stack)
        observer.open()
        self.assertEqual(ADDRESS_AND_PORT, observer.mapping(self.lab.plan.hosts[0]))
        self.assertEqual(ADDRESS_AND_PORT, observer.filtering(self.lab.plan.hosts[0]))

    def test_weather(self) -> None:
        """Delay and cuts reach it."""
        first, second = self.lab.plan.hosts[:2]
        here, there = self.end(first, 4000), self.end(second, 4000)
        there.sendto(b"hi", (first.six, 4000))
        receive(here)
        self.lab.change(("h1", "h2"), None, 50, None)
        took = self.round_trip(here, there)
        assert took is not None
        self.assertTrue(0.1 <= took < 0.6, took)
        self.lab.change(("h1", "h2"), None, 0, True)
        self.assertIsNone(self.round_trip(here, there))

    def test_address(self) -> None:
        """It goes and comes back."""
        first, second = self.lab.plan.hosts[:2]
        lose_six(first)
        self.assertRaises(OSError, self.end, first, 4000)
        gain_six(first)
        here, there = self.end(first, 4000), self.end(second, 4000)
        here.sendto(b"hi", (second.six, 4000))
        there.sendto(b"hi", (first.six, 4000))
        self.assertIsNotNone(receive(here))

    def test_only_here(self) -> None:
        """A laboratory without such a host routes no IPv6."""
        other = self.stack.enter_context(bare_lab("tsixno", "open"))
        for lab, off in ((self.lab, "0"), (other, "1")):
            with netns.entered(lab.plan.wan):
                text = netns.run(["cat", "/proc/sys/net/ipv6/conf/all/disable_ipv6"])
            self.assertEqual(off, text.strip())
