"""Games begin, change and end in any order: ports, tuning and marks are those of the games that run, and no others."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import Any

import attrs
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from twisted.internet.defer import Deferred
from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.game_effects import GameEffects
from lanrage.app.game_mods_own import OwnModLists
from lanrage.app.game_session import PlaySide
from lanrage.core.exposure import Exposure, GuardRules, judge_port
from lanrage.core.game_profile import TrafficClass
from lanrage.core.game_tuning import Marked, tuned, wishes_of
from lanrage.core.play_ports import SPANS_LIMIT, PlayPorts, Source, merged
from tests.app.link_world import LinkWorld, Player
from tests.fakes_running_games import ARMA, FILES, TEEWORLDS, MemoryMarks, MemoryProfiles, MemoryWatch, running, udp

KNOWN = ("teeworlds", "arma", "files", "unheard-of")


class Games(RuleBasedStateMachine):
    """The effects against what the watch says."""

    def __init__(self) -> None:
        super().__init__()
        self.watch, self.profiles, self.ports = MemoryWatch(), MemoryProfiles(), PlayPorts()
        self.ports.put(Source.USER, "lan.ports", (udp(5000),), "named")
        self.ports.put(Source.FIXED, "doom", (udp(5029),), "a list")
        self.effects = GameEffects()
        self.told = 0
        self.effects.listen(self.count)
        self.following = False

    def count(self) -> None:
        """A listener."""
        self.told += 1

    @rule(game=st.sampled_from(KNOWN), listens=st.sets(st.integers(1, 9000), max_size=4))
    def put(self, game: str, listens: set[int]) -> None:
        """It begins, or listens elsewhere."""
        self.watch.put(running(game, *(udp(port) for port in sorted(listens))))

    @precondition(lambda self: self.watch.games)
    @rule(data=st.data())
    def end(self, data: st.DataObject) -> None:
        """One ends."""
        self.watch.end(data.draw(st.sampled_from(sorted(self.watch.games))))

    @rule(game=st.sampled_from((TEEWORLDS, ARMA, FILES)), keepalive=st.integers(5, 30), port=st.integers(1, 9000))
    def write_profile(self, game: Any, keepalive: int, port: int) -> None:
        """The user writes a profile."""
        uses = (attrs.evolve(game.ports[0], span=udp(port)),)
        self.profiles.put(attrs.evolve(game, keepalive=keepalive, ports=uses))

    @rule()
    def turn(self) -> None:
        """Noticing games begins or stops."""
        self.following = not self.following
        if self.following:
            self.effects.follow(self.watch, self.profiles, self.ports)
            self.effects.watching(True)
        else:
            self.effects.stop()

    @invariant()
    def union(self) -> None:
        """Exactly what the running games want stands; nothing while nobody notices them."""
        games = self.watch.games if self.following else {}
        wishes = {name: wishes_of(each, self.profiles.get(name)) for name, each in games.items()}
        assert self.ports.of(Source.DETECTED) == merged(span for each in wishes.values() for span in each.ports)
        assert self.effects.games == tuple(sorted(games))
        assert self.effects.tuning == tuned(wishes)
        assert self.ports.of(Source.USER) == (udp(5000),)
        assert self.ports.of(Source.FIXED) == (() if self.following else (udp(5029),))

    @invariant()
    def nobody_listens(self) -> None:
        """After the stop it hears of no game."""
        assert len(self.watch.listeners) == len(self.profiles.listeners) == int(self.following)


class EffectsTests(SynchronousTestCase):
    """One node's effects."""

    def test_games(self) -> None:
        """The machine above, in any order."""
        run_state_machine_as_test(Games, settings=settings(max_examples=40, stateful_step_count=15, deadline=None))

    def test_firewall_follows(self) -> None:
        """With the exposure ``games`` a port is let in from the game's start to its end; a kept one never is."""
        watch, ports = MemoryWatch(), PlayPorts()
        GameEffects().follow(watch, MemoryProfiles(), ports)

        def lets_in(port: int) -> bool:
            return judge_port(GuardRules.of(Exposure.GAMES, ports), "udp", port).admitted

        self.assertFalse(lets_in(8303))
        watch.put(running("teeworlds", udp(8303), udp(2049)))
        self.assertEqual([lets_in(8303), lets_in(2049), lets_in(9999)], [True, False, False])
        watch.end("teeworlds")
        self.assertFalse(lets_in(8303))

    def test_too_many_ports(self) -> None:
        """A game whose ports the registry refuses changes nothing, is told of, and its end is no error."""
        watch, ports, profiles = MemoryWatch(), PlayPorts(), MemoryProfiles()
        effects = GameEffects()
        effects.follow(watch, profiles, ports)
        for number in range(300):
            watch.put(running(f"game-{number}", udp(3000 + 2 * number)))
        with capturedLogs() as events:
            watch.put(running("one-more", udp(9999)))
        self.assertTrue(any("are not opened" in (event.get("log_format") or "") for event in events))
        self.assertEqual(len(effects.games), 256)
        watch.end("one-more")
        watch.end("game-0")
        watch.put(running("one-more", udp(9999)))
        self.assertIn("one-more", effects.games)
        self.assertLess(SPANS_LIMIT, len(effects.games))


