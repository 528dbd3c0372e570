"""Birthday probing between members joined in memory: a hard pair leaves the relay, and nothing is left at the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
from twisted.internet.defer import Deferred

from lanrage.app.punch_kit import PunchCounters, PunchKit
from lanrage.app.punching import Punching
from lanrage.core.birthday import PROBES, SOCKETS
from lanrage.core.links import Endpoint
from lanrage.core.nat import NatKind
from lanrage.core.probe import Probe, ProbeKind
from lanrage.errors import LanrageError, MissingRight
from lanrage.wire import probes, signals
from tests.app.link_world import PORT, Player
from tests.app.links_case import LinksCase
from tests.fakes_control import SeededRandom
from tests.fakes_punch import MemorySockets, MemoryTable, PunchHost


class Hard:
    """A player behind a router of a hard kind, with birthday probing."""

    def __init__(self, case: PunchingCase, name: str, number: int, kind: NatKind) -> None:
        world = case.world
        symmetric = kind is NatKind.SYMMETRIC
        self.host = PunchHost(f"192.168.{number}.2", f"203.0.113.{number}", symmetric)
        world.underlay.hosts.append(self.host)
        self.player = world.players[name] = Player(world, name, number, self.host)
        self.player.links.nat = kind
        self.table = MemoryTable(self.host)
        self.refuses: LanrageError | None = None
        self.sent: list[Endpoint] = []
        self.punching = self.make()
        case.addCleanup(self.end)

    def make(self) -> Punching:
        """Birthday probing of the player's links."""
        world, keys = self.player.world, self.player.keys.wireguard
        kit = PunchKit(lambda: MemorySockets(world.underlay, self.host, self.refuses), self.table)
        made = Punching(
            world.clock,
            self.player.links,
            world.kit.party_id,
            keys.public,
            self.send,
            kit,
            SeededRandom(f"punching {self.player.name}"),
        )
        made.start()
        return made

    def send(self, payload: bytes, to: Endpoint) -> None:
        """From WireGuard's port."""
        self.sent.append(to)
        self.player.world.underlay.send(self.host, PORT, payload, to)

    def end(self) -> Deferred[None]:
        """Stop; called twice it does nothing."""
        return Deferred.fromCoroutine(self.punching.stop())

    @property
    def counters(self) -> PunchCounters:
        """What was spent."""
        return self.punching.counters


class PunchingCase(LinksCase):
    """A hard pair."""

    def hard(self, first: NatKind = NatKind.SYMMETRIC, second: NatKind = NatKind.PORT_RESTRICTED) -> tuple[Hard, Hard]:
        """Two players who are members and at their reflectors and relay; not run yet."""
        pair = Hard(self, "anna", 1, first), Hard(self, "bert", 2, second)
        self.world.meet("anna", "bert")
        for each in pair:
            each.player.use()
        return pair

    def until(self, condition: Callable[[], Any], seconds: float) -> None:
        """Let time pass until something holds."""
        while seconds > 0 and not condition():
            self.world.run(0.1)
            seconds -= 0.1
        self.assertTrue(condition())

    def paths(self, first: Hard, second: Hard) -> tuple[str, str]:
        """Of both."""
        return first.player.path(second.player), second.player.path(first.player)


def say(sender: Hard, receiver: Hard, change: dict[str, Any], key: bytes = b"") -> None:
    """A question of `sender`, sealed, as it would say it by itself but for a change."""
    link = sender.player.links.peers[receiver.player.keys.identity.public]
    here = sender.player.links.reflexive[0]
    assert link.plan.peer_session is not None
    fields: dict[str, Any] = {"session": link.plan.session, "answers": link.plan.peer_session, "round": b"r" * 8}
    fields |= {"step": signals.PunchStep.ASK, "host": here.host, "port": here.port}
    sealed = signals.seal(
        signals.Punch(**(fields | change)),
        key or link.keys.seal,
        sender=sender.player.keys.wireguard.public,
        receiver=receiver.player.keys.wireguard.public,
        nonce=SeededRandom(repr(change))(12),
    )
    receiver.player.links.signalled(sender.player.keys.identity.public, sealed)


