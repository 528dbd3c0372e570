"""What a crash left at a router is removed at the next start, at that router, and the journal forgets it."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import Any, cast

import attrs
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.mapping_leases import CLEAN_S, ELSEWHERE_LIMIT, Leases, remove_leftovers
from lanrage.core.mapping import PERMANENT, Lease, Method, Transport, Wish
from lanrage.core.undo import MAPPING, UndoEntry
from lanrage.net.undo import undo_all
from tests.fakes_links import MemoryJournal, MemoryMachine
from tests.fakes_mapping import GATEWAY, MemoryRouter
from tests.fakes_threads import ThreadClock

NONCE = bytes(12)
NOW = 1.7e9
LEASE = Lease(Method.PCP, GATEWAY.address, GATEWAY.source, Wish(Transport.UDP, 51820), 51820, NONCE, int(NOW) + 100)
ELSEWHERE = attrs.evolve(LEASE, gateway=IPv4Address("10.0.0.1"))


class LeftoverTests(SynchronousTestCase):
    """A journal and a router in memory."""

    def setUp(self) -> None:
        """The router has the mapping."""
        self.clock = ThreadClock()
        self.router = MemoryRouter()
        self.router.mapped[Transport.UDP, 51820] = NONCE
        self.machine = MemoryMachine(gateway=GATEWAY)
        self.journal = MemoryJournal()
        self.leases = Leases(self.clock, self.journal)

    def note(self, *leases: Lease) -> None:
        """Put leases into the journal."""
        for lease in leases:
            self.successResultOf(Deferred.fromCoroutine(self.leases.note(lease)))

    def remove(self) -> Deferred[int]:
        """Begin."""
        return Deferred.fromCoroutine(
            remove_leftovers(self.clock, self.machine, self.journal, lambda: NOW, self.router.make)
        )

    def test_removed(self) -> None:
        """Here it is removed; one at another router waits; entries of other kinds are not touched."""
        other = UndoEntry("device", "lanrage0")
        self.journal.note(other)
        self.note(LEASE, ELSEWHERE)
        self.assertEqual(1, self.successResultOf(self.remove()))
        self.assertEqual(set(), self.router.ports())
        self.assertEqual([ELSEWHERE], self.leases.all())
        self.assertIn(other, self.journal.noted)

    def test_ended(self) -> None:
        """What ended by itself is forgotten without a question; what has no end is kept, within a limit."""
        forever = [attrs.evolve(ELSEWHERE, external=port, expires=PERMANENT) for port in range(1, ELSEWHERE_LIMIT + 4)]
        self.note(attrs.evolve(LEASE, expires=int(NOW) - 1), *forever)
        self.assertEqual(0, self.successResultOf(self.remove()))
        self.assertEqual([], self.router.asked)
        self.assertEqual(forever[3:], self.leases.all())

    def test_router_refuses(self) -> None:
        """It stays in the journal for the next start."""
        self.note(LEASE)
        self.router.methods = ()
        self.assertEqual(0, self.successResultOf(self.remove()))
        self.assertEqual([LEASE], self.leases.all())

    def test_router_silent(self) -> None:
        """A start is not held up for longer than it may."""
        self.note(LEASE)
        self.router.silent = True
        removing = self.remove()
        self.assertNoResult(removing)
        self.clock.advance(CLEAN_S)
        self.assertEqual(0, self.successResultOf(removing))

    def test_nothing_left(self) -> None:
        """The usual start asks nothing, not even for the route."""
        self.machine.gateway = None
        self.assertEqual(0, self.successResultOf(self.remove()))

    def test_damaged(self) -> None:
        """An entry that is no lease is passed over."""
        self.journal.note(UndoEntry(MAPPING, "x", "rubbish"))
        self.assertEqual([], self.leases.all())

    def test_not_of_this_machine(self) -> None:
        """Who takes back devices and programs leaves mappings alone."""
        self.note(LEASE)
        self.assertEqual(0, self.successResultOf(Deferred.fromCoroutine(undo_all(cast(Any, self.clock), self.journal))))
        self.assertEqual([LEASE], self.leases.all())
