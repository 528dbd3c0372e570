"""Heads of the ledger among members: all come to the highest valid one, and two histories raise the alarm."""

from __future__ import annotations

import hashlib
import heapq
import itertools
import random as random_module

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.heads import (
    ASK_PAUSE,
    ASK_TRIES,
    CLAIM_BURST,
    CLAIM_RATE,
    HEAD_INTERVAL,
    HEAD_JITTER,
    TELL_BURST,
    WANT_BURST,
    Forked,
    Head,
    HeadAction,
    Heads,
    SendHead,
    SendRecords,
    SendWant,
)

NONE = Head(0, bytes(32))


def chain(branch: str, length: int, common: int = 0) -> list[bytes]:
    """Records of a history; two branches share the first `common` ones."""
    return [f"{'common' if n < common else branch} {n}".encode() for n in range(length)]


def head_of(records: list[bytes]) -> Head:
    """The head of a chain of hashes."""
    value = bytes(32)
    for record in records:
        value = hashlib.sha256(value + record).digest()
    return Head(len(records), value)


@attrs.define
class Node:
    """A member with a ledger that takes only what continues it and is of the true history.

    :ivar alarms: whom it has an alarm about, each time.
    """

    records: list[bytes]
    valid: list[bytes]
    heads: Heads
    alarms: list[str] = attrs.field(factory=list)


@attrs.define
class World:
    """Members joined by a network that loses and reorders."""

    random: random_module.Random
    loss: float
    nodes: dict[str, Node] = attrs.field(factory=dict)
    now: float = 0.0
    sent: int = 0
    _queue: list[tuple[float, int, str, str, object]] = attrs.field(factory=list)
    _count: itertools.count[int] = attrs.field(factory=itertools.count)

    def add(self, records: list[bytes], valid: list[bytes]) -> None:
        """Another member, who takes records of `valid`."""
        self.nodes[f"n{len(self.nodes)}"] = Node(list(records), valid, Heads(head_of(records), self.random.random))

    def start(self) -> None:
        """Each link comes up, at both ends at different times."""
        for name, node in self.nodes.items():
            for other in self.nodes:
                if other != name:
                    self.do(name, node.heads.ready(other.encode(), self.now))

    def do(self, name: str, actions: list[HeadAction]) -> None:
        """Carry out what a machine wants."""
        node = self.nodes[name]
        for action in actions:
            if isinstance(action, Forked):
                node.alarms.append(action.who.decode())
                continue
            to = action.to.decode()
            if isinstance(action, SendHead):
                self._send(name, to, head_of(node.records))
            elif isinstance(action, SendWant):
                self._send(name, to, action.after)
            else:
                for epoch in range(action.after, len(node.records), 2):  # two to a datagram
                    self._send(name, to, (epoch, node.records[epoch : epoch + 2]))

    def _send(self, sender: str, to: str, message: object) -> None:
        self.sent += 1
        if self.random.random() >= self.loss:
            heapq.heappush(self._queue, (self.now + self.random.random(), next(self._count), sender, to, message))

    def _arrive(self, sender: str, to: str, message: object) -> None:
        node, who = self.nodes[to], sender.encode()
        if isinstance(message, Head):
            self.do(to, node.heads.heard(who, message, self.now))
        elif isinstance(message, int):
            self.do(to, node.heads.wanted(who, message, self.now))
        elif isinstance(message, tuple):
            epoch, records = message
            for record in records[max(0, len(node.records) - epoch) :]:
                if len(node.records) >= epoch and node.valid[len(node.records) :][:1] == [record]:
                    node.records.append(record)
            self.do(to, node.heads.changed(head_of(node.records), self.now))

    def run(self, seconds: float) -> None:
        """Let time pass."""
        end = self.now + seconds
        while True:
            times = [end, *(entry[0] for entry in self._queue[:1])]
            times += [due for node in self.nodes.values() if (due := node.heads.deadline()) is not None]
            self.now = max(self.now, min(times))
            if self.now >= end:
                return
            while self._queue and self._queue[0][0] <= self.now:
                _, _, sender, to, message = heapq.heappop(self._queue)
                self._arrive(sender, to, message)
            for name, node in self.nodes.items():
                self.do(name, node.heads.tick(self.now))


