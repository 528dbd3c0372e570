"""WireGuard's keepalive follows what is known of the NATs between, link by link."""

from __future__ import annotations

from lanrage.app.nat_parts import join_nat_watch
from lanrage.app.nat_watch import NatWatch
from lanrage.core.keepalive import DEFAULT
from lanrage.core.links import Endpoint
from lanrage.core.nat import NatKind
from lanrage.interfaces import IProbePort
from tests.app.link_world import REFLECTOR, Player
from tests.app.links_case import LinksCase
from tests.fakes_control import SeededRandom
from tests.fakes_underlay import UnderlayPort


class KeepaliveTests(LinksCase):
    """Two members, one of them with a watch of its NAT."""

    def watched(self, player: Player) -> NatWatch:
        """Join a watch to a player; nothing asks reflectors yet."""

        def spare() -> IProbePort:
            port: IProbePort = UnderlayPort(self.world.underlay, self.world.underlay.host("192.0.2.9"))
            return port

        send = UnderlayPort(self.world.underlay, player.host, 51820).send
        random = SeededRandom(5)
        watch = join_nat_watch(self.world.clock, player.links, player.reflexive, send, spare, lambda: True, random)
        self.addCleanup(watch.stop)
        before = player.host.probe
        assert before is not None

        def received(payload: bytes, source: Endpoint, local: str) -> None:
            before(payload, source, local)
            watch.received(payload, source)

        player.host.probe = received
        return watch

    def kept(self, player: Player, other: Player) -> int:
        """WireGuard's keepalive to the other."""
        return player.tunnel.peers[other.keys.wireguard.public].keepalive

    def test_by_both_kinds(self) -> None:
        """The usual one at first; what the stricter end needs once kinds are known, and again when they change."""
        first, second = self.two()
        self.watched(first)
        self.world.run(2.0)
        self.assertEqual(self.kept(first, second), DEFAULT)
        first.links.nat = NatKind.FULL_CONE
        link = first.links.peers[second.keys.identity.public]
        for kind, seconds in ((NatKind.OPEN, 60), (NatKind.SYMMETRIC, 8), (NatKind.PORT_RESTRICTED, 15)):
            link.peer_nat = kind
            self.world.run(3.0)
            self.assertEqual(self.kept(first, second), seconds, kind)
        self.assertEqual(first.path(second), "direct", "the path stayed")

    def test_a_lost_mapping(self) -> None:
        """The peer sees another port of ours on the same path: the keepalive comes sooner from then on."""
        first, second = self.two()
        self.watched(first)
        self.world.run(2.0)
        path = first.links.peers[second.keys.identity.public].plan.current
        assert path is not None
        seen = path.observed
        assert seen is not None
        path.observed = Endpoint(seen.host, 6)
        self.world.run(2.0)
        self.assertLessEqual(self.kept(first, second), 15)
        first.links.on_moved()
        self.world.run(1.5)
        self.assertEqual(self.kept(first, second), DEFAULT)

    def test_the_kind_is_offered(self) -> None:
        """What the watch finds, the other end learns; it goes into the keepalive of both."""
        first, second = self.two()
        watch = self.watched(first)
        first.reflexive.use((str(REFLECTOR),))
        self.world.run(1.0)
        self.assertEqual(str(watch.facts.mapping), "none")
        around = watch._around
        around.changed(NatKind.SYMMETRIC)
        self.world.run(2.0)
        self.assertIs(second.links.peers[first.keys.identity.public].peer_nat, NatKind.SYMMETRIC)
        self.assertEqual(self.kept(first, second), 8)

    def test_reached(self) -> None:
        """A member on a path beyond this network says that UDP comes through; one next door does not."""
        first, second = self.two()
        watch = self.watched(first)
        self.world.run(2.0)
        paths = first.links.peers[second.keys.identity.public].plan.paths.values()
        beyond = any(path.proven and str(path.candidate.kind) != "local" for path in paths)
        self.assertEqual(watch._around.reached(), beyond)
        self.assertEqual(watch._around.own(), {Endpoint(first.host.inner, 51820)})
