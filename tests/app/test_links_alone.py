"""Life without the control server: links stay, addresses change, nodes begin anew, and all are reached again."""

from __future__ import annotations

from lanrage.core.doors import to_remember
from lanrage.core.links import Endpoint
from lanrage.core.network_changes import SETTLE, Happening
from tests.app.link_world import PORT, RELAY, LinkWorld, Player
from tests.app.links_case import LinksCase


def remember(player: Player) -> dict[bytes, tuple[Endpoint, ...]]:
    """What a player keeps of the others for its next start."""
    return {identity: to_remember(link.plan.paths.values(), ()) for identity, link in player.links.peers.items()}


def restart(player: Player, members: list[Player], kept: dict[bytes, tuple[Endpoint, ...]] | None = None) -> None:
    """The player's node was killed and begins anew with what it kept."""
    player.remembered = remember(player) if kept is None else kept
    player.stop()
    player.world.run(0.1)
    player.start()
    player.follow([member.member for member in members])


class AloneCase(LinksCase):
    """A party whose control server dies."""

    def party(self, *outers: str, symmetric: str = "") -> list[Player]:
        """Players behind these routers (empty: open), who have met."""
        names = ["anna", "bert", "carl", "dora"][: len(outers)]
        players = [
            self.world.player(name, number, outer, symmetric=name == symmetric)
            for number, (name, outer) in enumerate(zip(names, outers, strict=True), start=1)
        ]
        for player in players:
            player.use()
        self.world.meet(*names)
        self.world.run(3.0)
        self.world.control = False
        self.world.signals.clear()
        return players

    def no_relay(self) -> None:
        """The relay is gone, too."""
        for at in [at for at in self.world.underlay.services if at.port != 3478]:
            del self.world.underlay.services[at]

    def paths(self, players: list[Player]) -> set[str]:
        """Kinds of path of all pairs, over which a packet comes through."""
        return {self.path(one, other) for one in players for other in players if one is not other}

    def path(self, one: Player, other: Player) -> str:
        """The path by which a packet of `one` arrives at `other` now."""
        arrived: list[str] = []
        port = other.host.party_port
        assert port is not None
        with_channel, port._receive = port._receive, lambda data, source: arrived.append(source)
        one.tunnel.carry_inside(b"a packet", str(other.address))
        self.world.run(0.1)
        port._receive = with_channel
        return one.path(other) if str(one.address) in arrived else "dead"


