"""Two plans while a game runs: dead and lossy paths are left in time, and bad luck moves nobody."""

from __future__ import annotations

import random
from functools import partial

from twisted.trial.unittest import SynchronousTestCase

from tests.core.pair_world import PairWorld

MINUTE, HOUR = 60.0, 3600.0


def playing(seed: int = 0, *, delay: float = 0.02, relay_delay: float = 0.03) -> PairWorld:
    """A pair on its direct path with a relay beside, in the middle of a game, for 15 s."""
    world = PairWorld(seed=seed, rate=20, delay=delay, relay_delay=relay_delay)
    world.offer("a")
    world.offer("b")
    world.relay(True)
    world.run(15.0)
    return world


def lossy(world: PairWorld, source: random.Random, direct: float, relay: float, senders: str, *_: object) -> None:
    """Random loss from now on."""


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
            world = playing(seed)
            world.run(seed * 0.037)
            loss(world, seed, 1.0, senders=("a", "b", "ab")[seed % 3])
            times.append(until(world, "relay", 5.0))
        self.assertLess(percentile(times, 0.95), 1.2)
        self.assertLess(max(times), 1.5)
