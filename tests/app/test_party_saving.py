"""The party file on a disk that is full for a while."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.party_saving import REWRITE_S, PartySaving
from lanrage.errors import StoreError
from tests.fakes_threads import ThreadClock


class SavingTests(SynchronousTestCase):
    """With a disk that takes or refuses."""

    def setUp(self) -> None:
        self.reactor = ThreadClock()
        self.disk: list[int] = []
        self.full = False
        self.newest: int | None = 1
        self.saving = PartySaving(self.reactor, lambda: self.newest, self.write)

    def write(self, saved: int) -> None:
        """One write."""
        if self.full:
            raise StoreError("party.json cannot be written: No space left on device")
        self.disk.append(saved)

    def test_full_disk(self) -> None:
        """It is told once, tried again until it is through, and what is written then is the newest."""
        self.full = True
        self.saving.save()
        self.assertIn("No space left", self.saving.trouble)
        self.reactor.advance(REWRITE_S)
        self.newest, self.full = 2, False
        self.assertEqual([], self.disk)
        self.reactor.advance(REWRITE_S)
        self.assertEqual(([2], ""), (self.disk, self.saving.trouble))
        self.assertEqual([], self.reactor.getDelayedCalls())

    def test_end(self) -> None:
        """Who has settled it hears no more of it."""
        self.full = True
        self.saving.save()
        self.successResultOf(Deferred.fromCoroutine(self.saving.settled()))
        self.assertEqual([], self.reactor.getDelayedCalls())

    def test_nothing(self) -> None:
        """Outside a party there is nothing to write."""
        self.newest = None
        self.saving.save()
        self.assertEqual([], self.disk)

    def test_bug(self) -> None:
        """An error of ours is logged, and not tried again."""
        self.saving = PartySaving(self.reactor, lambda: 1, lambda saved: [][saved])
        self.saving.save()
        self.assertEqual([IndexError], [failure.type for failure in self.flushLoggedErrors()])
        self.assertEqual([], self.reactor.getDelayedCalls())
