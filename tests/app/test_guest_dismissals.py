"""Dismissals wait on disk for the control server; each is told once, and none is lost."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.guest_dismissals import AGAIN, Dismissals
from lanrage.core.ledger_records import DismissGuest
from lanrage.errors import LanrageError, Refused, StoreError, Unreachable
from lanrage.store.dismissals import DismissalsFile
from tests.fakes_threads import ThreadClock
from tests.guest_session_world import now
from tests.strategies_guests import GUEST_KEYS

PARTY = "ab" * 16
ONE, TWO = GUEST_KEYS[:2]


class DismissalsTests(SynchronousTestCase):
    """One node, over several sessions."""

    def setUp(self) -> None:
        """The server is away."""
        folder = tempfile.TemporaryDirectory()  # pylint: disable=consider-using-with
        self.addCleanup(folder.cleanup)
        self.file = DismissalsFile(Path(folder.name) / "state")
        self.answer: LanrageError | None = Unreachable("no answer")
        self.ledger = {ONE, TWO}
        self.told: list[bytes] = []
        self.looks = 0
        self.clock = ThreadClock()

    def session(self) -> Dismissals:
        """A new one, which has read its file."""
        made = Dismissals(self.clock, self.file, PARTY, self.act, self.ledger.__contains__)
        made.changed = self.look
        self.addCleanup(made.stop)
        now(made.load())
        return made

    def look(self) -> None:
        """Somebody is told to look."""
        self.looks += 1

    async def act(self, action: DismissGuest) -> None:
        """The party is told, or not."""
        if self.answer is not None:
            raise self.answer
        self.ledger.discard(action.key)
        self.told.append(action.key)

    def test_over_a_crash(self) -> None:
        """What was dismissed is so in the next session, which tells the party when the server is back."""
        before = self.session()
        for key in (ONE, TWO):
            now(before.add(key))
        before.later()
        self.clock.advance(AGAIN)
        self.assertEqual(([], frozenset({ONE, TWO})), (self.told, before.pending))
        # A crash: nothing is stopped, and its clock is gone.
        self.clock = ThreadClock()
        after = self.session()
        self.assertEqual(frozenset({ONE, TWO}), after.pending)
        self.clock.advance(0)
        self.answer = None
        self.clock.advance(AGAIN)
        self.assertEqual((sorted([ONE, TWO]), frozenset()), (self.told, after.pending))
        self.assertEqual(frozenset(), self.file.load(PARTY))
        self.assertEqual([], self.clock.getDelayedCalls())

    def test_done_by_another(self) -> None:
        """Nothing is told of a guest that somebody else dismissed meanwhile."""
        dismissals = self.session()
        now(dismissals.add(ONE))
        self.ledger.clear()
        self.answer = None
        dismissals.later()
        self.clock.advance(AGAIN)
        self.assertEqual(([], frozenset()), (self.told, dismissals.pending))

    def test_refused(self) -> None:
        """A guest whose dismissal the party refuses is one again, and who looks after guests is told."""
        dismissals = self.session()
        now(dismissals.add(ONE))
        self.answer = Refused("not_allowed", "only the host")
        dismissals.later()
        self.clock.advance(AGAIN)
        self.assertEqual((frozenset(), 1), (dismissals.pending, self.looks))

    def test_conflict(self) -> None:
        """Where the party changed faster than this node followed it is tried again."""
        self._not_now("conflict")

    def test_busy_server(self) -> None:
        """Where the server has too much to do the guest stays out, and it is tried again."""
        self._not_now("limit")

    def _not_now(self, code: str) -> None:
        dismissals = self.session()
        now(dismissals.add(ONE))
        self.answer = Refused(code, "try again")
        dismissals.later()
        self.clock.advance(AGAIN)
        self.assertEqual(frozenset({ONE}), dismissals.pending)
        self.answer = None
        self.clock.advance(AGAIN)
        self.assertEqual([ONE], self.told)

    def test_no_disk(self) -> None:
        """What cannot be kept is not promised."""
        dismissals = self.session()
        self.file.folder.write_text("no folder")
        with self.assertRaises(StoreError):
            now(dismissals.add(ONE))
        self.assertEqual(frozenset(), dismissals.pending)

    def test_stop(self) -> None:
        """A session that ends while the server is asked asks no more, and forgets nothing."""
        dismissals = self.session()
        now(dismissals.add(ONE))
        asking: Deferred[Any] = Deferred()

        async def act(_action: DismissGuest) -> None:
            await asking

        dismissals._act = act
        dismissals.later()
        self.clock.advance(AGAIN)
        dismissals.stop()
        dismissals.later()
        self.assertEqual(([], frozenset({ONE})), (self.clock.getDelayedCalls(), self.file.load(PARTY)))
