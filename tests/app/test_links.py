"""Links of two and three members joined in memory: peers, routes, endpoints, one initiator, refusals, and their end."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Interface

import attrs

from lanrage.app.address_watch import REFRESH_INTERVAL
from lanrage.app.link_counters import LinkCounters
from lanrage.app.path_kind import path_kind
from lanrage.app.peer_device import KEEPALIVE
from lanrage.core.candidates import Candidate, CandidateKind
from lanrage.core.links import Endpoint, LocalAddress, PeerStatus
from lanrage.core.network_changes import Happening
from tests.app.link_world import PORT, RELAY, LinkWorld
from tests.app.links_case import LinksCase, one
from tests.fakes_control import node_keys


class MeetingTests(LinksCase):
    """Who joins is reached."""

    def test_two(self) -> None:
        """Both are configured with one address and one route, write each other's endpoint, and one of them begins."""
        decider, other = self.two()
        for me, peer in ((decider, other), (other, decider)):
            key = peer.keys.wireguard.public
            allowed = (IPv4Network(f"{peer.address}/32"),)
            seen = me.tunnel.peers[key]
            self.assertEqual(
                PeerStatus(key, Endpoint(peer.host.outer, PORT), allowed, seen.latest_handshake, seen.rx_bytes, 0, 25),
                attrs.evolve(seen, tx_bytes=0),
            )
            self.assertGreater(seen.latest_handshake, 0)
            self.assertEqual({peer.address: ("lanrage-wg0", me.address)}, me.machine.routes)
            self.assertEqual("direct", me.path(peer))
            self.assertEqual({peer.address}, me.links.ready_addresses())
            self.assertEqual({peer.address}, me.ready[-1][0])
            self.assertEqual(LinkCounters(), me.links.counters)
        self.assertEqual(25, KEEPALIVE)
        self.assertEqual((1, 0), (decider.tunnel.initiations, other.tunnel.initiations))

    def test_offers(self) -> None:
        """Each tells where it is once it has the other configured, and answers who does not know its session."""
        self.two()
        self.assertEqual({("anna", "bert"), ("bert", "anna")}, set(self.world.signals))
        self.assertLessEqual(len(self.world.signals), 4)

    def test_one_knows_late(self) -> None:
        """A member whom the other learns of a second later is reached all the same: the offer is answered."""
        anna, bert = self.world.player("anna", 1), self.world.player("bert", 2)
        members = [anna.member, bert.member]
        anna.follow(members)
        self.world.run(1.0)
        self.assertEqual("none", anna.path(bert))
        bert.follow(members)
        self.world.run(0.5)
        self.assertEqual(("direct", "direct"), (anna.path(bert), bert.path(anna)))

    def test_three_behind_routers(self) -> None:
        """An open one, one behind a router, one behind a symmetric router: direct or by the relay."""
        world = self.world
        anna = world.player("anna", 1)
        bert = world.player("bert", 2, "203.0.113.2")
        carl = world.player("carl", 3, "203.0.113.3", symmetric=True)
        for player in (anna, bert, carl):
            player.use()
        world.meet("anna", "bert", "carl")
        world.run(1.5)
        paths = {(x.name, y.name): x.path(y) for x in (anna, bert, carl) for y in (anna, bert, carl) if x is not y}
        direct, relay = "direct", "relay"
        self.assertEqual(
            {
                ("anna", "bert"): direct,
                ("anna", "carl"): direct,
                ("bert", "anna"): direct,
                ("bert", "carl"): relay,
                ("carl", "anna"): direct,
                ("carl", "bert"): relay,
            },
            paths,
        )
        begun = sum(player.tunnel.initiations for player in (anna, bert, carl))
        self.assertEqual(3, begun)
        active = bert.links.peers[carl.keys.identity.public].plan.active
        assert active is not None
        self.assertEqual(RELAY.host, active.host)

    def test_router_restarts(self) -> None:
        """The router of one gives another port: the pair finds its way again, as if it had never been told."""
        anna, bert = self.world.player("anna", 1), self.world.player("bert", 2, "203.0.113.2")
        for player in (anna, bert):
            player.use()
        self.world.meet("anna", "bert")
        self.world.run(1.0)
        before = anna.tunnel.peers[bert.keys.wireguard.public].endpoint
        bert.host.forget()
        self.world.run(10.0)
        after = anna.tunnel.peers[bert.keys.wireguard.public].endpoint
        self.assertNotEqual(before, after)
        self.assertEqual(("direct", "direct"), (anna.path(bert), bert.path(anna)))

    def test_new_session(self) -> None:
        """A member that comes back with new sessions is met again; the former life's keys are forgotten."""
        first, second = self.two()
        for player in (first, second):
            key = (second if player is first else first).keys.wireguard.public
            before = len([entry for entry in player.tunnel.history if entry == ("remove", key)])
            other = second if player is first else first
            other.stop()
            self.world.run(0.2)
            other.tunnel.initiations = 0
            other.start()
            other.follow([first.member, second.member])
            self.world.run(1.0)
            removed = len([entry for entry in player.tunnel.history if entry == ("remove", key)])
            self.assertGreater(removed, before)
            self.assertEqual(("direct", "direct"), (first.path(second), second.path(first)))

    def test_wireguard_silent(self) -> None:
        """Probes pass, WireGuard's packets do not: no path is shown, and the handshake is tried until it comes."""
        anna, bert = self.world.player("anna", 1), self.world.player("bert", 2)
        tunnels = {player: player.host.tunnel for player in (anna, bert)}
        anna.host.tunnel = bert.host.tunnel = None
        self.world.meet("anna", "bert")
        self.world.run(2.0)
        links = [anna.links.peers[bert.keys.identity.public], bert.links.peers[anna.keys.identity.public]]
        self.assertEqual(["none", "none"], [path_kind(link) for link in links])
        self.assertEqual([set(), set()], [anna.links.ready_addresses(), bert.links.ready_addresses()])
        self.assertEqual([True, True], [link.plan.current is not None for link in links])
        anna.host.tunnel, bert.host.tunnel = tunnels[anna], tunnels[bert]
        self.world.run(5.0)
        self.assertEqual(["direct", "direct"], [path_kind(link) for link in links])

    def test_addresses_change_unnoticed(self) -> None:
        """A kernel that tells nothing: the slow look finds the new address; an IPv6 one counts as well."""
        anna, bert = self.two()
        anna.machine.six.append(IPv6Interface("2001:db8:1::7/64"))
        bert.machine.six.append(IPv6Interface("2001:db8:2::7/64"))
        self.world.run(REFRESH_INTERVAL + 1.0)
        self.assertIn(Endpoint("2001:db8:1::7", PORT), bert.links.peers[anna.keys.identity.public].plan.paths)

    def test_another_router(self) -> None:
        """The addresses are the same, the way may not be: every path is asked at once."""
        anna, bert = self.two()
        self.world.run(5.0)
        path = anna.links.peers[bert.keys.identity.public].plan.current
        assert path is not None
        self.world.run(path.next_ping - self.world.clock.seconds() - 0.5)
        anna.events.tell(Happening.ROUTE)
        self.world.run(0.1)
        self.assertLess(self.world.clock.seconds() - (path.last_pong or 0.0), 0.1)

    def test_addresses_change(self) -> None:
        """Another network card: within seconds the peers are told where this machine is now."""
        anna, bert = self.two()
        anna.machine.addresses.append(
            LocalAddress("wlan0", 3, one("198.51.100.77"), IPv4Network("198.51.100.0/24"), True)
        )
        anna.events.tell(Happening.ADDRESS)
        self.world.signals.clear()
        self.world.run(5.1)
        self.assertIn((anna.name, bert.name), self.world.signals)
        self.assertIn(Endpoint("198.51.100.77", PORT), bert.links.peers[anna.keys.identity.public].plan.paths)