class HardPairTests(PunchingCase):
    """What comes of it."""

    def test_direct(self) -> None:
        """On the relay at first, then direct, within 20 s and the budget; sockets are closed but one."""
        anna, bert = self.hard()
        self.world.run(1.5)
        self.assertEqual(("relay", "relay"), self.paths(anna, bert))
        self.until(lambda: self.paths(anna, bert) == ("direct", "direct"), 20)
        self.world.run(10)
        self.assertEqual(PunchCounters(1, SOCKETS, 1), anna.counters)
        self.assertEqual((1, 1), (bert.counters.rounds, bert.counters.hits))
        self.assertLessEqual(len(bert.sent), PROBES)
        self.assertEqual(len(bert.sent), bert.counters.packets)
        self.assertEqual({"203.0.113.1"}, {to.host for to in bert.sent})
        self.assertEqual(1, len(anna.host.sockets))
        self.assertEqual(1, len(anna.host.rewritten))
        self.assertEqual({}, bert.host.sockets)

    def test_both_ends_decide(self) -> None:
        """It works whichever end has the lower WireGuard key."""
        anna, bert = self.hard(NatKind.PORT_RESTRICTED, NatKind.SYMMETRIC)
        self.until(lambda: self.paths(anna, bert) == ("direct", "direct"), 20)

    def test_stays(self) -> None:
        """The way stays: no packet of birthday probing is sent in ten minutes that follow."""
        anna, bert = self.hard()
        self.until(lambda: self.paths(anna, bert) == ("direct", "direct"), 20)
        before = anna.counters, bert.counters
        self.world.run(600)
        self.assertEqual(before, (anna.counters, bert.counters))
        self.assertEqual(("direct", "direct"), self.paths(anna, bert))

    def test_soft_pairs(self) -> None:
        """Where plain punching works, or the chance is too small, nothing is sent."""
        anna, bert = self.hard(NatKind.SYMMETRIC, NatKind.SYMMETRIC)
        self.world.run(30)
        self.assertEqual(("relay", "relay"), self.paths(anna, bert))
        self.assertEqual((PunchCounters(), PunchCounters()), (anna.counters, bert.counters))

    def test_router_restarts(self) -> None:
        """A way that died is given back with its socket, the relay takes over, and another round finds a new way."""
        anna, bert = self.hard()
        self.until(lambda: self.paths(anna, bert) == ("direct", "direct"), 20)
        first = set(anna.host.sockets)
        anna.host.forget()
        self.until(lambda: self.paths(anna, bert) == ("relay", "relay"), 20)
        self.until(lambda: self.paths(anna, bert) == ("direct", "direct"), 60)
        self.assertEqual(2, anna.counters.rounds)
        self.assertEqual((1, 1), (len(anna.host.sockets), len(anna.host.rewritten)))
        self.assertNotEqual(set(), first)


class EndTests(PunchingCase):
    """Nothing is left."""

    def test_stop(self) -> None:
        """Stopped before, during and after a round: no socket, no rewriting, no delayed call of its own."""
        for seconds in (1.0, 4.0, 12.0):
            self.setUp()
            anna, bert = self.hard()
            self.world.run(seconds)
            for each in (anna, bert):
                self.successResultOf(each.end())
            self.assertEqual(({}, {}), (anna.host.sockets, anna.host.rewritten))
            spent = anna.counters.packets, bert.counters.packets
            self.world.run(10)
            self.assertEqual(spent, (anna.counters.packets, bert.counters.packets))

    def test_said_at_the_stop(self) -> None:
        """A member's question that comes while the node stops begins no round, and none is left afterwards."""
        anna, bert = self.hard()
        self.successResultOf(anna.end())
        self.world.run(3)
        held = bert.table.closing = Deferred()
        stopping = bert.end()
        say(anna, bert, {})
        self.world.run(5)
        self.assertEqual(([], 0), (bert.sent, bert.counters.rounds))
        held.callback(None)
        self.successResultOf(stopping)
        say(anna, bert, {"round": b"q" * 8})
        self.world.run(5)
        self.assertEqual(([], 0), (bert.sent, bert.counters.rounds))

    def test_stop_under_way(self) -> None:
        """Stopped while the table is being written: it waits for that, then takes all back."""
        anna, _ = self.hard()
        held = anna.table.held = Deferred()
        self.until(lambda: anna.counters.hits, 20)
        stopping = anna.end()
        self.assertNoResult(stopping)
        held.callback(None)
        self.successResultOf(stopping)
        self.assertEqual(({}, {}), (anna.host.sockets, anna.host.rewritten))

    def test_member_gone(self) -> None:
        """With the member go its way and its socket; what was spent stays counted."""
        anna, bert = self.hard()
        self.until(lambda: self.paths(anna, bert) == ("direct", "direct"), 20)
        anna.player.follow([anna.player.member])
        self.world.run(2)
        self.assertEqual(({}, {}), (anna.host.sockets, anna.host.rewritten))
        self.assertEqual(1, anna.counters.rounds)
        self.assertEqual((), tuple(anna.player.links.peers))
        self.successResultOf(bert.end())