class MovingTests(AloneCase):
    """A machine gets another address while no server is there."""

    def test_open_to_open(self) -> None:
        """Who moved is reached again within four seconds, by its own pings and packets."""
        players = self.party("", "")
        players[0].move("198.51.100.77")
        self.world.run(4.0)
        self.assertEqual({"direct"}, self.paths(players))
        bert = players[1]
        self.assertEqual(Endpoint("198.51.100.77", PORT), bert.tunnel.peers[players[0].keys.wireguard.public].endpoint)
        self.assertEqual([], self.world.signals)

    def test_offered_by_the_tunnel(self) -> None:
        """Another card beside the one in use is told through the tunnel at once."""
        anna, bert = self.party("", "")
        more = anna.machine.addresses[0]
        anna.machine.addresses.append(type(more)("wlan0", 3, more.address + 70, more.network, True))
        anna.events.tell(Happening.ADDRESS)
        self.world.run(1.5)
        self.assertIn(Endpoint("198.51.100.71", PORT), bert.links.peers[anna.keys.identity.public].plan.paths)
        self.assertEqual([], self.world.signals)

    def test_offered_by_another_member(self) -> None:
        """An open one moves; one behind a router hears no ping of it, but a third member passes its offer on."""
        players = anna, bert, carl = self.party("", "203.0.113.2", "")
        self.no_relay()
        anna.move("198.51.100.77")
        self.world.run(8.0)
        self.assertEqual({"direct"}, self.paths(list(players)))
        self.assertGreater(carl.channel.counters.forwarded, 0)
        self.assertEqual(0, bert.channel.counters.not_forwarded)

    def test_by_the_relay(self) -> None:
        """Two alone, one behind a router that lets nobody new in: the relay binds anew, and carries the offers."""
        players = anna, bert = self.party("", "203.0.113.2")
        anna.move("198.51.100.77")
        self.world.run(12.0)
        self.assertEqual({"direct"}, self.paths(list(players)))
        self.assertEqual(Endpoint("198.51.100.77", PORT), bert.links.peers[anna.keys.identity.public].plan.active)

    def test_seen_by_members(self) -> None:
        """A router has another address and no reflector tells: a member that sees it does, and others are told."""
        players = anna, bert, carl = self.party("203.0.113.1", "203.0.113.2", "")
        self.no_relay()
        self.world.underlay.services.clear()
        anna.move("192.168.1.2", "203.0.113.77")
        self.world.run(15.0)
        self.assertEqual({"direct"}, self.paths(list(players)))
        active = bert.links.peers[anna.keys.identity.public].plan.active
        assert active is not None
        self.assertEqual("203.0.113.77", active.host)
        self.assertGreater(carl.channel.counters.forwarded, 0)

    def test_all_are_asked_at_once(self) -> None:
        """As soon as other addresses are seen, the relay is asked for its binding, and pinged through."""
        anna, _ = self.party("", "203.0.113.2")
        anna.move("198.51.100.77")
        self.world.run(SETTLE - 0.01)
        at = Endpoint(RELAY.host, RELAY.first)
        before = self.world.underlay.sent[at]
        self.world.run(0.02)
        self.assertEqual(2, self.world.underlay.sent[at] - before)

    def test_relay_pair(self) -> None:
        """A pair that only the relay joins is joined again when one of them has another address."""
        players = anna, _ = self.party("203.0.113.1", "203.0.113.2", symmetric="bert")
        self.assertEqual({"relay"}, self.paths(list(players)))
        anna.move("192.168.77.2", "203.0.113.77")
        self.world.run(3.0)
        self.assertEqual({"relay"}, self.paths(list(players)))


class BootingTests(AloneCase):
    """A node begins anew while no server is there."""

    def test_one_boots(self) -> None:
        """It knocks at the running ones' addresses and is in the party within a second; so with routers between."""
        for outers in (("", ""), ("203.0.113.1", ""), ("", "203.0.113.2"), ("203.0.113.1", "203.0.113.2")):
            self.world = LinkWorld()
            players = self.party(*outers)
            restart(players[0], players)
            self.world.run(4.0)
            self.assertEqual({"direct"}, self.paths(players), outers)
            self.assertEqual([], self.world.signals)

    def test_relay_pair_boots(self) -> None:
        """A pair that only the relay joins: one knocks through the relay's port, and no other kind of path is shown."""
        players = self.party("203.0.113.1", "203.0.113.2", symmetric="bert")
        for player in players:
            restart(player, players)
            player.relays.use((RELAY,))
            self.world.run(6.0)
            self.assertEqual({"relay"}, self.paths(players))

    def test_all_boot(self) -> None:
        """All begin anew, and meet at the addresses they had."""
        players = self.party("", "203.0.113.2", "203.0.113.3")
        for player in players:
            restart(player, players)
        self.world.run(6.0)
        self.assertEqual({"direct"}, self.paths(players))

    def test_running_one_is_elsewhere(self) -> None:
        """One boots with an outdated address of a running one, or none: that one's pings lead it to the new address."""
        for nothing in (False, True):
            self.world = LinkWorld()
            players = anna, bert = self.party("", "")
            kept = {} if nothing else remember(bert)
            anna.move("198.51.100.77")
            self.world.run(5.0)
            restart(bert, list(players), kept)
            self.world.run(6.0)
            self.assertEqual({"direct"}, self.paths(list(players)))

    def test_a_ping_leads(self) -> None:
        """One that boots and knows nothing answers the first ping of a running one by an offer to its source."""
        players = anna, bert = self.party("", "")
        anna.move("198.51.100.77")
        self.world.run(5.0)
        restart(bert, list(players), {})
        self.world.run(1.5)
        self.assertEqual({"direct"}, self.paths(list(players)))

    def test_all_boot_without_a_network(self) -> None:
        """The network comes up later: their offers go on, and they meet within 16 seconds."""
        players = self.party("", "")
        self.world.underlay.drops = lambda source, to: True
        for player in players:
            restart(player, players)
        self.world.run(40.0)
        self.world.underlay.drops = lambda source, to: False
        self.world.run(16.0)
        self.assertEqual({"direct"}, self.paths(players))

    def test_nobody_there(self) -> None:
        """Who waits for members that are gone sends them little: an offer each 15 s by each way."""
        players = anna, bert = self.party("", "")
        bert.stop()
        self.world.run(60.0)
        at = Endpoint("198.51.100.2", PORT)
        before = self.world.underlay.sent[at]
        self.world.run(600.0)
        pings, offers, heads = 600 / 3, 2 * 600 / 15, 600 / 24
        self.assertLessEqual(self.world.underlay.sent[at] - before, pings + offers + heads + 5)
        self.assertTrue(anna.links.peers[bert.keys.identity.public].doors)
        players[1].start()
        players[1].follow([anna.member, bert.member])
        self.world.run(4.0)
        self.assertEqual({"direct"}, self.paths(list(players)))