class WorldTests(SynchronousTestCase):
    """Many members, a bad network."""

    @settings(max_examples=40, deadline=None)
    @given(st.lists(st.integers(0, 12), min_size=2, max_size=6), st.integers(0, 2**32), st.floats(0, 0.4))
    def test_all_come_to_the_highest(self, lengths: list[int], seed: int, loss: float) -> None:
        """Honest members have the highest head of all within a few tellings, whatever is lost; nobody alarms."""
        truth = chain("true", max(lengths))
        world = World(random_module.Random(seed), loss)
        for length in lengths:
            world.add(truth[:length], truth)
        world.start()
        world.run(8 * HEAD_INTERVAL)
        self.assertEqual({head_of(truth)}, {node.heads.own for node in world.nodes.values()})
        self.assertEqual([], [alarm for node in world.nodes.values() for alarm in node.alarms])

    @settings(max_examples=30, deadline=None)
    @given(st.integers(0, 5), st.integers(1, 3), st.integers(1, 3), st.integers(0, 2**32), st.floats(0, 0.4))
    def test_two_histories(self, common: int, ones: int, others: int, seed: int, loss: float) -> None:
        """Who has another record at our epoch is an alarm, once for each pair, at both ends."""
        world = World(random_module.Random(seed), loss)
        one, other = chain("one", common + 2, common), chain("other", common + 2, common)
        for number in range(ones):
            world.add(one[: common + 2 * (number % 2)], one)
        world.add(one, one)
        for _ in range(others):
            world.add(other, other)
        world.start()
        world.run(10 * HEAD_INTERVAL)
        first, second = list(world.nodes)[: ones + 1], list(world.nodes)[ones + 1 :]
        for name, node in world.nodes.items():
            expected = second if name in first else first
            self.assertEqual(sorted(expected), sorted(node.alarms), name)

    def test_quiet(self) -> None:
        """Members that agree send one head each to each other in an interval, and nothing else."""
        truth = chain("true", 3)
        world = World(random_module.Random(1), 0.0)
        for _ in range(4):
            world.add(truth, truth)
        world.start()
        world.run(1.0)
        before = world.sent
        world.run(HEAD_INTERVAL * 10)
        self.assertLessEqual(world.sent - before, 12 * 10 * HEAD_INTERVAL / (HEAD_INTERVAL - HEAD_JITTER) + 12)
        self.assertGreaterEqual(world.sent - before, 12 * 8)


class RuleTests(SynchronousTestCase):
    """One member and what it is told."""

    def setUp(self) -> None:
        self.heads = Heads(NONE, lambda: 0.5)

    def test_one_is_asked_at_a_time(self) -> None:
        """Three have more: one is asked, and the next when it does not answer; what came leads to the next question."""
        asked = []
        for who in (b"a", b"b", b"c"):
            asked += [a for a in self.heads.heard(who, Head(5, b"h" * 32), 0.0) if isinstance(a, SendWant)]
        self.assertEqual([SendWant(b"a", 0)], asked)
        self.assertEqual(1.0, self.heads.deadline())
        self.assertEqual([SendWant(b"b", 0)], self.heads.tick(1.0))
        self.assertEqual([], self.heads.changed(Head(2, b"f" * 32), 1.1))
        self.assertEqual([], self.heads.changed(Head(3, b"g" * 32), 1.2))
        self.assertEqual([], self.heads.tick(1.3))
        self.assertEqual([SendWant(b"a", 3)], self.heads.tick(1.2 + ASK_PAUSE))
        self.assertEqual([], self.heads.changed(Head(5, b"h" * 32), 1.5))
        self.assertEqual(30.0, self.heads.deadline())

    def test_liar(self) -> None:
        """A member that claims more than there is costs few questions, and does not keep us from asking others."""
        asked = []
        for second in range(300):
            for action in [
                *self.heads.heard(b"liar", Head(2**53, b"l" * 32), float(second)),
                *self.heads.tick(second + 0.5),
            ]:
                if isinstance(action, SendWant):
                    asked.append(second)
        self.assertLessEqual(len(asked), ASK_TRIES * (CLAIM_BURST + 300 * CLAIM_RATE + 1))
        self.heads.heard(b"true", Head(1, b"t" * 32), 300.0)
        self.assertIn(b"true", [a.to for a in self.heads.tick(301.5) if isinstance(a, SendWant)])

    def test_lower_is_told(self) -> None:
        """Who is behind is told our head, at a bounded rate."""
        self.heads.changed(Head(4, b"h" * 32), 0.0)
        told = [action for _ in range(50) for action in self.heads.heard(b"a", NONE, 0.0)]
        self.assertEqual([SendHead(b"a")] * int(1 + TELL_BURST), told)

    def test_wants(self) -> None:
        """Records are for who is known and lacks some, at a bounded rate."""
        self.heads.changed(Head(4, b"h" * 32), 0.0)
        self.assertEqual([], self.heads.wanted(b"a", 2, 0.0))
        self.heads.ready(b"a", 0.0)
        self.assertEqual([], self.heads.wanted(b"a", 4, 0.0))
        sent = [action for _ in range(50) for action in self.heads.wanted(b"a", 2, 0.0)]
        self.assertEqual([SendRecords(b"a", 2)] * int(WANT_BURST), sent)

    def test_fork_found_by_growing(self) -> None:
        """A head that we heard before we came to its epoch counts, too."""
        self.heads.heard(b"a", Head(2, b"x" * 32), 0.0)
        self.assertEqual([Forked(b"a", Head(2, b"x" * 32))], self.heads.changed(Head(2, b"y" * 32), 0.1))
        self.assertEqual([], self.heads.heard(b"a", Head(2, b"x" * 32), 0.2))

    def test_nobody_there(self) -> None:
        """Without members nothing is due; a new one is told at once."""
        self.heads.ready(b"a", 0.0)
        self.heads.gone(b"a")
        self.assertIsNone(self.heads.deadline())
        self.assertEqual([SendHead(b"a")], self.heads.ready(b"a", 9.0))
        self.assertEqual([], self.heads.ready(b"a", 9.1))
        self.assertEqual([SendHead(b"a")], self.heads.tick(39.0))