class RefusalTests(PunchingCase):
    """What is missing, and what members say."""

    def test_no_nft(self) -> None:
        """Without the program the pair stays on its relay, the reason is shown, and neither end spends a packet."""
        anna, bert = self.hard()
        anna.table.refuses = MissingRight("birthday probing needs the program nft: apt-get install nftables")
        self.world.run(30)
        self.assertEqual(("relay", "relay"), self.paths(anna, bert))
        self.assertIn("apt-get install nftables", anna.counters.why_off)
        self.assertEqual(({}, {}), (anna.host.sockets, anna.host.rewritten))
        self.assertEqual(([], 0, 0), (bert.sent, bert.counters.rounds, anna.counters.packets))
        anna.table.refuses = None
        self.until(lambda: self.paths(anna, bert) == ("direct", "direct"), 120)
        self.assertEqual("", anna.counters.why_off)

    def test_refused_in_the_end(self) -> None:
        """The table promises and does not hold its word: the socket that was hit is closed, the reason is shown."""
        anna, bert = self.hard()
        anna.table.refuses, anna.table.promises = MissingRight("the kernel takes no element"), True
        self.world.run(30)
        self.assertEqual(("relay", "relay"), self.paths(anna, bert))
        self.assertIn("no element", anna.counters.why_off)
        self.assertEqual(({}, {}), (anna.host.sockets, anna.host.rewritten))

    def test_no_sockets(self) -> None:
        """Likewise where so many sockets cannot be opened."""
        anna, bert = self.hard()
        anna.refuses = LanrageError("256 sockets for birthday probing cannot be opened: too many open files")
        self.world.run(30)
        self.assertEqual(("relay", "relay"), self.paths(anna, bert))
        self.assertIn("too many", anna.counters.why_off)
        self.assertEqual({}, anna.host.sockets)

    def test_no_sockets_for_another(self) -> None:
        """One member's packets were in vain; no other member is asked until there are sockets to be had."""
        anna, bert = self.hard()
        anna.refuses = LanrageError("256 sockets for birthday probing cannot be opened: too many open files")
        self.world.run(30)
        carl = Hard(self, "carl", 3, NatKind.PORT_RESTRICTED)
        self.world.meet("anna", "bert", "carl")
        carl.player.use()
        self.world.run(60)
        self.assertEqual((1, 0), (bert.counters.rounds, carl.counters.rounds))
        self.assertEqual([], carl.sent)
        anna.refuses = None
        self.until(lambda: self.paths(anna, carl) == ("direct", "direct"), 120)
        self.assertEqual("", anna.counters.why_off)

    def test_lies(self) -> None:
        """Another session, another address, an address that is none, another key: no packet leaves."""
        anna, bert = self.hard()
        self.successResultOf(anna.end())
        self.world.run(3)
        for change in ({"session": b"x" * 8}, {"answers": b"x" * 8}, {"host": "198.51.100.66"}, {"host": "nowhere"}):
            say(anna, bert, change)
        say(anna, bert, {}, key=b"k" * 32)
        self.world.run(5)
        self.assertEqual([], bert.sent)
        say(anna, bert, {})
        self.world.run(5)
        self.assertEqual(PROBES, len(bert.sent))
        say(anna, bert, {"round": b"q" * 8})
        self.world.run(5)
        self.assertEqual(PROBES, len(bert.sent))

    def test_datagrams(self) -> None:
        """Bytes at a socket that are no verified probe of the member, or one of another session, hit nothing."""
        anna, bert = self.hard()
        self.until(lambda: anna.host.sockets, 20)
        bert.punching.counters.rounds = 0
        link = bert.player.links.peers[anna.player.keys.identity.public]
        tag = probes.sender_tag(self.world.kit.party_id, bert.player.keys.wireguard.public)
        good = Probe(ProbeKind.PING, tag, link.plan.session, b"t" * 8)
        wrong = [
            attrs.evolve(good, session=b"x" * 8),
            attrs.evolve(good, tag=b"x" * 8),
            attrs.evolve(good, kind=ProbeKind.DECIDE, decision=9),
        ]
        receive = next(iter(anna.host.sockets.values()))[1]
        for probe in wrong:
            receive(probes.encode(probe, link.keys.probe, link.plan.peer_session))
        receive(probes.encode(good, b"k" * 32, link.plan.peer_session))
        receive(probes.encode(good, link.keys.probe, b"of old.."))
        receive(b"LRNG")
        self.assertEqual(0, anna.counters.hits)
        receive(probes.encode(good, link.keys.probe, link.plan.peer_session))
        self.assertEqual(1, anna.counters.hits)
