"""Two plans while a game runs: dead and lossy paths are left in time, and bad luck moves nobody."""

from __future__ import annotations

import random
from collections.abc import Collection
from functools import partial

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.links import Endpoint
from lanrage.core.path import Path
from lanrage.core.path_choice import PROOF_NEW, Choice, Reason
from lanrage.core.path_rest import BAD_REST
from tests.core.pair_world import DIRECT, RELAY, PairWorld

MINUTE, HOUR = 60.0, 3600.0


def in_game(seed: int = 0, *, delay: float = 0.02, relay_delay: float = 0.03) -> PairWorld:
    """A pair on its direct path with a relay beside, in the middle of a game, for 15 s."""
    world = PairWorld(seed=seed, rate=20, delay=delay, relay_delay=relay_delay)
    world.offer("a")
    world.offer("b")
    world.relay(True)
    world.run(15.0)
    return world


def loss(world: PairWorld, seed: int, direct: float, relay: float = 0.0, senders: str = "ab") -> None:
    """From now on so much of each direction is lost at random, of what `senders` send."""
    source = random.Random(seed)
    world.delivers = partial(_delivered, source, direct, relay, senders)


def _delivered(source: random.Random, direct: float, relay: float, senders: str, sender: str, relayed: bool) -> bool:
    return sender not in senders or source.random() >= (relay if relayed else direct)


def until(world: PairWorld, path: str, limit: float, step: float = 0.05) -> float:
    """Seconds until both ends are on `path`, or infinity."""
    start = world.now
    while world.now < start + limit:
        world.run(step)
        if world.agreed() == path:
            return world.now - start
    return float("inf")


def moves(world: PairWorld) -> int:
    """How often the pair moved."""
    return world.sides["a"].plan.moves


