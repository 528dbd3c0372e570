"""The watch: when it looks, what it tells, and that it bothers nobody."""

from __future__ import annotations

from collections.abc import Callable

from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.lifetime_test import DELAY, LifetimeTest
from lanrage.app.nat_watch import AGAIN_DELAY, LEAST_GAP, PERIOD, RETRY, NatSurroundings, NatWatch
from lanrage.core.keepalive import REMEMBERED
from lanrage.core.links import Endpoint
from lanrage.core.nat import Filtering, Mapping, NatKind
from lanrage.interfaces import IProbePort
from tests.fakes_control import SeededRandom
from tests.fakes_nat import INSIDE, ONE, PORTS, WIREGUARD, Nat, NatWorld, SparePort

FIRST = Endpoint(ONE, PORTS[0])
RUN = 6.0
"""Seconds in which a run is over."""


class WatchCase(SynchronousTestCase):
    """A watch in a world."""

    def setUp(self) -> None:
        """Behind a full cone, connected; not in use yet."""
        self.world = NatWorld(Nat())
        self.world.reflectors()
        self.connected, self.reached = True, False
        self.kinds: list[NatKind] = []
        self.watch = self.make(None)
        self.addCleanup(lambda: self.assertEqual([], self.world.clock.getDelayedCalls()))
        self.addCleanup(self.end)

    def end(self) -> None:
        """Stop the watch that is in use last."""
        self.watch.stop()

    def make(self, lifetimes: LifetimeTest | None) -> NatWatch:
        """Another watch, instead."""
        around = NatSurroundings(
            lambda: self.world.own, lambda: self.connected, lambda: self.reached, self.kinds.append
        )
        watch = NatWatch(self.world.clock, self.world.send, around, SeededRandom(1), lifetimes)
        self.world.receivers[WIREGUARD] = watch.received
        return watch

    def asked(self, run: Callable[[], None]) -> int:
        """How many requests `run` makes."""
        before = len(self.world.sent)
        run()
        return len(self.world.sent) - before


class WatchTests(WatchCase):
    """Runs and their reasons."""

    def test_the_kind_is_told_once(self) -> None:
        """With the first run; then there is silence until the period is over."""
        self.watch.use((FIRST,))
        self.world.run(0.5)
        self.assertEqual(self.kinds, [NatKind.FULL_CONE], "told before the hairpin is known")
        self.world.run(RUN)
        self.assertEqual((self.kinds, self.watch.facts.hairpin), ([NatKind.FULL_CONE], False))
        self.assertEqual(self.asked(lambda: self.world.run(PERIOD - 2 * RUN)), 0)
        self.assertGreater(self.asked(lambda: self.world.run(2 * RUN)), 0)
        self.assertEqual(self.kinds, [NatKind.FULL_CONE])
        self.assertLess(self.watch.age or PERIOD, 2 * RUN)

    def test_the_same_reflectors_again(self) -> None:
        """The control link came back: nothing is asked anew; other reflectors are."""
        self.watch.use((FIRST,))
        self.world.run(RUN)
        self.watch.use((FIRST,))
        self.assertEqual(self.asked(lambda: self.world.run(RUN)), 0)
        self.watch.use((FIRST, Endpoint(ONE, PORTS[1])))
        self.assertGreater(self.asked(lambda: self.world.run(RUN)), 0)

    def test_another_network(self) -> None:
        """After a change of addresses, and when the outside address changed, the kind is looked at soon."""
        self.watch.use((FIRST,))
        self.world.run(RUN)
        self.world.nat = Nat(Mapping.ADDRESS_AND_PORT, outer="198.51.100.20")
        self.watch.moved()
        self.world.run(RUN)
        self.assertEqual(self.kinds[-1], NatKind.SYMMETRIC)
        self.world.nat = Nat(Mapping.INDEPENDENT, Filtering.ADDRESS_AND_PORT, outer="198.51.100.21")
        self.watch.seen(Endpoint("198.51.100.21", 40001), FIRST)
        self.world.run(RUN)
        self.assertEqual(self.kinds[-1], NatKind.PORT_RESTRICTED)

    def test_changes_in_a_row(self) -> None:
        """They cost a run each five seconds at most."""
        self.watch.use((FIRST,))
        self.world.run(RUN)

        def flapping() -> None:
            for port in range(60):
                self.watch.seen(Endpoint("198.51.100.7", 50000 + port), FIRST)
                self.watch.moved()
                self.world.run(0.5)

        self.assertLess(self.asked(flapping), 20 * (30 / LEAST_GAP + 1))

    def test_no_answer_at_first(self) -> None:
        """Blocked is told at once, and tried again; when UDP comes through, the kind."""
        self.world.lost = lambda: True
        self.watch.use((FIRST,))
        self.world.run(3.0)
        self.assertEqual(self.kinds, [NatKind.BLOCKED])
        self.world.lost = lambda: False
        self.world.run(RETRY + RUN)
        self.assertEqual(self.kinds, [NatKind.BLOCKED, NatKind.FULL_CONE])

    def test_no_answer_later(self) -> None:
        """One silent run is not believed, two are."""
        self.watch.use((FIRST,))
        self.world.run(RUN)
        self.world.lost = lambda: True
        self.watch.moved()
        self.world.run(3.0)
        self.assertEqual(self.kinds, [NatKind.FULL_CONE])
        self.world.run(AGAIN_DELAY + LEAST_GAP + 3.0)
        self.assertEqual(self.kinds, [NatKind.FULL_CONE, NatKind.BLOCKED])

    def test_it_is_not_udp(self) -> None:
        """Without the control server, or where members are reached, silence is not called blocked."""
        self.world.lost = lambda: True
        for self.connected, self.reached in ((False, False), (True, True)):
            self.watch.use((FIRST,))
            self.world.run(RETRY)
        self.assertEqual(self.kinds, [])

    def test_a_reflector_on_this_machine(self) -> None:
        """It sees nothing of what is around: it is not asked."""
        self.watch.use((Endpoint("127.0.0.1", 3478), Endpoint(INSIDE, 3478)))
        self.assertEqual(self.asked(lambda: self.world.run(2 * RETRY)), 0)
        self.assertEqual(self.kinds, [])

    def test_rubbish(self) -> None:
        """What is no STUN, or not ours, changes nothing."""
        self.watch.received(b"early", FIRST)
        self.watch.use((FIRST,))
        self.world.run(0.06)
        self.watch.received(b"rubbish", FIRST)
        self.world.run(RUN)
        self.assertEqual(self.kinds, [NatKind.FULL_CONE])

    def test_stop(self) -> None:
        """In the middle of a run, nothing is left."""
        self.watch.use((FIRST,))
        self.world.run(0.06)
        self.watch.stop()
        self.assertEqual(self.asked(lambda: self.world.run(PERIOD)), 0)
        self.watch.moved()
        self.watch.seen(FIRST, FIRST)


