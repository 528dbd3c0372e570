"""How a node learns its outside address: the watch and reflectors joined in memory, through a NAT, under loss."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.internet.testing import FakeDatagramTransport
from twisted.trial.unittest import SynchronousTestCase, TestCase

from lanrage.app.reflexive import RETRIES, ROUND_INTERVAL, ReflexiveWatch
from lanrage.core.links import Endpoint
from lanrage.net.stun_server import StunReflector
from lanrage.wire.stun import Kind, Message, decode, encode
from tests.core.relay_world import counting
from tests.strategies_stun import datagrams

reactor: Any = _reactor
ONE, TWO = Endpoint("203.0.113.1", 3478), Endpoint("203.0.113.2", 3478)
OUTSIDE = Endpoint("198.51.100.9", 6000)


class World:
    """A node behind a NAT, and reflectors outside.

    :param outside: how each reflector sees the node.
    :param lost: whether a request does not arrive.
    :ivar told: what the watch told, each time.
    """

    def __init__(self, outside: dict[Endpoint, Endpoint], lost: Callable[[], bool] = lambda: False) -> None:
        self.outside, self.lost = outside, lost
        self.clock = Clock()
        self.sent: list[tuple[bytes, Endpoint]] = []
        self.told: list[tuple[Endpoint, ...]] = []
        self.watch = ReflexiveWatch(self.clock, self.send, self.told.append, counting())
        self.reflector = StunReflector(self.clock.seconds)
        self.transport = FakeDatagramTransport()
        self.reflector.makeConnection(self.transport)

    def send(self, payload: bytes, to: Endpoint) -> None:
        """From WireGuard's port; the answer takes 20 ms."""
        self.sent.append((payload, to))
        source = self.outside.get(to)
        if source is None or self.lost():
            return
        self.reflector.datagramReceived(payload, (source.host, source.port))
        answers, self.transport.written = self.transport.written, []
        for answer, _ in answers:
            self.clock.callLater(0.02, self.watch.received, answer, to)

    def run(self, seconds: float) -> None:
        """In steps small enough for answers."""
        self.clock.pump([0.01] * round(seconds / 0.01))


