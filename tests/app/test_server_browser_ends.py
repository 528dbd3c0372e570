"""Servers that end, come back, or cannot be reached for a while."""

from __future__ import annotations

from ipaddress import IPv4Address

from lanrage.core.server_entry import Joinable
from tests.app.test_server_browser import CARA, HOSTS_ARENA, LOOK, PLACE, BrowserCase
from tests.browser_world import answering
from tests.strategies_servers import ADDRESSES


class EndTests(BrowserCase):
    """One member's, mostly."""

    def test_back_after_silence(self) -> None:
        """One that fell silent, ended and came back is asked as any other, though its end was no change of the list."""
        self.host(HOSTS_ARENA)
        self.world.run(20.0)
        del self.world.client.servers[PLACE]
        self.world.run(12.0)
        self.host()
        self.assertEqual(0, len(self.browser.queries._pace))
        self.world.run(60.0)
        self.world.client.servers[PLACE] = answering()
        self.host(HOSTS_ARENA)
        self.world.run(1.0)
        self.assertIs(Joinable.YES, self.world.only().verdict.joinable)

    def test_outage(self) -> None:
        """A link that is down for some seconds empties no list; when it is up again the servers are asked at once."""
        self.host(HOSTS_ARENA)
        self.browser._heard(IPv4Address(ADDRESSES[1]), 27999, answering())
        self.world.client.servers[ADDRESSES[1], 27999] = answering()
        self.world.run(20.0)
        self.world.dead.add(IPv4Address(ADDRESSES[1]))
        servers, self.world.client.servers = self.world.client.servers, {}
        self.world.run(12.0)
        verdicts = [(each.verdict.joinable, each.verdict.reason, each.missed) for each in self.browser.all()]
        self.assertEqual([(Joinable.NO, "there is no way to Ben now", 0)] * 2, verdicts)
        self.world.dead.clear()
        self.world.client.servers = servers
        self.world.run(LOOK)
        self.assertEqual([Joinable.YES] * 2, [each.verdict.joinable for each in self.browser.all()])
        self.world.dead.add(IPv4Address(ADDRESSES[1]))
        self.world.client.servers = {}
        self.world.run(45.0)
        self.assertEqual(27960, self.world.only().port)

    def test_goodbye_stays(self) -> None:
        """A server that said goodbye is not brought back by another member's word, nor by that of its own node that is
        what it was; by another one it is."""
        self.host(HOSTS_ARENA)
        self.browser._heard(IPv4Address(ADDRESSES[1]), 27960, answering(closing=True))
        self.host(HOSTS_ARENA, member=CARA)
        self.assertEqual(ADDRESSES[2], self.world.only().origin.address)
        self.host(HOSTS_ARENA)
        self.assertEqual(1, len(self.browser.all()))
        self.host()
        self.host(HOSTS_ARENA)
        self.assertEqual(2, len(self.browser.all()))

    def test_opened_again(self) -> None:
        """After a goodbye a lease's repeat does not count, what its member sends anew does; after silence neither."""
        ben = IPv4Address(ADDRESSES[1])
        self.browser._heard(ben, 27960, answering(), True)
        self.browser._heard(ben, 27960, answering(closing=True), True)
        self.browser._heard(ben, 27960, answering())
        self.assertEqual((), self.browser.all())
        self.browser._heard(ben, 27960, answering(), True)
        self.assertEqual(1, len(self.browser.all()))
        self.world.run(5.0)
        del self.world.client.servers[PLACE]
        for _ in range(10):
            self.browser._heard(ben, 27960, answering(), True)
            self.world.run(1.0)
        self.browser._heard(ben, 27960, answering(), True)
        self.assertEqual((), self.browser.all())

    def test_latency_follows(self) -> None:
        """What is measured is the server as it is now."""
        self.browser._heard(IPv4Address(ADDRESSES[1]), 27960, answering())
        self.host(HOSTS_ARENA)
        self.browser._heard(IPv4Address(ADDRESSES[1]), 27960, answering(players=5))
        self.assertEqual(self.world.only().visible, self.browser.latencies._servers[PLACE].server.visible)