class LeavingTests(LinksCase):
    """Who leaves is gone."""

    def test_order(self) -> None:
        """The LAN plane drops a member while WireGuard and routes still have it; then peer and route go."""
        anna, bert = self.two()
        anna.ready.clear()
        anna.follow([anna.member])
        key = bert.keys.wireguard.public
        self.assertEqual([(set(), {key}, {bert.address}), (set(), set(), set())], anna.ready)
        self.assertEqual(("remove", key), anna.tunnel.history[-1])
        self.assertEqual({}, anna.links.peers)

    def test_its_packets_count_for_nothing(self) -> None:
        """Probes and signals of one who left are refused and counted, and start nothing."""
        anna, bert = self.two()
        anna.follow([anna.member])
        self.world.run(3.0)
        self.assertGreater(anna.links.counters.probes_unknown, 0)
        self.assertEqual({}, anna.tunnel.peers)
        bert.links.offer_to_all()
        self.world.run(3.0)
        self.assertGreater(anna.links.counters.signals_refused, 0)
        self.assertEqual({}, anna.machine.routes)

    def test_new_certificate(self) -> None:
        """A member with another WireGuard key is another peer: the old one goes, the new one comes."""
        anna, bert = self.two()
        other = attrs.evolve(bert.keys, wireguard=node_keys("bert again").wireguard)
        old = bert.keys.wireguard.public
        bert.stop()
        self.world.run(0.1)
        bert.keys = other
        bert.start()
        for player in (anna, bert):
            player.follow([anna.member, bert.member])
        self.world.run(1.0)
        self.assertNotIn(old, anna.tunnel.peers)
        self.assertEqual(("direct", "direct"), (anna.path(bert), bert.path(anna)))
        self.assertEqual({bert.address}, set(anna.machine.routes))

    def test_stop_leaves_nothing(self) -> None:
        """After stop no timer, peer or route is left, whatever is under way."""
        for seconds in (0.0, 0.03, 0.05, 0.08, 0.11, 0.5, 1.02):
            world = self.world = LinkWorld()
            anna = world.player("anna", 1)
            bert = world.player("bert", 2, "203.0.113.2")
            for player in (anna, bert):
                player.tunnel.slow = 0.04
                player.use()
            world.meet("anna", "bert")
            world.run(seconds)
            for player in (anna, bert):
                player.stop()
            world.underlay.close()
            world.run(0.2)
            for player in (anna, bert):
                self.successResultOf(player.stopped)
                self.assertEqual(({}, {}), (player.tunnel.peers, player.machine.routes))
            self.assertEqual([], world.clock.getDelayedCalls())

    def test_stop_while_a_read_waits_for_another(self) -> None:
        """A read of WireGuard's state that was asked for during another one does not outlive the end."""
        anna, bert = self.two()
        bert.stop()
        anna.tunnel.slow = 0.3
        anna.links.check_soon(0)
        self.world.run(0.05)
        anna.links.check_soon(0)
        self.world.run(0.05)
        anna.stop()
        left: list[object] = []
        self.world.underlay.close()
        anna.stopped.addCallback(lambda _: left.extend(self.world.clock.getDelayedCalls()))
        self.world.run(0.5)
        self.successResultOf(anna.stopped)
        self.assertEqual([], left)

    def test_word_of_the_relay_after_the_end(self) -> None:
        """A link that is closed starts no timers, whatever is still said to it."""
        anna, bert = self.two()
        link = anna.links.peers[bert.keys.identity.public]
        anna.follow([anna.member])
        anna.stop()
        bert.stop()
        self.world.underlay.close()
        self.world.run(0.1)
        link.way(Candidate(CandidateKind.RELAY, Endpoint("203.0.113.9", 7800)), True)
        link.offer()
        self.assertEqual([], self.world.clock.getDelayedCalls())
