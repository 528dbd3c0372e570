"""The relay by its name, another relay, none at all, too few ports, and the end while something is under way."""

from __future__ import annotations

from typing import Any, cast

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.links import Links
from lanrage.app.relay_links import RelayLinks
from lanrage.app.relay_pair import TICKET_RETRY
from lanrage.app.relay_places import RESOLVE_RETRY
from lanrage.core.links import Endpoint
from lanrage.errors import Unreachable
from lanrage.wire.control import RelayInfo
from lanrage.wire.relay_stun import is_stun
from tests.app.test_relay_links import ANNA, Link, Peers
from tests.core.relay_world import counting
from tests.fakes_threads import ThreadClock

ONE, TWO = RelayInfo("203.0.113.1", 7800, 7801), RelayInfo("203.0.113.2", 7900, 7901)


class RelayNamesTests(SynchronousTestCase):
    """Anna's end; tickets come when the test says so, the relay is silent."""

    def setUp(self) -> None:
        """Two peers."""
        self.clock = ThreadClock()
        self.sent: list[Endpoint] = []
        self.asked: list[Deferred[bytes]] = []
        self.cancelled = 0
        self.peers = Peers({link.identity: link for link in (Link("bert"), Link("carl"))})
        self.relays = RelayLinks(
            self.clock,
            ANNA,
            self._sent,
            cast(Links, self.peers),
            self._ticket,
            counting(),
        )
        self.addCleanup(self._end)

    def _sent(self, payload: bytes, to: Endpoint) -> None:
        if not is_stun(payload):
            self.sent.append(to)

    def _ticket(self, _identity: bytes) -> Deferred[bytes]:
        self.asked.append(Deferred(self._cancel))
        return self.asked[-1]

    def _cancel(self, _deferred: Deferred[Any]) -> None:
        self.cancelled += 1

    def _end(self) -> None:
        self.relays.stop()
        self.assertEqual([], self.clock.getDelayedCalls())
        self.assertEqual([], self.flushLoggedErrors())

    def give(self) -> None:
        """All tickets that are asked for are issued."""
        asked, self.asked = self.asked, []
        for each in asked:
            each.callback(b"a ticket")

    def test_name(self) -> None:
        """A name is resolved; from then on its address is the relay."""
        self.relays.use((RelayInfo("localhost", 7800, 7801),))
        self.assertEqual("127.0.0.1:7800-7801", self.relays.address)
        self.give()
        self.assertEqual({Endpoint("127.0.0.1", 7800), Endpoint("127.0.0.1", 7801)}, set(self.sent))
        relayed = [Endpoint("127.0.0.1", 7800), Endpoint("127.0.0.1", 7802), Endpoint("127.0.0.2", 7800)]
        self.assertEqual([True, False, False], [self.relays.is_relay(each) for each in relayed])
        self.assertEqual(0, self.relays.bound)

    def test_name_without_address(self) -> None:
        """It is told without a traceback, and looked up again; nothing is asked meanwhile."""
        self.relays.use((RelayInfo("a..b", 7800, 7801),))
        self.assertEqual(("", []), (self.relays.address, self.asked))
        self.assertEqual([RESOLVE_RETRY], [call.getTime() for call in self.clock.getDelayedCalls()])
        self.clock.advance(RESOLVE_RETRY)
        self.assertEqual([2 * RESOLVE_RETRY], [call.getTime() for call in self.clock.getDelayedCalls()])
        self.relays.follow()
        self.assertEqual([], self.asked)

    def test_stop_while_resolving(self) -> None:
        """The late address starts nothing."""
        self.clock.held = []
        self.relays.use((RelayInfo("localhost", 7800, 7801),))
        self.relays.stop()
        self.clock.let_go()
        self.assertEqual(("", []), (self.relays.address, self.asked))

    def test_another_while_resolving(self) -> None:
        """The address of the former relay, which comes late, does not count."""
        self.clock.held = []
        self.relays.use((RelayInfo("localhost", 7800, 7801),))
        self.relays.use((ONE,))
        self.clock.let_go()
        self.assertEqual("203.0.113.1:7800-7801", self.relays.address)

    def test_same_relay_again(self) -> None:
        """The control link came up again: nothing is bound anew."""
        for _ in range(3):
            self.relays.use((ONE,))
        self.assertEqual(2, len(self.asked))

    def test_another_relay_and_none(self) -> None:
        """The former relay's ports are given back before the new one's are taken; without a relay there are none."""
        self.relays.use((ONE,))
        self.give()
        self.relays.use((TWO,))
        self.assertEqual(([], "203.0.113.2:7900-7901"), (self.flushLoggedErrors(), self.relays.address))
        self.give()
        self.assertEqual({"203.0.113.1", "203.0.113.2"}, {to.host for to in self.sent})
        self.sent.clear()
        self.relays.use(())
        self.assertEqual(("", 0), (self.relays.address, self.relays.bound))
        self.clock.pump([1.0] * 20)
        self.assertEqual([], self.sent)
        self.assertFalse(self.relays.is_relay(Endpoint("203.0.113.2", 7900)))

    def test_too_few_ports(self) -> None:
        """A relay with fewer ports than peers serves as many as it has; one that leaves makes room."""
        self.relays.use((RelayInfo("203.0.113.1", 7800, 7800),))
        self.assertEqual(1, len(self.asked))
        first = next(iter(self.peers.peers))
        del self.peers.peers[first]
        self.relays.follow()
        self.assertEqual((2, 1), (len(self.asked), self.cancelled))

    def test_leaving_while_asked(self) -> None:
        """A peer that leaves while its ticket is under way: no ticket, no packet, no word in the log."""
        self.relays.use((ONE,))
        self.peers.peers.clear()
        self.relays.follow()
        self.assertEqual(2, self.cancelled)
        for each in self.asked:
            self.assertTrue(each.called)
        self.clock.pump([1.0] * 20)
        self.assertEqual([], self.sent)

    def test_bug_of_the_link(self) -> None:
        """An error that is no refusal is logged as a bug; the ticket is asked for again all the same."""
        self.relays.use((ONE,))
        self.asked[0].errback(RuntimeError("a bug"))
        self.asked[1].errback(Unreachable("the control server is gone"))
        self.assertEqual([RuntimeError], [type(failure.value) for failure in self.flushLoggedErrors()])
        self.asked.clear()
        self.clock.advance(TICKET_RETRY)
        self.assertEqual(2, len(self.asked))

    def test_strangers(self) -> None:
        """Packets from where nothing is bound, or before there is a ticket, are left alone."""
        self.relays.received(b"LRRL" + bytes(20), Endpoint("203.0.113.1", 7800))
        self.relays.use((ONE,))
        self.relays.received(b"LRRL" + bytes(20), Endpoint("203.0.113.1", 7800))
        self.give()
        count = len(self.sent)
        self.relays.received(b"LRRL" + bytes(20), Endpoint("203.0.113.1", 7800))
        self.assertEqual(count, len(self.sent))
