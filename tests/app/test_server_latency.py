"""Latency is measured by the first way that answers, a few at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import attrs
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.server_latency import AT_ONCE, AT_ONCE_EACH, ServerLatencies
from lanrage.core.server_browser import ServerTable
from lanrage.core.server_entry import Server
from lanrage.core.server_latency import SAMPLE_GAP, LatencyMethod, ServerLatency
from lanrage.errors import MissingRight, Unreachable
from tests.strategies_servers import ADDRESSES, sighting

PING, QUERY, CONNECT, NAME = LatencyMethod


def servers(count: int = 1) -> list[Server]:
    """Some of one member."""
    table = ServerTable()
    for port in range(1, count + 1):
        table.heard(sighting(port=port), 0.0)
    return list(table.all())


@attrs.define
class Way:
    """Answers from a list; where that ends, nothing does. `None` means that it cannot be used."""

    samples: Iterator[float | Exception | None]
    asked: int = 0

    def __call__(self, server: Server) -> Deferred[float] | None:
        """One sample."""
        del server
        self.asked += 1
        sample = next(self.samples, Unreachable("silence"))
        if sample is None:
            return None
        return fail(sample) if isinstance(sample, Exception) else succeed(sample)


def way(*samples: float | Exception | None) -> Way:
    """That gives these."""
    return Way(iter(samples))


class LatencyTests(SynchronousTestCase):
    """One server."""

    def setUp(self) -> None:
        self.clock = Clock()

    def measure(self, **ways: Way) -> ServerLatencies:
        """One measurement is over; ways by their names."""
        made = ServerLatencies(self.clock, {LatencyMethod(name): each for name, each in ways.items()})
        made.follow(servers())
        made.tick()
        self.clock.pump([SAMPLE_GAP] * 12)
        self.addCleanup(made.stop)
        return made

    def value(self, made: ServerLatencies) -> tuple[LatencyMethod | None, float | None]:
        """What was measured, and how."""
        state = made.of(servers()[0].key)
        assert state is not None
        return state.method, state.value

    def test_median(self) -> None:
        """Of three samples, some time apart; other ways are not used."""
        query = way(0.5)
        self.assertEqual((PING, 0.02), self.value(self.measure(icmp=way(0.9, 0.02, 0.01), query=query)))
        self.assertEqual(0, query.asked)

    def test_fallbacks(self) -> None:
        """What is silent, not allowed, or of no use is followed by the next; it is given up after two losses."""
        ping = way(MissingRight("no"), MissingRight("no"), 0.1)
        made = self.measure(icmp=ping, query=way(None), connect=way(0.03, Unreachable("lost"), 0.05), dns=way(0.9))
        self.assertEqual(((CONNECT, 0.04), 2), (self.value(made), ping.asked))

    def test_nothing(self) -> None:
        """Nothing answers: no value, and it is tried again after ten seconds."""
        ping = way()
        made = self.measure(icmp=ping)
        self.assertEqual(((None, None), 2), (self.value(made), ping.asked))
        self.clock.advance(10.0)
        made.tick()
        self.clock.pump([SAMPLE_GAP] * 3)
        self.assertEqual(4, ping.asked)

    def test_interval(self) -> None:
        """Not before it is due."""
        ping = way(*[0.01] * 99)
        made = self.measure(icmp=ping)
        made.tick()
        self.assertEqual(3, ping.asked)
        for _ in range(9):
            self.clock.advance(10.0)
            made.tick()
            self.clock.pump([SAMPLE_GAP] * 3)
        self.assertEqual(30, ping.asked)
        self.clock.advance(50.0)
        made.tick()
        self.assertEqual(30, ping.asked)
        self.clock.advance(10.0)
        made.tick()
        self.assertEqual(31, ping.asked)

    def test_from_the_beginning(self) -> None:
        """The interval counts from when a measurement was due, however long it took and however late the tick was."""
        ping = way(*[0.01] * 99)
        self.clock.advance(0.7)
        made = self.measure(icmp=ping)
        self.clock.advance(10.7 - self.clock.seconds())
        made.tick()
        self.assertEqual(4, ping.asked)

    def test_bugs(self) -> None:
        """A way with a bug is logged; the server is measured again later."""
        made = self.measure(icmp=way(RuntimeError("a bug")))
        self.assertEqual((None, None), self.value(made))
        self.assertEqual(1, len(self.flushLoggedErrors(RuntimeError)))


class ManyTests(SynchronousTestCase):
    """Several servers."""

    def test_dead_ones_do_not_hold_up_others(self) -> None:
        """Two members' servers that never answer leave room for a third's; all together are bounded."""
        clock, waiting = Clock(), []

        def slow(server: Server) -> Deferred[float]:
            waiting.append(server.origin.address)
            return Deferred()

        table = ServerTable()
        for member in range(4):
            for port in range(1, 9):
                table.heard(sighting(member, port), 0.0)
        made = ServerLatencies(clock, {PING: slow})
        made.follow(table.all())
        made.tick()
        self.assertEqual(dict.fromkeys(ADDRESSES, AT_ONCE_EACH), dict(Counter(waiting)))
        self.assertEqual(AT_ONCE, len(waiting))
        made.stop()

    def test_failures_back_off(self) -> None:
        """Each time in vain the next is put off twice as long, to a minute; an answer ends that."""
        state = ServerLatency()
        intervals = []
        for _ in range(12):
            state.missed()
            intervals.append(state.interval)
        self.assertEqual([10.0, 20.0, 40.0, *[60.0] * 9], intervals)
        state.measured(PING, [0.01], 1.0)
        self.assertEqual(10.0, state.interval)

    def test_few_at_once(self) -> None:
        """The rest waits; who goes is given up, and at the end all are."""
        clock, waiting, given_up = Clock(), [], []

        def slow(server: Server) -> Deferred[float]:
            asking: Deferred[float] = Deferred(lambda _: given_up.append(server.port))
            waiting.append(asking)
            return asking

        made = ServerLatencies(clock, {PING: slow})
        made.follow(servers(10))
        made.tick()
        made.tick()
        self.assertEqual(AT_ONCE_EACH, len(waiting))
        made.follow(servers(10)[1:])
        self.assertEqual([1], given_up)
        self.assertIsNone(made.of(servers()[0].key))
        made.tick()
        self.assertEqual(AT_ONCE_EACH + 1, len(waiting))
        made.stop()
        self.assertEqual([1, 2, 3], sorted(given_up))
        self.assertEqual([], clock.getDelayedCalls())
