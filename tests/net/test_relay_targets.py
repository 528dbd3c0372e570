"""Where relay traffic may go: to the relays that the server names, by their names or addresses, and nowhere else."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.links import Endpoint
from lanrage.net.relay_targets import LOOK_INTERVAL, RelayTargets, Target, is_own, resolve, stand_in
from lanrage.wire.control import RelayInfo
from tests.fakes_threads import ThreadClock

NAMES = {"relay.example": ("192.0.2.5", "192.0.2.6"), "192.0.2.9": ("192.0.2.9",), "127.0.0.1": ("127.0.0.1",)}
HERE = "203.0.113.1"


class RelayTargetsTests(SynchronousTestCase):
    """Names and addresses."""

    def setUp(self) -> None:
        """Names that can be looked up."""
        self.clock, self.names = ThreadClock(), dict(NAMES)

    def targets(self, *relays: RelayInfo) -> RelayTargets:
        """Those of a server that names these."""
        targets = RelayTargets(self.clock, lambda: relays, lambda name: self.names.get(name, ()))
        targets.start()
        self.addCleanup(targets.stop)
        self.clock.advance(0)
        return targets

    def test_named(self) -> None:
        """By the name, or one of its addresses, within its ports."""
        targets = self.targets(RelayInfo("relay.example", 7800, 7803), RelayInfo("192.0.2.9", 9000, 9000))
        wanted = Target(Endpoint("192.0.2.5", 7801), False)
        for host in ("relay.example", "192.0.2.5", "192.0.2.6"):
            self.assertEqual(wanted, targets.find(host, 7801, HERE))
        self.assertEqual(Target(Endpoint("192.0.2.9", 9000), False), targets.find("192.0.2.9", 9000, HERE))
        others: list[tuple[str, int]] = [
            ("relay.example", 7804), ("192.0.2.9", 7801), ("192.0.2.66", 7801), ("127.0.0.1", 7801), ("", 7801),
        ]  # fmt: skip
        for host, port in others:
            self.assertIsNone(targets.find(host, port, HERE), (host, port))

    def test_on_this_machine(self) -> None:
        """A relay without a host is this machine's, whatever the client calls it; a named one may be, too."""
        targets = self.targets(RelayInfo("", 7800, 7801), RelayInfo("127.0.0.1", 9000, 9000))
        self.assertEqual(Target(Endpoint(HERE, 7800), True), targets.find("play.example.org", 7800, HERE))
        for odd in ("", "2001:db8::1", "/run/socket"):
            self.assertEqual(Target(Endpoint("127.0.0.1", 7800), True), targets.find("x", 7800, odd))
        self.assertIsNone(targets.find("x", 7802, HERE))
        self.assertEqual(Target(Endpoint("127.0.0.1", 9000), True), targets.find("127.0.0.1", 9000, HERE))

    def test_a_name_that_changes(self) -> None:
        """Another address is followed; a name server that fails takes nothing away."""
        targets = self.targets(RelayInfo("relay.example", 7800, 7800))
        self.names["relay.example"] = ("198.51.100.7",)
        self.clock.advance(LOOK_INTERVAL)
        self.clock.advance(0)
        moved = Target(Endpoint("198.51.100.7", 7800), False)
        self.assertEqual(moved, targets.find("relay.example", 7800, HERE))
        del self.names["relay.example"]
        self.clock.advance(LOOK_INTERVAL)
        self.clock.advance(0)
        self.assertEqual(moved, targets.find("relay.example", 7800, HERE))

    def test_a_bug_is_told(self) -> None:
        """An error of the look-up is logged, and the next look is made all the same."""
        targets = self.targets(RelayInfo("192.0.2.9", 7800, 7800))
        self.names["192.0.2.9"] = None  # type: ignore[assignment]
        self.clock.advance(LOOK_INTERVAL)
        self.clock.advance(0)
        self.assertEqual(1, len(self.flushLoggedErrors(TypeError)))
        self.names["192.0.2.9"] = ("192.0.2.9",)
        self.clock.advance(LOOK_INTERVAL)
        self.clock.advance(0)
        self.assertIsNotNone(targets.find("192.0.2.9", 7800, HERE))

    def test_machine(self) -> None:
        """The real look-ups."""
        self.assertEqual(("127.0.0.1",), resolve("127.0.0.1"))
        self.assertEqual((), resolve("no such name.invalid"))
        self.assertEqual((True, False), (is_own("127.0.0.1"), is_own("192.0.2.5")))

    @given(st.text(max_size=20))
    def test_stand_in(self, origin: str) -> None:
        """Each host has one loopback address of its own, never the one that all share."""
        address: Any = ip_address(stand_in(origin))
        self.assertTrue(address.is_loopback)
        self.assertEqual(origin == "", str(address) == "127.0.0.1")
        self.assertFalse(str(address).startswith("127.255."))