class TestWatch(SynchronousTestCase):
    """Asking, telling, stopping."""

    def world(self, *reflectors: Endpoint) -> World:
        """A watch at work, which leaves nothing behind."""
        world = World(dict.fromkeys(reflectors, OUTSIDE))
        self.addCleanup(lambda: self.assertEqual(world.clock.getDelayedCalls(), []))
        self.addCleanup(world.watch.stop)
        world.watch.use(tuple(map(str, reflectors)))
        return world

    def test_the_outside_address_is_told_once(self) -> None:
        """After one request and one round trip; repeated answers say nothing new, and nothing is asked again."""
        world = self.world(ONE)
        world.run(3)
        self.assertEqual((world.told, world.watch.seen, len(world.sent)), ([(OUTSIDE,)], (OUTSIDE,), 1))
        world.run(3 * ROUND_INTERVAL)
        self.assertEqual((len(world.told), len(world.sent)), (1, 4))

    def test_two_reflectors_that_agree_are_one(self) -> None:
        """Without repetition; where they differ (a symmetric NAT) both are told, in the reflectors' order."""
        world = self.world(ONE, TWO)
        world.run(1)
        self.assertEqual(world.watch.seen, (OUTSIDE,))
        other = Endpoint(OUTSIDE.host, 6001)
        world.outside[TWO] = other
        world.run(ROUND_INTERVAL)
        self.assertEqual(world.told[-1], (OUTSIDE, other))

    def test_other_ports_of_a_host_are_for_others(self) -> None:
        """The first is asked here; whoever tests the NAT is told of all, after the question went out."""
        second = Endpoint(ONE.host, ONE.port + 1)
        world = World(dict.fromkeys((ONE, second), OUTSIDE))
        self.addCleanup(world.watch.stop)
        found: list[tuple[Endpoint, ...]] = []
        noticed: list[tuple[Endpoint, Endpoint]] = []
        world.watch.found = found.append
        world.watch.noticed = lambda seen, by: noticed.append((seen, by))
        world.watch.use((str(ONE), str(second), str(ONE)))
        self.assertEqual(found, [(ONE, second)])
        world.run(1)
        self.assertEqual({to for _, to in world.sent}, {ONE})
        self.assertEqual(noticed, [(OUTSIDE, ONE)])

    def test_who_saw_it(self) -> None:
        """Behind a symmetric NAT the second reflector may answer first: what it saw is not told as the first one's."""
        world = self.world(ONE, TWO)
        noticed: list[tuple[Endpoint, Endpoint]] = []
        world.watch.noticed = lambda seen, by: noticed.append((seen, by))
        other = Endpoint(OUTSIDE.host, 6001)
        world.run(0.01)
        asked = {to: decode(payload).transaction for payload, to in world.sent}
        world.watch.received(encode(Message(Kind.SUCCESS, asked[TWO], mapped=other)), TWO)
        world.watch.received(encode(Message(Kind.SUCCESS, asked[ONE], mapped=OUTSIDE)), ONE)
        world.run(1)  # the answers come once more
        self.assertEqual([(other, TWO), (OUTSIDE, ONE)], noticed)

    def test_a_new_mapping_is_noticed(self) -> None:
        """With the next round."""
        world = self.world(ONE)
        world.run(1)
        world.outside[ONE] = Endpoint(OUTSIDE.host, 7000)
        world.run(ROUND_INTERVAL)
        self.assertEqual(world.told, [(OUTSIDE,), (world.outside[ONE],)])

    def test_a_lost_request_is_repeated(self) -> None:
        """As the page says; then there is silence until the next round."""
        world = self.world()
        world.watch.use((str(ONE),))
        world.run(ROUND_INTERVAL - 1)
        self.assertEqual(len(world.sent), len(RETRIES))
        self.assertEqual(len({payload for payload, _ in world.sent}), 1, "one transaction")
        world.outside[ONE] = OUTSIDE
        world.run(2)
        self.assertEqual(world.told, [(OUTSIDE,)])

    def test_only_the_asked_one_is_believed(self) -> None:
        """By source and transaction; an error or a request says nothing."""
        world = self.world()
        world.watch.use((str(ONE),))
        world.run(0.01)
        transaction = decode(world.sent[0][0]).transaction
        good = encode(Message(Kind.SUCCESS, transaction, mapped=Endpoint("192.0.2.66", 1)))
        world.watch.received(good, TWO)
        world.watch.received(good, Endpoint(ONE.host, 1))
        world.watch.received(encode(Message(Kind.SUCCESS, b"guessed once", mapped=Endpoint("192.0.2.66", 1))), ONE)
        world.watch.received(encode(Message(Kind.ERROR, transaction, error=420)), ONE)
        self.assertEqual(world.told, [])
        world.watch.received(good, ONE)
        self.assertEqual(world.told, [(Endpoint("192.0.2.66", 1),)])

    def test_an_answer_counts_once(self) -> None:
        """A copy that comes in a later round says nothing."""
        world = self.world(ONE)
        world.run(1)
        old = encode(Message(Kind.SUCCESS, decode(world.sent[0][0]).transaction, mapped=Endpoint("192.0.2.66", 1)))
        world.outside.clear()
        world.run(ROUND_INTERVAL)
        world.watch.received(old, ONE)
        self.assertEqual(world.told, [(OUTSIDE,)])

    def test_other_reflectors_take_their_place(self) -> None:
        """What the former one said is forgotten with it."""
        world = self.world(ONE)
        world.run(1)
        world.outside[TWO] = Endpoint(OUTSIDE.host, 6001)
        world.watch.use((str(TWO),))
        world.run(1)
        self.assertEqual(world.watch.seen, (world.outside[TWO],))

    def test_after_the_stop_nothing_happens(self) -> None:
        """Not even on an answer that was under way."""
        world = self.world(ONE)
        world.run(0.01)
        world.watch.stop()
        world.run(2 * ROUND_INTERVAL)
        self.assertEqual((world.told, len(world.sent)), ([], 1))


@settings(max_examples=30)
@given(st.integers(0, 2**32), st.sampled_from([0.2, 0.5]))
def test_it_is_learnt_under_loss(seed: int, loss: float) -> None:
    """At half of all requests lost, within some rounds."""
    dice = Random(seed)
    world = World({ONE: OUTSIDE}, lost=lambda: dice.random() < loss)
    world.watch.use((str(ONE),))
    for _ in range(8):
        if not world.told:
            world.run(ROUND_INTERVAL)
    world.watch.stop()
    assert world.told == [(OUTSIDE,)]


@given(datagrams)
def test_any_bytes_from_the_reflector(datagram: bytes) -> None:
    """It goes on."""
    world = World({ONE: OUTSIDE})
    world.watch.use((str(ONE),))
    world.watch.received(datagram, ONE)
    world.run(0.1)
    world.watch.stop()
    assert world.watch.seen == (OUTSIDE,)


class TestNames(TestCase):
    """Reflectors named by a host name."""

    def make(self) -> tuple[ReflexiveWatch, Deferred[Endpoint]]:
        """A watch, and where its first request goes."""
        asked: Deferred[Endpoint] = Deferred()

        def send(_payload: bytes, to: Endpoint) -> None:
            if not asked.called:
                asked.callback(to)

        watch = ReflexiveWatch(reactor, send, lambda seen: None, counting())
        self.addCleanup(watch.stop)
        return watch, asked

    def test_a_name_is_resolved(self) -> Deferred[None]:
        """In a thread; one that does not resolve is left out."""
        watch, asked = self.make()
        watch.use(("no-such-host.invalid:3478", "localhost:3479"))
        return asked.addTimeout(10.0, reactor).addCallback(self.assertEqual, Endpoint("127.0.0.1", 3479))

    def test_a_stop_while_resolving_is_no_failure(self) -> None:
        """Nothing is logged, nothing is asked."""
        watch, asked = self.make()
        watch.use(("localhost:3479",))
        watch.stop()
        self.assertFalse(asked.called)
