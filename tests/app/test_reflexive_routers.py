"""A node behind a router learns its outside address: other ports, restarts, names that have no address yet."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.reflexive import RESOLVE_RETRY, RETRIES, ROUND_INTERVAL, ReflexiveWatch
from lanrage.core.links import Endpoint
from lanrage.wire.stun import Kind, Message, encode
from tests.fakes_control import SeededRandom
from tests.fakes_threads import ThreadClock
from tests.fakes_underlay import Underlay, UnderlayPort

ONE, TWO = Endpoint("203.0.113.1", 3478), Endpoint("203.0.113.2", 3478)
LOCAL = Endpoint("127.0.0.1", 3478)
PORT = 51820


class ReflexiveTests(SynchronousTestCase):
    """One node behind a router, two reflectors."""

    def setUp(self) -> None:
        """The world, with the watch not yet in use."""
        self.clock = ThreadClock()
        self.underlay = Underlay(self.clock, 0.01)
        self.host = self.underlay.host("192.168.1.2", "198.51.100.7")
        self.port = UnderlayPort(self.underlay, self.host)
        self.told: list[tuple[Endpoint, ...]] = []
        self.watch = ReflexiveWatch(self.clock, self.port.send, self.told.append, SeededRandom(1))
        self.port.open(PORT, lambda payload, source, local: self.watch.received(payload, source))
        for endpoint in (ONE, TWO, LOCAL):
            self.underlay.reflector(endpoint)

    def run_until(self, end: float) -> None:
        """Let time pass."""
        while self.clock.seconds() < end - 1e-9:
            calls = [call.getTime() for call in self.clock.getDelayedCalls()]
            self.clock.advance(max(0.0, min([end, *calls]) - self.clock.seconds()))

    def asked(self, of: Endpoint = ONE) -> int:
        """How many requests went to a reflector."""
        return self.underlay.sent.get(of, 0)

    def mapped(self) -> Endpoint:
        """The router's port for us now."""
        return self.host.out(PORT, ONE)

    def test_seen(self) -> None:
        """One mapping seen by two reflectors is one address; it is told once, and each is asked once a round."""
        self.watch.use((str(ONE), str(TWO)))
        self.run_until(20.0)
        self.assertEqual([(self.mapped(),)], self.told)
        self.assertEqual((self.mapped(),), self.watch.seen)
        self.assertEqual((1, 1), (self.asked(ONE), self.asked(TWO)))
        self.run_until(2 * ROUND_INTERVAL + 1)
        self.assertEqual((3, 3), (self.asked(ONE), self.asked(TWO)))
        self.assertEqual(1, len(self.told))

    def test_symmetric(self) -> None:
        """A router that gives each reflector another port is seen with both, in the reflectors' order."""
        self.host.symmetric = True
        self.watch.use((str(TWO), str(ONE)))
        self.run_until(1.0)
        expected = (self.host.out(PORT, TWO), self.host.out(PORT, ONE))
        self.assertEqual(expected, self.watch.seen)
        self.assertEqual(2, len(set(expected)))

    def test_retries(self) -> None:
        """A lost request is sent again, at the times that the table tells, and no more once it is answered."""
        lost = [True]
        self.underlay.drops = lambda source, to: to == ONE and lost[0]
        self.watch.use((str(ONE),))
        times = []
        for step in range(1, 300):
            before = self.asked()
            self.run_until(step * 0.01)
            times += [round((step - 1) * 0.01, 2)] * (self.asked() - before)
        self.assertEqual(len(RETRIES), len(times))
        for wanted, got in zip(RETRIES, times, strict=True):
            self.assertLessEqual(abs(wanted - got), 0.011)
        self.assertEqual([], self.told)
        lost[0] = False
        self.run_until(ROUND_INTERVAL + 0.05)
        self.assertEqual([(self.mapped(),)], self.told)
        self.run_until(2 * ROUND_INTERVAL - 1)
        self.assertEqual(len(RETRIES) + 1, self.asked())

    def test_changed_mapping(self) -> None:
        """After a router's restart the new address is told within a round."""
        self.watch.use((str(ONE),))
        self.run_until(1.0)
        old = self.mapped()
        self.host.forget()
        self.run_until(ROUND_INTERVAL + 0.1)
        self.assertNotEqual(old, self.mapped())
        self.assertEqual([(old,), (self.mapped(),)], self.told)

    def test_refusals(self) -> None:
        """Nobody but the reflector asked, with the transaction asked, tells us anything."""
        sent: list[bytes] = []
        self.underlay.services[ONE] = lambda payload, source: sent.append(payload)
        self.watch.use((str(ONE),))
        self.run_until(0.05)
        transaction = sent[0][8:20]
        lie = Endpoint("203.0.113.66", 6)
        good = encode(Message(Kind.SUCCESS, transaction, mapped=lie))
        self.watch.received(good, TWO)
        self.watch.received(encode(Message(Kind.SUCCESS, b"x" * 12, mapped=lie)), ONE)
        self.watch.received(encode(Message(Kind.REQUEST, transaction, mapped=lie)), ONE)
        self.watch.received(encode(Message(Kind.SUCCESS, transaction)), ONE)
        self.watch.received(good[:-1], ONE)
        self.watch.received(b"", ONE)
        self.assertEqual([], self.told)
        self.watch.received(good, ONE)
        self.assertEqual([(lie,)], self.told)
        self.watch.received(encode(Message(Kind.SUCCESS, transaction, mapped=TWO)), ONE)
        self.assertEqual([(lie,)], self.told)

    def test_names(self) -> None:
        """A name is resolved in a thread; what is no address of anything is left out, the others are asked."""
        self.watch.use(("localhost:3478", "no such host", f"{ONE.host}:99999", "a..b:5", str(ONE)))
        self.run_until(1.0)
        self.assertEqual((1, 1), (self.asked(LOCAL), self.asked(ONE)))
        self.assertEqual([(self.mapped(),)], self.told)

    def test_names_that_resolve_later(self) -> None:
        """A name without an address is looked up again."""
        self.watch.use(("a..b:5",))
        calls = [round(call.getTime(), 6) for call in self.clock.getDelayedCalls()]
        self.assertIn(RESOLVE_RETRY, calls)
        self.run_until(RESOLVE_RETRY + 1)
        again = [round(call.getTime(), 6) for call in self.clock.getDelayedCalls()]
        self.assertIn(2 * RESOLVE_RETRY, again)

    def test_another_set(self) -> None:
        """Other reflectors take the place of the former; what those saw is forgotten."""
        self.watch.use((str(ONE),))
        self.run_until(1.0)
        self.host.symmetric = True
        self.watch.use((str(TWO),))
        self.run_until(2.0)
        self.assertEqual((self.host.out(PORT, TWO),), self.watch.seen)
        self.run_until(ROUND_INTERVAL * 2)
        self.assertEqual(1, self.asked(ONE))

    def test_stop(self) -> None:
        """After stop nothing waits, is asked or told; also while names are resolved."""
        self.watch.use((str(ONE),))
        self.watch.stop()
        self.underlay.close()
        self.assertEqual([], self.clock.getDelayedCalls())
        self.clock.held = []
        self.watch.use(("localhost:3478",))
        self.watch.stop()
        self.clock.let_go()
        self.assertEqual([], self.clock.getDelayedCalls())
        self.assertEqual([], self.told)
        self.assertEqual([], self.flushLoggedErrors())
