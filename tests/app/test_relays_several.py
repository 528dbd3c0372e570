"""Two members behind hard routers, and several relays: which they use, and what becomes of them when one ends."""

from __future__ import annotations

from lanrage.app.relay_view import relays as relays_shown
from lanrage.core.links import Endpoint
from lanrage.core.relay_bindings import Answers
from lanrage.core.relay_registry import Place, relay_id
from lanrage.core.relay_revocations import Revocation
from lanrage.core.relay_table import RelayTable
from lanrage.wire.control import RelayInfo
from lanrage.wire.relay import encode
from tests.app.link_world import SERVER, Player
from tests.app.links_case import LinksCase
from tests.fakes_control import NOW

HOSTS = ("203.0.113.201", "203.0.113.202", "203.0.113.203")


class SeveralRelaysTests(LinksCase):
    """Three relays in memory."""

    def setUp(self) -> None:
        """Anna and Bert, whose routers let no direct path through."""
        super().setUp()
        self.dead: set[str] = set()
        self.tables: dict[str, RelayTable] = {}
        self.infos = [RelayInfo(host, 7800, 7807, relay_id(Place(host, 7800, 7807))) for host in HOSTS]
        world = self.world
        for info in self.infos:
            self.tables[info.host] = world.underlay.relay(
                info.host, info.first, info.last, SERVER.public, lambda: NOW + world.clock.seconds()
            )
        world.underlay.drops = lambda source, to: bool({source.host, to.host} & self.dead)

    def meet(self, count: int) -> tuple[Player, Player]:
        """Both are in, and reach each other by a relay; first the one that decides."""
        anna = self.world.player("anna", 1, "203.0.113.1", symmetric=True)
        bert = self.world.player("bert", 2, "203.0.113.2", symmetric=True)
        self.world.meet("anna", "bert")
        for player in (anna, bert):
            player.use(*self.infos[:count])
        self.world.run(3.0)
        first, second = sorted((anna, bert), key=lambda player: player.keys.wireguard.public)
        self.assertEqual(("relay", "relay"), (first.path(second), second.path(first)))
        return first, second

    def host(self, player: Player, other: Player) -> str:
        """The relay that a player's traffic takes."""
        active = player.links.peers[other.keys.identity.public].plan.active
        assert active is not None
        return active.host

    def seats(self, player: Player) -> set[str]:
        """The relays that hold a port for a player."""
        [pair] = player.relays.pairs.values()
        return {seat.port.host for seat in pair.seats.values() if seat.usable}

    def until(self, seconds: float, *players: Player, gone: str) -> float:
        """Run until no player's traffic takes a relay; seconds that it took."""
        began = self.world.clock.seconds()
        one, other = players
        while gone in (self.host(one, other), self.host(other, one)):
            self.assertLess(self.world.clock.seconds() - began, seconds)
            self.world.run(0.05)
        return self.world.clock.seconds() - began

    def say(self, host: str, answers: Answers) -> None:
        """A relay speaks unasked."""
        for line, message in answers:
            out = Endpoint(host, line.local), encode(message), Endpoint(line.host, line.port)
            self.world.underlay.emit(*out)

    def test_two_of_three(self) -> None:
        """Both ends hold ports at the same two; the third holds none."""
        first, second = self.meet(3)
        self.assertEqual(self.seats(first), self.seats(second))
        self.assertEqual(len(self.seats(first)), 2)
        self.assertEqual(sorted(len(table) for table in self.tables.values()), [0, 2, 2])

    def test_one_dies(self) -> None:
        """Traffic is on the other within three seconds; then a third becomes the warm one, the dead one is cooling."""
        first, second = self.meet(3)
        dead = self.host(first, second)
        before = self.seats(first)
        self.dead.add(dead)
        self.until(3.0, first, second, gone=dead)
        self.assertEqual("relay", first.path(second))
        self.world.run(12.0)
        for player in (first, second):
            self.assertEqual(self.seats(player), set(HOSTS) - {dead})
            shown = relays_shown("", player.relays, player.keys.wireguard.public)
            states = {row.address.partition(":")[0]: row.health for row in shown.relays}
            self.assertEqual(states[dead], "cooling")
            self.assertIn("cooling down", next(row for row in shown.members[0].relays if not row.chosen).reason)
        self.dead.clear()
        self.world.run(120.0)
        self.assertIn("relay", first.path(second))
        self.assertEqual(len(self.seats(first)), 2)
        self.assertEqual(len(before), 2)

    def test_asked_now(self) -> None:
        """The doctor learns at once which answer: also that one does which is still cooling down."""
        first, second = self.meet(3)
        dead = self.host(first, second)
        self.dead.add(dead)
        self.assertEqual({host: host != dead for host in HOSTS}, self.asked(first))
        self.world.run(12.0)
        self.dead.clear()
        self.assertTrue(any(first.relays.cooling(place.relay_id) for place in first.relays.places))
        self.assertEqual(dict.fromkeys(HOSTS, True), self.asked(first))

    def asked(self, player: Player) -> dict[str, bool | None]:
        """Which relays answer within a second."""
        answered = player.relays.look()
        self.world.run(1.0)
        return {address.partition(":")[0]: answers for address, answers in answered().items()}

    def test_one_drains(self) -> None:
        """Traffic moves while the old relay still forwards; both ends leave it; nothing comes back there."""
        first, second = self.meet(3)
        old, now = self.host(first, second), self.world.clock.seconds()
        self.say(old, self.tables[old].drain(now + 5, now))
        took = self.until(2.0, first, second, gone=old)
        self.assertEqual(len(self.tables[old]), 2, took)
        self.world.run(20.0)
        self.assertEqual(self.seats(first), set(HOSTS) - {old})
        self.assertEqual(dict(first.relays.held())[f"{old}:7800-7807"], False)
        self.assertNotIn(old, (self.host(first, second), self.host(second, first)))
        self.assertEqual((first.path(second), second.path(first)), ("relay", "relay"))

    def test_the_only_one_drains(self) -> None:
        """Where there is no other, it is used to its end."""
        first, second = self.meet(1)
        now = self.world.clock.seconds()
        self.say(HOSTS[0], self.tables[HOSTS[0]].drain(now + 5, now))
        self.world.run(4.0)
        self.assertEqual((first.path(second), second.path(first)), ("relay", "relay"))

    def test_told_by_the_control_server(self) -> None:
        """An overloaded relay is left, without a reconnect; so is one that is not named any more."""
        first, second = self.meet(2)
        old = self.host(first, second)
        full = [RelayInfo(i.host, i.first, i.last, i.id, "", 0.9 if i.host == old else 0.0) for i in self.infos[:2]]
        for player in (first, second):
            player.relays.use(tuple(full))
        self.until(6.0, first, second, gone=old)
        left = [info for info in self.infos if info.host != old]
        for player in (first, second):
            player.relays.use(tuple(left))
        self.world.run(3.0)
        self.assertEqual(self.seats(first), {info.host for info in left})
        self.assertEqual(len(self.tables[old]), 0)
        self.assertFalse(first.relays.is_relay(Endpoint(old, 7800)))
        self.assertTrue(first.relays.is_relay(Endpoint(left[0].host, 7807)))

    def test_the_decider_s_weights_count(self) -> None:
        """The other end prefers another region, and follows all the same."""
        infos = [RelayInfo(i.host, i.first, i.last, i.id, region) for i, region in zip(self.infos, "xyz", strict=True)]
        anna = self.world.player("anna", 1, "203.0.113.1", symmetric=True)
        bert = self.world.player("bert", 2, "203.0.113.2", symmetric=True)
        first, second = sorted((anna, bert), key=lambda player: player.keys.wireguard.public)
        for wanted in "xyz":
            first.relays.region, second.relays.region = wanted, "z" if wanted != "z" else "x"
            self.world.meet("anna", "bert")
            for player in (anna, bert):
                player.use(*infos)
            self.world.run(40.0)
            host = HOSTS["xyz".index(wanted)]
            self.assertEqual(self.seats(first), self.seats(second))
            self.assertIn(host, self.seats(first))
            [shown] = relays_shown("", first.relays, first.keys.wireguard.public).members
            self.assertTrue(shown.decides)
            self.assertEqual(shown.relays[0].reason, "nearest for both")
            for player in (anna, bert):
                player.follow([player.member])
            self.world.run(1.0)

    def test_distances_are_told(self) -> None:
        """Each end knows the sum of both."""
        first, second = self.meet(2)
        self.world.run(5.0)
        for player in (first, second):
            [shown] = relays_shown("", player.relays, player.keys.wireguard.public).members
            for row in shown.relays:
                self.assertAlmostEqual(row.sum_ms or 0.0, 4000 * self.world.underlay.delay, delta=1.0)
        self.assertEqual({row.health for row in relays_shown("", first.relays, b"").relays}, {"up"})

    def test_thrown_out(self) -> None:
        """The binding of whose tickets are void ends, and is not had again."""
        first, second = self.meet(1)
        party = bytes.fromhex(self.world.kit.party_id)
        now, wall = self.world.clock.seconds(), NOW + self.world.clock.seconds()
        revocation = Revocation(party, first.keys.identity.public, int(wall) + 7200)
        table = self.tables[HOSTS[0]]
        self.say(HOSTS[0], table.revoke(revocation, now, wall))
        self.assertEqual(len(table), 1)
        self.world.run(8.0)
        self.assertEqual((len(table), self.seats(first), self.seats(second)), (1, set(), set()))

    def test_nothing_is_left(self) -> None:
        """When the party is left, ports are given back and no timer runs."""
        first, second = self.meet(3)
        for player in (first, second):
            player.follow([player.member])
        self.world.run(0.5)
        self.assertEqual([0, 0, 0], [len(table) for table in self.tables.values()])
        for player in (first, second):
            player.stop()
            self.assertEqual(player.relays.ports, set())