class RepeatedTests(AloneCase):
    """Copies and late ones."""

    def test_copies_count_once(self) -> None:
        """An offer that comes by several ways costs one: the others are counted and change nothing."""
        anna, bert = self.party("", "")
        link = bert.links.peers[anna.keys.identity.public]
        payload = anna.links.peers[bert.keys.identity.public]._make_offer()
        pings = self.world.underlay.sent.copy()
        for _ in range(50):
            bert.links.signalled(anna.keys.identity.public, payload)
        self.assertEqual(49, bert.links.counters.signals_repeated)
        self.assertEqual(0, bert.links.counters.signals_over_budget)
        self.assertEqual(pings, self.world.underlay.sent)
        self.assertTrue(link.ready)

    def test_former_life(self) -> None:
        """An offer of a peer's former life that comes late, or is played again, does not reset the link."""
        players = anna, bert = self.party("", "")
        late = anna.links.peers[bert.keys.identity.public]._make_offer()
        restart(anna, list(players))
        self.world.run(3.0)
        link = bert.links.peers[anna.keys.identity.public]
        resets, session = link.resets, link.plan.peer_session
        bert.links.signalled(anna.keys.identity.public, late)
        self.world.run(0.5)
        self.assertEqual((resets, session), (link.resets, link.plan.peer_session))
        self.assertEqual({"direct"}, self.paths(list(players)))

    def test_flood_of_strange_knocks(self) -> None:
        """Whoever knows a member's tag cannot use up what that member may say; the log is not filled either."""
        anna, bert = self.party("", "")
        for _ in range(500):
            bert.links.probe_received(b"LRNG\x01\x05" + anna.links._tag + b"x" * 60, Endpoint("198.51.100.99", 4))
        self.assertEqual(500, bert.links.counters.signals_refused)
        more = anna.machine.addresses[0]
        anna.machine.addresses.append(type(more)("wlan0", 3, more.address + 70, more.network, True))
        anna.events.tell(Happening.ADDRESS)
        self.world.run(1.5)
        self.assertIn(Endpoint("198.51.100.71", PORT), bert.links.peers[anna.keys.identity.public].plan.paths)

    def test_strange_knocks(self) -> None:
        """Knocks of strangers, broken ones and those that nobody sealed are counted, and nothing answers them."""
        anna, bert = self.party("", "")
        link = bert.links.peers[anna.keys.identity.public]
        tag = anna.links._tag
        source = Endpoint("198.51.100.99", 4)
        before = dict(link.plan.paths)
        header = b"LRNG\x01\x05"
        for data in (header, header + b"u" * 8 + b"x", header + tag + b"x" * 60):
            bert.links.probe_received(data, source)
        counters = bert.links.counters
        self.assertEqual((1, 1, 1), (counters.probes_malformed, counters.probes_unknown, counters.signals_refused))
        self.world.run(1.0)
        self.assertNotIn(source, self.world.underlay.sent)
        self.assertEqual(list(before), list(link.plan.paths))
