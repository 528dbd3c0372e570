"""The control server's relays: who may report, what nodes are told and when, whose tickets are void."""

from __future__ import annotations

from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.relay_keeper import LOOK_INTERVAL, RelayKeeper, revocation_of
from lanrage.core.relay_registry import SILENT_AFTER
from lanrage.core.relay_report import REPORT_INTERVAL, RelayReport
from lanrage.core.relay_revocations import Revocation
from lanrage.core.world_state import Caller
from lanrage.errors import Refused
from lanrage.wire.control import RelayInfo, RelaysChanged
from lanrage.wire.control_relay import REVOKED_LIMIT, ReportRelay, TicketsRevoked

RELAY, NODE = Caller(b"r" * 32, b"w" * 32), Caller(b"n" * 32, b"x" * 32)
PARTY = "ab" * 16
WALL = 1_800_000_000.0


class LocalRelay:
    """A relay in this process."""

    def __init__(self) -> None:
        self.load = 0.0
        self.revoked: list[Revocation] = []

    def report(self) -> RelayReport:
        """How it fares."""
        return RelayReport("", 7800, 7863, load=self.load)

    def revoke(self, revocation: Revocation) -> None:
        """Void tickets."""
        self.revoked.append(revocation)


class KeeperTests(SynchronousTestCase):
    """A keeper that names one relay and takes reports of another."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.told: list[tuple[bytes, Any]] = []
        self.keeper = RelayKeeper(
            self.clock, (RelayInfo("", 7800, 7863),), frozenset({RELAY.identity}), lambda: WALL + self.clock.seconds()
        )
        self.keeper.start(self.told.extend, lambda: (NODE.identity, RELAY.identity))
        self.addCleanup(self.keeper.stop)

    def report(self, origin: str = "198.51.100.9", **what: Any) -> Any:
        """The other relay reports."""
        return self.keeper.reported(RELAY, ReportRelay(what.pop("host", ""), 7900, 7963, **what), origin)

    def relays(self) -> list[Any]:
        """What nodes were told since the last look at it."""
        told, self.told[:] = list(self.told), []
        return [body.relays for identity, body in told if identity == NODE.identity and isinstance(body, RelaysChanged)]

    def test_who_may_report(self) -> None:
        """The operator's relays; others are refused, and so is an address that cannot be."""
        with self.assertRaises(Refused) as caught:
            self.keeper.reported(NODE, ReportRelay("", 1, 2), "198.51.100.9")
        self.assertEqual(caught.exception.code, "not_allowed")
        for host, first in (("no such host", 7900), ("a" * 255, 7900), ("203.0.113.1", 7964)):
            with self.assertRaises(Refused) as caught:
                self.keeper.reported(RELAY, ReportRelay(host, first, 7963), "")
            self.assertEqual(caught.exception.code, "limit")
        self.assertEqual(len(self.keeper.infos()), 1)

    def test_a_report_reaches_the_nodes(self) -> None:
        """Once, under the address that it came from; a wobble of the load reaches nobody."""
        self.report(region="eu", load=0.1)
        self.clock.advance(LOOK_INTERVAL)
        [(named, other)] = self.relays()
        self.assertEqual((named.host, other.host, other.first, other.region), ("", "198.51.100.9", 7900, "eu"))
        self.assertEqual(self.keeper.infos(), (named, other))
        self.report(region="eu", load=0.15)
        self.clock.advance(LOOK_INTERVAL)
        self.assertEqual(self.relays(), [])
        self.report(region="eu", load=0.9)
        self.clock.advance(LOOK_INTERVAL)
        self.assertEqual([rows[1].load for rows in self.relays()], [0.9])
        self.assertEqual([row["state"] for row in self.keeper.facts()], ["unreported", "up"])

    def test_draining_and_silence(self) -> None:
        """The one is told at once, the other when it has lasted."""
        self.report(host="relay.example.org")
        self.clock.advance(LOOK_INTERVAL)
        self.relays()
        self.report(host="relay.example.org", draining=True)
        [(_, other)] = self.relays()
        self.assertTrue(other.draining)
        self.clock.pump([1.0] * int(SILENT_AFTER + 2))
        self.assertEqual([len(rows) for rows in self.relays()], [1])

    def test_the_relay_of_this_process(self) -> None:
        """Is asked every few seconds; when it stops, nodes are told."""
        local = LocalRelay()
        self.keeper.attach(local)
        self.assertEqual(self.relays(), [])
        local.load = 0.5
        self.clock.pump([LOOK_INTERVAL] * int(REPORT_INTERVAL + 1))
        self.assertEqual([row.load for rows in self.relays() for row in rows], [0.5])
        self.keeper.attach(None)
        self.assertEqual([row.draining for rows in self.relays() for row in rows], [True])
        self.clock.pump([1.0] * int(SILENT_AFTER + 2))
        self.assertEqual(self.keeper.infos(), ())

    def test_revocation(self) -> None:
        """Relays are told at once, those that were away by the answer to their next report."""
        local = LocalRelay()
        self.keeper.attach(local)
        self.keeper.revoke(PARTY, NODE.identity, 3600.0)
        wanted = Revocation(bytes.fromhex(PARTY), NODE.identity, int(WALL) + 3600)
        self.assertEqual(local.revoked, [wanted])
        [(identity, body)] = [row for row in self.told if isinstance(row[1], TicketsRevoked)]
        self.assertEqual((identity, list(map(revocation_of, body.revoked))), (RELAY.identity, [wanted]))
        answer = self.report()
        self.assertEqual((answer.number, list(map(revocation_of, answer.revoked))), (1, [wanted]))
        self.assertEqual(self.report(since=1).revoked, ())
        self.clock.advance(3601)
        self.assertEqual(self.report().revoked, ())

    def test_many_revocations(self) -> None:
        """Piece by piece."""
        for _ in range(REVOKED_LIMIT + 5):
            self.keeper.revoke(PARTY, NODE.identity, 3600.0)
        first = self.report()
        second = self.report(since=first.number)
        self.assertEqual((len(first.revoked), len(second.revoked)), (REVOKED_LIMIT, 5))
        self.assertEqual(self.report(since=second.number).revoked, ())

    def test_without_relays(self) -> None:
        """There is nothing to issue tickets for."""
        keeper = RelayKeeper(self.clock, (), frozenset(), lambda: WALL)
        self.assertEqual((keeper.any, keeper.infos(), self.keeper.any), (False, (), True))
