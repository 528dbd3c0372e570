"""Keepalives of many connections by few timers, and deadlines that are what they say; time by a clock."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase

from lanrage.net.control_client import ControlClient, Dialling
from lanrage.net.control_server import ServerFactory
from lanrage.net.control_session import LOGIN_TIMEOUT
from lanrage.net.websocket import BUCKET, CHUNK, PING_INTERVAL, PING_TIMEOUT, KeepaliveTimers
from tests.fakes_channel import SERVER_KEY, MemoryNetwork, RecordingDesk
from tests.fakes_control import SeededRandom, node_keys

IDLE = 1000
STEP = 0.01


class TimersTests(SynchronousTestCase):
    """The timers alone."""

    def setUp(self) -> None:
        """A clock that does not begin at a whole second."""
        self.clock = Clock()
        self.clock.advance(1.37)
        self.timers = KeepaliveTimers.on(self.clock)
        self.called: list[tuple[int, float]] = []

    def later(self, number: int, delay: float = PING_INTERVAL) -> object:
        """A call that writes down when it came."""
        return self.timers.call_later(delay, lambda: self.called.append((number, self.clock.seconds())))

    def run_(self, seconds: float) -> None:
        """Time, in small steps."""
        for _ in range(round(seconds / STEP)):
            self.clock.advance(STEP)

    @given(delays=st.lists(st.floats(PING_INTERVAL, 60.0), max_size=300), start=st.floats(0.0, 3.0))
    def test_within_a_bucket(self, delays: list[float], start: float) -> None:
        """Each call comes once, and not more than a bucket (and its chunks) early or late."""
        self.setUp()
        self.clock.advance(start)
        began = self.clock.seconds()
        for number, delay in enumerate(delays):
            self.later(number, delay)
        self.assertLessEqual(len(self.clock.getDelayedCalls()), 60.0 / BUCKET)
        for _ in range(64):
            self.clock.advance(1.0)
        self.assertEqual(list(range(len(delays))), sorted(number for number, _ in self.called))
        for number, at in self.called:
            self.assertLessEqual(abs(at - began - delays[number]), 2 * BUCKET)
        self.assertEqual([], self.clock.getDelayedCalls())

    def test_short_deadlines_are_exact(self) -> None:
        """What waits less than a keepalive comes when it should."""
        self.later(1, 1.25)
        self.clock.advance(1.24)
        self.assertEqual([], self.called)
        self.clock.advance(0.02)
        self.assertEqual(1, len(self.called))

    def test_cancelled(self) -> None:
        """Calls that were taken back, before or while their bucket is worked off, do not come; twice is no error."""
        calls = [self.later(number) for number in range(5 * CHUNK)]
        for call in calls[:CHUNK]:
            call.cancel()  # type: ignore[attr-defined]
            call.cancel()  # type: ignore[attr-defined]
        while not self.called:
            self.clock.advance(STEP)
        self.assertEqual(CHUNK, len(self.called))
        again = self.later(-1)
        for call in [*calls[3 * CHUNK :], again]:
            call.cancel()  # type: ignore[attr-defined]
        self.run_(2 * PING_INTERVAL)
        self.assertEqual(list(range(CHUNK, 3 * CHUNK)), [number for number, _ in self.called])
        self.assertEqual([], self.clock.getDelayedCalls())

    def test_not_in_one_instant(self) -> None:
        """A full bucket is worked off in chunks."""
        for number in range(10 * CHUNK):
            self.later(number)
        self.run_(PING_INTERVAL + 2)
        instants = [at for _, at in self.called]
        self.assertEqual(10 * CHUNK, len(instants))
        self.assertLessEqual(max(instants.count(at) for at in set(instants)), CHUNK)

    def test_a_clock_of_ours(self) -> None:
        """Timers of two clocks know nothing of each other: txaio's global reactor has no part in it."""
        other = Clock()
        KeepaliveTimers.on(other).call_later(PING_INTERVAL, self.called.append, (0, 0.0))
        self.run_(PING_INTERVAL + 2)
        self.assertEqual([], self.called)
        other.advance(PING_INTERVAL)
        self.assertEqual([(0, 0.0)], self.called)


class KeepaliveTests(SynchronousTestCase):
    """Real connections; the server has a clock of its own, on which only its timers stand."""

    def setUp(self) -> None:
        """A server."""
        self.clock, self.net, self.desk = Clock(), MemoryNetwork(), RecordingDesk()
        self.factory = ServerFactory(self.clock, SERVER_KEY, self.desk, SeededRandom("keepalive"))
        self.net.servers["server:1"] = self.factory

    def dial(self, number: int) -> ControlClient:
        """A client that is logged in."""
        random = SeededRandom(number)
        dialling = Dialling(self.net.endpoint, lambda: 1.0, random)
        client = ControlClient(self.net.clock, node_keys(number), ("server:1",), dialling=dialling)
        client.startService()
        self.addCleanup(client.stopService)
        return client

    def run_(self, seconds: float) -> None:
        """Time at the server, and what is said meanwhile."""
        for number in range(round(seconds / 0.1)):
            self.clock.advance(0.1)
            if number % 5 == 0:
                self.net.settle()

    def test_idle_connections_share_timers(self) -> None:
        """A thousand idle connections need a handful of timers at any time, and all of them live on."""
        clients = [self.dial(number) for number in range(IDLE)]
        self.net.settle()
        for _ in range(IDLE):  # logins take their turns
            self.clock.advance(0)
            self.net.settle()
        self.assertEqual(IDLE, len(self.desk.opened_))
        most = 0
        for _ in range(round(2.5 * PING_INTERVAL)):
            self.run_(1.0)
            most = max(most, len(self.clock.getDelayedCalls()))
        self.assertLessEqual(most, 2 * PING_INTERVAL / BUCKET)
        self.assertTrue(all(client.connected for client in clients))
        pings = [connection.autoPingPendingSeq for connection in self.desk.opened_]
        self.assertLessEqual(2, min(pings))

    def test_dead_peer(self) -> None:
        """Who answers no ping is found within the interval, the timeout and a bucket for each."""
        self.dial(1)
        self.net.settle()
        (connection,) = self.desk.opened_
        self.net.pumps.clear()
        for _ in range(int(PING_INTERVAL + PING_TIMEOUT + 2 * BUCKET)):
            self.clock.advance(1.0)
        self.assertTrue(connection.transport.disconnecting or connection.transport.disconnected)

    def test_login_deadline_is_exact(self) -> None:
        """It ends when it says, not when a bucket is full."""
        self.clock.advance(0.75)
        for _ in range(3):
            self.factory.buildProtocol(None).makeConnection(StringTransport())
        self.clock.advance(LOGIN_TIMEOUT - 0.001)
        self.assertEqual({}, self.factory.refusals)
        self.clock.advance(0.002)
        self.assertEqual({"late": 3}, self.factory.refusals)
