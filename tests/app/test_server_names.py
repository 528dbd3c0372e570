"""Host names of servers: few threads, whatever the name server does."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.server_names import AT_ONCE, FRESH_SECONDS, HostNames, is_address, look_up
from lanrage.errors import Refused, Unreachable
from tests.fakes_threads import ThreadClock

WAIT = 1.0


class NamesTests(SynchronousTestCase):
    """A resolver in memory."""

    def setUp(self) -> None:
        self.clock = ThreadClock()
        self.hosts = {"play.example.org": "192.0.2.7"}
        self.looked: list[str] = []
        self.names = HostNames(self.clock, self.look)

    def look(self, host: str) -> str:
        """What a thread does."""
        self.looked.append(host)
        if host == "bug":
            raise RuntimeError(host)
        if host not in self.hosts:
            raise OSError(host)
        return self.hosts[host]

    def ask(self, host: str) -> Deferred[str]:
        """Its address."""
        return Deferred.fromCoroutine(self.names.address(host, WAIT))

    def test_kept(self) -> None:
        """A look-up counts for a minute, one that found nothing, too; an address is its own."""
        self.assertEqual("10.66.0.2", self.successResultOf(self.ask("10.66.0.2")))
        for _ in range(2):
            self.assertEqual("192.0.2.7", self.successResultOf(self.ask("play.example.org")))
            self.failureResultOf(self.ask("no.example.org"), Unreachable)
        self.assertEqual(["play.example.org", "no.example.org"], self.looked)
        self.clock.advance(FRESH_SECONDS)
        self.assertEqual("192.0.2.7", self.successResultOf(self.ask("play.example.org")))
        self.assertEqual(3, len(self.looked))

    def test_no_machine(self) -> None:
        """A name that leads to this machine, or to many, is as one that is not known."""
        for address in ("127.0.0.1", "224.0.0.251", "255.255.255.255", "0.0.0.0"):
            self.hosts[f"{address}.example.org"] = address
            self.failureResultOf(self.ask(f"{address}.example.org"), Unreachable)
        self.hosts["localhost"] = "127.0.0.1"
        self.assertEqual("127.0.0.1", self.successResultOf(self.ask("localhost")))

    def test_shared(self) -> None:
        """Who asks for the same name waits for one look-up; who gives up harms no other."""
        self.clock.held = []
        first, second = self.ask("play.example.org"), self.ask("play.example.org")
        first.cancel()
        self.failureResultOf(first)
        self.clock.let_go()
        self.assertEqual(("192.0.2.7", 1), (self.successResultOf(second), len(self.looked)))

    def test_a_slow_name_server(self) -> None:
        """Holds up its own servers alone, and few threads: the next names are refused until it answers."""
        self.clock.held = []
        slow = [self.ask(f"slow{number}.example.org") for number in range(AT_ONCE)]
        self.clock.advance(WAIT)
        for waiting in slow:
            self.failureResultOf(waiting, Unreachable)
        self.failureResultOf(self.ask("play.example.org"), Refused)
        self.clock.let_go()
        self.assertEqual("192.0.2.7", self.successResultOf(self.ask("play.example.org")))

    def test_time(self) -> None:
        """A look-up takes its time each time, whatever is known."""
        for _ in range(2):
            taken = Deferred.fromCoroutine(self.names.seconds("play.example.org", WAIT))
            self.assertEqual(0.0, self.successResultOf(taken))
        self.assertEqual(2, len(self.looked))

    def test_bugs(self) -> None:
        """Are logged, and the name is not known."""
        self.failureResultOf(self.ask("bug"), Unreachable)
        self.assertEqual(1, len(self.flushLoggedErrors(RuntimeError)))

    def test_real(self) -> None:
        """The system's resolver knows this machine; what is no name is an error of the system."""
        self.assertTrue(is_address(look_up("localhost")))
        self.assertRaises(OSError, look_up, "x" * 80)
        self.assertFalse(is_address("localhost"))