def percentile(values: list[float], share: float) -> float:
    """The value below which so many are."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


class DeathTests(SynchronousTestCase):
    """A path that is blocked."""

    def test_blocked(self) -> None:
        """The relay carries a game within 1.2 s after the direct path was blocked, in any phase, either direction."""
        times = []
        for seed in range(30):
            world = in_game(seed)
            world.run(seed * 0.037)
            loss(world, seed, 1.0, senders=("a", "b", "ab")[seed % 3])
            times.append(until(world, "relay", 5.0))
        self.assertLess(percentile(times, 0.95), 1.2)
        self.assertLess(max(times), 1.5)

    def test_shared_outage(self) -> None:
        """When all is silent for a second, nobody moves: no other path answered since."""
        world = in_game()
        before = moves(world)
        loss(world, 0, 1.0, 1.0)
        world.run(1.0)
        loss(world, 0, 0.0)
        world.run(MINUTE)
        self.assertEqual(("direct", before), (world.agreed(), moves(world)))

    def test_hiccup(self) -> None:
        """A direct path that is silent for 400 ms, each minute, is kept."""
        world = in_game()
        before = moves(world)
        for _ in range(5):
            loss(world, 0, 1.0)
            world.run(0.4)
            loss(world, 0, 0.0)
            world.run(MINUTE)
        self.assertEqual(before, moves(world))


class RebindingTests(SynchronousTestCase):
    """A router gives one end another port while a game runs."""

    def test_either_end(self) -> None:
        """Both ends are on the new address within two seconds, with a relay beside and without."""
        for name in "ab":
            for relay in (True, False):
                world = in_game()
                world.relay(relay)
                world.where[name] = Endpoint(DIRECT[name].host, 40000)
                self.assertLess(until(world, "direct", 10.0), 2.0, (name, relay))
                world.run(30.0)
                self.assertEqual("direct", world.agreed())


class LossTests(SynchronousTestCase):
    """A path that loses packets."""

    def test_left_and_taken_again(self) -> None:
        """20 % of the packets of each direction lost, relay clean: left within 5 s; healed: back after the rest."""
        times = []
        for seed in range(60):
            world = in_game(seed)
            loss(world, seed, 0.2)
            times.append(until(world, "relay", 10.0))
            if seed < 5:
                self.assertIs(Reason.LOSSY, world.sides["a"].plan.history[-1].reason)
                loss(world, seed, 0.0)
                back = until(world, "direct", BAD_REST + 5.0)
                self.assertGreater(back, BAD_REST - 5.0)
        self.assertLess(percentile(times, 0.5), 3.0)
        self.assertLess(max(times), 5.0)

    def test_of_one_direction(self) -> None:
        """20 % lost in one direction alone is as well noticed, whichever it is, if later."""
        times = []
        for seed in range(40):
            world = in_game(seed)
            loss(world, seed, 0.2, senders="ab"[seed % 2])
            times.append(until(world, "relay", 20.0))
        self.assertLess(percentile(times, 0.5), 5.5)
        self.assertLess(max(times), 20.0)

    def test_everywhere(self) -> None:
        """Where the relay loses as much, nobody moves more than twice in five minutes."""
        for seed in range(3):
            world = in_game(seed)
            before = moves(world)
            loss(world, seed, 0.2, 0.2)
            world.run(5 * MINUTE)
            self.assertLessEqual(moves(world) - before, 2)

    def test_little_but_lasting(self) -> None:
        """A tenth of the probes lost, for long: left within two minutes."""
        world = in_game()
        loss(world, 0, 0.1)
        self.assertLess(until(world, "relay", 2 * MINUTE, step=0.5), 2 * MINUTE)

    @settings(max_examples=8)
    @given(st.integers(0, 2**32), st.floats(2.0, 60.0), st.floats(2.0, 60.0), st.floats(0.1, 1.0))
    def test_flapping(self, seed: int, on: float, off: float, share: float) -> None:
        """Loss that comes and goes for five minutes, however it does: at most one move a minute."""
        world = in_game(seed)
        before, end = moves(world), world.now + 5 * MINUTE
        while world.now < end:
            seed += 1
            loss(world, seed, share)
            world.run(min(on, end - world.now))
            loss(world, seed, 0.0)
            world.run(min(off, max(0.0, end - world.now)))
        self.assertLessEqual(moves(world) - before, 5)
        self.assertIsNotNone(world.agreed())

    def test_bad_luck(self) -> None:
        """An hour of a game with 2 % of all packets lost at random, on one path or both: at most one needless move."""
        for relay in (0.02, 0.0):
            world = in_game(int(100 * relay))
            world.rate = 5.0
            before = moves(world)
            loss(world, 7, 0.02, relay)
            world.run(HOUR)
            self.assertLessEqual(moves(world) - before, 1)
            self.assertEqual("direct", world.agreed())


class GameTests(SynchronousTestCase):
    """The match lock, and what probing costs."""

    def test_upgrade_is_proven_first(self) -> None:
        """A direct path that opens while a game runs by the relay is taken after five answers in a row."""
        world = PairWorld(rate=20, delivers=lambda sender, relayed: relayed or world.now > 20)
        world.offer("a")
        world.offer("b")
        world.relay(True)
        world.run(20.0)
        self.assertEqual("relay", world.agreed())
        self.assertLess(until(world, "direct", 40.0), 35.0)
        path = world.sides["a"].plan.current
        assert path is not None
        self.assertTrue(path.clean(PROOF_NEW))

    def test_relay_much_nearer(self) -> None:
        """A direct path across half the world is left for a relay in between, also in a game, and not taken again."""
        world = in_game(relay_delay=0.02)
        world.delay = 0.12
        world.run(30.0)
        self.assertEqual("relay", world.agreed())
        self.assertIs(Reason.SLOW, world.sides["a"].plan.history[-1].reason)
        before = moves(world)
        world.run(5 * MINUTE)
        self.assertEqual(before, moves(world))

    def test_relay_a_little_nearer(self) -> None:
        """A small gain moves nothing, whether a game runs or not."""
        for rate in (0.0, 20.0):
            world = in_game(delay=0.03, relay_delay=0.02)
            world.rate = rate
            world.run(2 * MINUTE)
            self.assertEqual("direct", world.agreed())

    def test_cost(self) -> None:
        """Probes take at most 1 KiB/s of each end while a game runs, with loss as without; hardly any when it ends."""
        for share in (0.0, 0.05, 0.2):
            world = in_game()
            loss(world, 1, share, share)
            world.run(MINUTE)
            for side in world.sides.values():
                mine = [size for at, size in side.probe_bytes if at > world.now - 30.0]
                self.assertLessEqual(sum(mine) / 30.0, 1024.0)
        world.rate = 0.0
        loss(world, 1, 0.0)
        world.run(MINUTE)
        for side in world.sides.values():
            side.probe_bytes.clear()
        world.run(10 * MINUTE)
        for side in world.sides.values():
            self.assertLess(len(side.probe_bytes), 10 * 60 / 5)

    def test_pace(self) -> None:
        """In a game the decider pings ten times a second on the path in use, once on the other; the other end less."""
        world = in_game()
        start = {name: len(side.probe_bytes) for name, side in world.sides.items()}
        world.run(10.0)
        sizes = {name: [size for _, size in side.probe_bytes[start[name] :]] for name, side in world.sides.items()}
        self.assertTrue(106 <= sizes["a"].count(46) <= 112, sizes["a"].count(46))
        self.assertLess(sizes["b"].count(46), 10)

    def test_history(self) -> None:
        """Each move is taken down with its reason and how good both paths were."""
        world = in_game()
        loss(world, 3, 0.3)
        self.assertLess(until(world, "relay", 10.0), 10.0)
        for name, reason in (("a", Reason.LOSSY), ("b", Reason.PEER)):
            history = world.sides[name].plan.history
            self.assertEqual((1, 2), (len(history) - 1, world.sides[name].plan.moves))
            move = history[-1]
            self.assertEqual((reason, True, DIRECT[PairWorld.other(name)]), (move.reason, move.playing, move.left))
            self.assertEqual(RELAY[name], move.taken.endpoint)
            self.assertAlmostEqual(0.06, move.rtt or 0.0, places=3)
        decided = world.sides["a"].plan.history[-1]
        self.assertGreater(decided.left_loss, 0.1)
        self.assertGreater(decided.score or 0.0, decided.left_score or 0.0)


class StallTests(SynchronousTestCase):
    """A clock that went back: WireGuard refuses the handshakes of that end."""

    def test_during_a_game(self) -> None:
        """Both ends begin anew before the session ends: once, counted, and the pair is on its path again at once."""
        for side in "ab":
            world = in_game()
            world.handshake_at = world.now
            world.clock_back = {"a", "b"} if side == "b" else {"a"}
            world.run(170.0)
            self.assertEqual(0, sum(s.plan.stall.stalls for s in world.sides.values()))
            world.run(8.0)
            self.assertGreaterEqual(sum(s.plan.stall.stalls for s in world.sides.values()), 1)
            self.assertEqual(("direct", set()), (world.agreed(), world.clock_back))
            world.run(5 * MINUTE)
            self.assertLessEqual(sum(s.plan.stall.stalls for s in world.sides.values()), 2)

    def test_before_the_first_handshake(self) -> None:
        """An end that keeps the other's old time stamp is told to forget it."""
        world = PairWorld(clock_back={"a"})
        world.offer("a")
        world.offer("b")
        world.run(4.0)
        self.assertIsNone(world.agreed())
        world.run(4.0)
        self.assertEqual("direct", world.agreed())

    def test_none(self) -> None:
        """An hour of nothing, and a game in one direction alone, are no stalls."""
        world = in_game()
        world.run(10 * MINUTE)
        world.rate = 0.0
        world.run(HOUR)
        self.assertEqual(0, sum(s.plan.stall.stalls for s in world.sides.values()))


class Still(Choice):
    """Never moves anything by itself."""

    def look(self, paths: Collection[Path], held: Path | None, now: float, *, first: bool, playing: bool) -> None:
        """See :meth:`lanrage.core.path_choice.Choice.look`."""


class SwitchTests(SynchronousTestCase):
    """Agreed switches end on the agreed path."""

    def test_hundred(self) -> None:
        """Of a hundred agreed switches under traffic that makes WireGuard roam, all end where both agreed."""
        world = in_game()
        source = random.Random(5)
        plan = world.sides["a"].plan
        plan._choice = Still()
        for number in range(100):
            target = (RELAY["a"], DIRECT["b"])[number % 2]
            plan._decide(plan.paths[target], "a test", world.now)
            world.run(0.06)
            for side in world.sides.values():
                if source.random() < 0.5:  # a packet of the old path came last
                    side.wireguard = DIRECT[PairWorld.other(side.name)] if number % 2 == 0 else RELAY[side.name]
            world.run(1.0)
            self.assertEqual(("relay", "direct")[number % 2], world.agreed(), number)
