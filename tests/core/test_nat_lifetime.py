"""The lifetime of a mapping is found between two silences, and never claimed where it cannot be."""

from __future__ import annotations

from functools import partial
from random import Random

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.interfaces import IDelayedCall

from lanrage.core.links import Endpoint
from lanrage.core.nat import Filtering, Mapping
from lanrage.core.nat_lifetime import SILENCES, LifetimeProbe, PortAsk
from lanrage.wire import stun
from tests.fakes_control import SeededRandom
from tests.fakes_nat import ONE, PORTS, Nat, NatWorld

FIRST = Endpoint(ONE, PORTS[0])
QUIET, VOICE = 40001, 40002
KINDS = [(m, f) for m in Mapping for f in Filtering if m is not Mapping.UNKNOWN and f is not Filtering.UNKNOWN]
WHOLE = sum(SILENCES) + 60
"""Seconds in which any test is over."""


@attrs.define(eq=False)
class Runner:
    """Joins a probe to a world by two ports.

    :ivar sent: how many requests went out.
    """

    world: NatWorld
    probe: LifetimeProbe
    sent: int = 0
    _timer: IDelayedCall | None = None

    def run(self, seconds: float = WHOLE) -> LifetimeProbe:
        """From start to end."""
        clock = self.world.clock
        for quiet, port in ((True, QUIET), (False, VOICE)):
            self.world.receivers[port] = partial(self.received, quiet)
        self.go_on(self.probe.start(clock.seconds()))
        self.world.run(seconds)
        return self.probe

    def received(self, quiet: bool, payload: bytes, source: Endpoint) -> None:
        """STUN at a port."""
        message = stun.decode(payload)
        now = self.world.clock.seconds()
        self.go_on(self.probe.heard(quiet, message.transaction, stun.reply(message, source), now))

    def tick(self) -> None:
        """The deadline."""
        self.go_on(self.probe.tick(self.world.clock.seconds()))

    def go_on(self, asks: list[PortAsk]) -> None:
        """Send, and wait."""
        for each in asks:
            self.sent += 1
            self.world.send(stun.request(each.ask), each.ask.to, QUIET if each.quiet else VOICE)
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        deadline = self.probe.deadline()
        if deadline is not None:
            clock = self.world.clock
            self._timer = clock.callLater(max(0.0, deadline - clock.seconds()), self.tick)


def outcome(nat: Nat) -> LifetimeProbe:
    """A test to its end."""
    world = NatWorld(nat)
    world.reflectors(1, 1)
    probe = Runner(world, LifetimeProbe(FIRST, SeededRandom(1))).run()
    assert probe.done
    return probe


@pytest.mark.parametrize(("mapping", "filtering"), KINDS)
def test_every_kind(mapping: Mapping, filtering: Filtering) -> None:
    """A NAT that keeps mappings for 40 s: 30 s are outlived, 45 s are not."""
    if mapping is Mapping.NONE and filtering is Filtering.INDEPENDENT:
        return  # nothing there has a lifetime
    probe = outcome(Nat(mapping, filtering, lifetime=40.0))
    assert (probe.survived, probe.expired, probe.lifetime) == (30.0, 45.0, 30.0)


def test_longer_than_asked() -> None:
    """The longest silence is what is known."""
    probe = outcome(Nat())
    assert (probe.survived, probe.expired, probe.lifetime) == (SILENCES[-1], None, SILENCES[-1])


def test_shorter_than_asked() -> None:
    """Half of the first silence is the guess."""
    probe = outcome(Nat(lifetime=5.0))
    assert (probe.survived, probe.expired, probe.lifetime) == (0.0, SILENCES[0], SILENCES[0] / 2)


class TestUnusable:
    """Nothing is claimed."""

    def test_no_answer(self) -> None:
        """The reflector is gone."""
        probe = Runner(NatWorld(), LifetimeProbe(FIRST, SeededRandom(1))).run()
        assert (probe.done, probe.usable, probe.lifetime) == (True, False, None)

    def test_refused(self) -> None:
        """The reflector does not know RESPONSE-PORT: here, since a NAT maps to a system port."""
        nat = Nat()
        nat.next_port = 99
        probe = outcome(nat)
        assert (probe.usable, probe.lifetime) == (False, None)

    def test_the_other_port_has_another_address(self) -> None:
        """A NAT with a pool of addresses: the answer goes astray, which is seen before any silence."""
        probe = outcome(Nat(pool={VOICE: "198.51.100.8"}))
        assert (probe.usable, probe.lifetime) == (False, None)

    def test_another_network_meanwhile(self) -> None:
        """What was outlived before stands; the rest is not judged."""
        world = NatWorld(Nat())
        world.reflectors(1, 1)
        runner = Runner(world, LifetimeProbe(FIRST, SeededRandom(1)))
        runner.run(SILENCES[0] + 4.0)
        assert runner.probe.survived == SILENCES[0]
        world.nat.restart()
        world.run(WHOLE)
        assert (runner.probe.done, runner.probe.lifetime, runner.probe.expired) == (True, SILENCES[0], SILENCES[1])


@settings(max_examples=40)
@given(st.sampled_from(KINDS), st.integers(0, 2**32), st.sampled_from([0.0, 0.2, 0.5, 1.0]), st.floats(1.0, 300.0))
def test_any_loss(kind: tuple[Mapping, Filtering], seed: int, loss: float, lifetime: float) -> None:
    """It ends, with bounded requests, and what it says was outlived was."""
    dice = Random(seed)
    world = NatWorld(Nat(*kind, lifetime=lifetime), lost=lambda: dice.random() < loss)
    world.reflectors(1, 1)
    runner = Runner(world, LifetimeProbe(FIRST, SeededRandom(seed)))
    probe = runner.run()
    assert probe.done
    assert runner.sent <= 5 * (2 + 2 * len(SILENCES))
    if kind != (Mapping.NONE, Filtering.INDEPENDENT):
        assert probe.survived <= lifetime