class LifetimeTests(WatchCase):
    """The lifetime beside the kind."""

    def setUp(self) -> None:
        """A NAT that forgets after 40 s."""
        super().setUp()
        self.world.nat.lifetime = 40.0
        self.ports: list[SparePort] = []
        self.watch = self.make(LifetimeTest(self.world.clock, self.port, SeededRandom(2)))

    def port(self) -> IProbePort:
        """A port of the machine."""
        self.ports.append(SparePort(self.world))
        port: IProbePort = self.ports[-1]
        return port

    def test_found(self) -> None:
        """In the background, after a while, once; its ports are closed then."""
        self.watch.use((FIRST,))
        self.world.run(DELAY - 1)
        self.assertEqual((self.watch.lifetime, self.ports), (None, []))
        self.world.run(200)
        self.assertEqual(self.watch.lifetime, 30.0)
        self.assertEqual([port.open_at for port in self.ports], [0, 0])
        self.world.run(2 * PERIOD)
        self.assertEqual(len(self.ports), 2)

    def test_another_network(self) -> None:
        """Forgets it, and tests anew."""
        self.watch.use((FIRST,))
        self.world.run(200)
        self.watch.moved()
        self.assertIsNone(self.watch.lifetime)
        self.world.run(200)
        self.assertEqual((self.watch.lifetime, len(self.ports)), (30.0, 4))

    def test_stopped(self) -> None:
        """While it waits for silence to pass."""
        self.watch.use((FIRST,))
        self.world.run(DELAY + 20)
        self.assertNotIn(0, [port.open_at for port in self.ports])
        self.watch.stop()
        self.assertEqual([port.open_at for port in self.ports], [0, 0])

    def test_a_mapping_that_was_lost(self) -> None:
        """Between two questions for our address: its lifetime is shorter than their distance."""
        self.watch.use((FIRST,))
        for port in (1, 2):
            self.watch.seen(Endpoint("198.51.100.7", port), FIRST)
        self.assertEqual(self.watch.lifetime, 25.0)
        self.watch.moved()
        self.assertIsNone(self.watch.lifetime)

    def test_a_loss_long_ago(self) -> None:
        """It is forgotten though nothing more is told of the address, as where it does not change."""
        self.watch.use((FIRST,))
        for port in (1, 2):
            self.watch.seen(Endpoint("198.51.100.7", port), FIRST)
        self.watch.stop()
        self.world.clock.advance(REMEMBERED)
        self.assertEqual(self.watch.lifetime, 25.0)
        self.world.clock.advance(1)
        self.assertIsNone(self.watch.lifetime)

    def test_another_reflector_is_no_comparison(self) -> None:
        """A symmetric NAT shows each reflector another port."""
        self.watch.use((FIRST,))
        for port in (1, 2):
            self.watch.seen(Endpoint("198.51.100.7", port), Endpoint(FIRST.host, FIRST.port + port))
        self.assertIsNone(self.watch.lifetime)

    def test_no_port_to_be_had(self) -> None:
        """It is told in the log, and nothing is known."""
        self.world.spare = 0
        self.watch.use((FIRST,))
        self.world.run(DELAY + RUN)
        self.assertEqual((self.watch.lifetime, [port.open_at for port in self.ports]), (None, [0]))

    def test_no_nat(self) -> None:
        """Nothing to test."""
        self.world.nat = Nat(Mapping.NONE)
        self.watch.use((FIRST,))
        self.world.run(DELAY + RUN)
        self.assertEqual((self.kinds, self.ports), ([NatKind.OPEN], []))
