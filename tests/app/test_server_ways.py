"""Samples of latency leave from where questions leave: our party address for whoever is in the party."""

from __future__ import annotations

from typing import Any

import attrs
from twisted.internet.defer import Deferred, succeed
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.server_browser import ServerBrowser
from lanrage.app.server_names import HostNames
from lanrage.app.server_parts import ServerWays, make_browser
from lanrage.core.server_entry import Origin, Server
from lanrage.core.server_latency import LatencyMethod
from tests.app.test_server_latency import servers
from tests.browser_world import BrowserWorld, answering
from tests.fakes_servers import FakeClient, FakeProfiles
from tests.strategies_servers import ADDRESSES


@attrs.define
class FakePinger:
    """Notes who was pinged from where."""

    asked: list[tuple[str, str]] = attrs.field(factory=list)

    def ask(self, address: str, timeout: float, source: str = "") -> Deferred[float]:
        """See :class:`lanrage.net.ping.Pinger`."""
        assert timeout > 0
        self.asked.append((address, source))
        return succeed(0.01)


class SourceTests(SynchronousTestCase):
    """A party in memory."""

    def setUp(self) -> None:
        self.world = BrowserWorld(self)
        self.browser: ServerBrowser = self.world.start()
        self.addCleanup(self.world.stop)
        self.world.run(1.5)
        (self.ben,) = servers()
        self.stranger = attrs.evolve(self.ben, origin=Origin("192.0.2.7"))
        self.reactor: Any = MemoryReactorClock()
        self.pinger, self.client = FakePinger(), FakeClient({self.ben.key: answering()})
        names = HostNames(self.reactor)
        made = ServerWays(self.reactor, self.client, names, self.pinger, self.browser.source)  # type: ignore[arg-type]
        self.ways = made.all()

    def sample(self, method: LatencyMethod, server: Server) -> None:
        """Take one; what becomes of it is of no matter."""
        sample = self.ways[method](server)
        assert sample is not None
        sample.addErrback(lambda _: None)

    def test_members(self) -> None:
        """A member's server: each way from our party address, so that a group, too, is joined on its card."""
        for method in (LatencyMethod.PING, LatencyMethod.QUERY, LatencyMethod.CONNECT):
            self.sample(method, self.ben)
        self.assertEqual([(ADDRESSES[1], ADDRESSES[0])], self.pinger.asked)
        self.assertEqual([("quake3", *self.ben.key, ADDRESSES[0])], self.client.asked)
        self.assertEqual([(ADDRESSES[0], 0)], [each[4] for each in self.reactor.tcpClients])

    def test_others(self) -> None:
        """One that is in no member's hands: from any address."""
        for method in (LatencyMethod.PING, LatencyMethod.QUERY, LatencyMethod.CONNECT):
            self.sample(method, self.stranger)
        self.assertEqual([("192.0.2.7", "")], self.pinger.asked)
        self.assertEqual([None], [each[3] for each in self.client.asked])
        self.assertEqual([None], [each[4] for each in self.reactor.tcpClients])

    def test_one_rule(self) -> None:
        """A node's browser has the same rule for its questions and its samples."""
        made = make_browser(self.reactor, FakeProfiles())
        ways: Any = made.latencies._ways[LatencyMethod.PING]
        self.assertEqual(made.source, made.queries._source)
        self.assertEqual(made.source, ways.__self__._source)