class TuningCase(SynchronousTestCase):
    """Two players with a link; Anna's machine notices games."""

    def setUp(self) -> None:
        """They have met, and nothing runs."""
        self.world = LinkWorld()
        self.anna, self.bert = self.world.player("anna", 1), self.world.player("bert", 2)
        self.world.meet("anna", "bert")
        self.world.run(3.0)
        self.watch, self.profiles, self.marks = MemoryWatch(), MemoryProfiles(), MemoryMarks()
        self.side = PlaySide.make(self.world.clock, lambda size: b"\x80" * size, OwnModLists.make(self.world.clock))
        self.joined = self.join()
        self.side.follow(self.watch, self.profiles, PlayPorts())

    def join(self) -> Any:
        """Anna's session."""
        anna = self.anna
        return self.side.join(anna.links, anna.channel, anna.tunnel, self.marks, 51820)

    def keepalive(self, of: Player | None = None) -> int:
        """What WireGuard has for the other player."""
        player = of or self.anna
        return next(iter(player.tunnel.peers.values())).keepalive

    def settled(self) -> tuple[int, int, Any]:
        """Keepalive, MTU and marks, after a second."""
        self.world.run(0.99)
        return self.keepalive(), self.anna.tunnel.mtu, self.marks.standing


class TuningTests(TuningCase):
    """Links while games run."""

    def test_life(self) -> None:
        """Within a second of the game's start keepalive, MTU and marks are its own, and as before after its end."""
        before = self.settled()
        self.assertEqual(before[1:], (1280, None))
        self.watch.put(running("teeworlds", udp(8303)))
        marks = (51820, (Marked(TrafficClass.REALTIME, (udp(8303, 8310),)),), TrafficClass.REALTIME)
        self.assertEqual(self.settled(), (10, 1400, marks))
        self.watch.end("teeworlds")
        self.assertEqual(self.settled(), before)

    def test_two_games(self) -> None:
        """The lower of both counts, and what is left when one of them ends is the other's."""
        self.watch.put(running("teeworlds"))
        self.watch.put(running("arma"))
        self.assertEqual(self.settled()[:2], (7, 1400))
        self.watch.end("teeworlds")
        self.assertEqual(self.settled()[:2], (7, 1280))

    def test_no_more_than_the_nat_needs(self) -> None:
        """A game asks for keepalives more often, never for fewer."""
        usual = self.settled()[0]
        self.profiles.known["arma"] = attrs.evolve(ARMA, keepalive=usual + 60)
        self.watch.put(running("arma"))
        self.assertEqual(self.settled()[0], usual)

    def test_session_ends(self) -> None:
        """A session that ends leaves tunnel and marks as they were; the next one has what runs, at once."""
        self.watch.put(running("teeworlds"))
        self.settled()
        self.joined.stop()
        self.assertEqual(self.settled()[1:], (1280, None))
        self.joined = self.join()
        self.assertEqual(self.settled()[:2], (10, 1400))

    def test_node_stops(self) -> None:
        """Nothing of a game that still runs is left when the node notices none any more."""
        before = self.settled()
        self.watch.put(running("teeworlds"))
        self.settled()
        self.side.stop()
        self.assertEqual(self.settled(), before)
        self.watch.put(running("arma"))
        self.assertEqual(self.settled(), before)

    def test_device_gone(self) -> None:
        """A tunnel that somebody removed is told of once; marks and the next session are not in its way."""
        Deferred.fromCoroutine(self.anna.tunnel.destroy())
        with capturedLogs() as events:
            self.watch.put(running("teeworlds"))
            self.assertIsNotNone(self.settled_marks())
        self.assertEqual(sum("MTU of" in (event.get("log_format") or "") for event in events), 1)

    def settled_marks(self) -> Any:
        """The marks after a second."""
        self.world.run(0.99)
        return self.marks.standing

    def test_addresses(self) -> None:
        """The tuning is of links alone: who the members are stays as it is."""
        self.watch.put(running("teeworlds"))
        self.settled()
        self.assertEqual(self.anna.links.ready_addresses(), {IPv4Address("10.66.0.2")})
