"""The journal: batches, order, retries; time moves by a clock, the disk is in memory."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.world_rows import Change, Erase, PartyRow, Put, SeenRow
from lanrage.errors import StoreError
from lanrage.store.journal import INTERVAL, LAST_RETRY, STOP_PATIENCE, Journal
from tests.fakes_store import MemoryStore


def party(name: str, revision: int) -> Put:
    """A durable change."""
    return Put(PartyRow(name, b"charter", revision))


def seen(name: bytes, at: float) -> Put:
    """A change that may be lost."""
    return Put(SeenRow(name, at))


class JournalTests(SynchronousTestCase):
    """One journal on one store."""

    def setUp(self) -> None:
        """A journal on an empty store."""
        self.clock = Clock()
        self.store = MemoryStore()
        rows = self.successResultOf(Deferred.fromCoroutine(self.store.open()))
        self.journal = Journal(self.clock, self.store, rows)

    def test_durable_change_is_written_at_once(self) -> None:
        """No interval passes before a durable change; who waits hears when it is there."""
        self.journal.add([party("a", 1)])
        waiting = self.journal.committed()
        self.assertNoResult(waiting)
        self.clock.advance(0)
        self.successResultOf(waiting)
        self.assertEqual([(party("a", 1),)], self.store.batches)

    def test_nothing_to_wait_for(self) -> None:
        """Without durable changes there is nothing to wait for."""
        self.successResultOf(self.journal.committed())
        self.journal.add([seen(b"a", 1.0)])
        self.successResultOf(self.journal.committed())
        self.clock.advance(INTERVAL)

    def test_other_changes_wait_for_the_interval(self) -> None:
        """Many changes in 100 ms are one transaction, each key once."""
        for at in range(1000):
            self.journal.add([seen(bytes([at % 10]), float(at))])
        self.clock.advance(INTERVAL / 2)
        self.assertEqual([], self.store.batches)
        self.clock.advance(INTERVAL / 2)
        self.assertEqual(1, len(self.store.batches))
        self.assertEqual(10, len(self.store.batches[0]))
        counters = self.journal.counters
        self.assertEqual(
            (1000, 990, 1, 10), (counters.queued, counters.deduplicated, counters.batches, counters.written)
        )
        self.assertEqual(999, counters.saved)

    def test_thousand_peers(self) -> None:
        """1000 peers that change 20 times a second: at least 50 times fewer writes than changes."""
        for step in range(20):
            self.journal.add([seen(peer.to_bytes(2, "big"), float(step)) for peer in range(1000)])
            self.clock.advance(0.05)
        counters = self.journal.counters
        self.assertEqual(20_000, counters.queued)
        self.assertLessEqual(counters.batches, counters.queued // 50)
        self.assertLessEqual(counters.batches, 11)

    def test_unchanged_value_is_not_written(self) -> None:
        """What the disk has already is dropped, also when it was loaded, and when it is on its way."""
        self.journal.add([party("a", 1)])
        self.clock.advance(0)
        self.journal.add([party("a", 1), Erase(PartyRow, ("never there",))])
        self.clock.advance(1)
        again = Journal(self.clock, self.store, list(self.store.rows.values()))
        again.add([party("a", 1)])
        self.clock.advance(1)
        self.assertEqual(1, len(self.store.batches))
        self.store.slow = True
        self.journal.add([party("a", 2)])
        self.clock.advance(0)
        self.journal.add([party("a", 2)])
        waiting = self.journal.committed()
        self.assertNoResult(waiting)
        self.store.release()
        self.successResultOf(waiting)
        self.assertEqual(2, len(self.store.batches))

    def test_group_commit(self) -> None:
        """Changes that come while a batch is written share the next one, and each waits for its own."""
        self.store.slow = True
        self.journal.add([party("a", 1)])
        first = self.journal.committed()
        self.clock.advance(0)
        self.journal.add([party("a", 2), party("b", 1)])
        second = self.journal.committed()
        self.journal.add([party("c", 1)])
        third = self.journal.committed()
        self.store.release()
        self.successResultOf(first)
        self.assertNoResult(second)
        self.clock.advance(0)
        self.store.release()
        self.successResultOf(second)
        self.successResultOf(third)
        self.assertEqual([1, 3], [len(batch) for batch in self.store.batches])

    def test_changing_back_while_written(self) -> None:
        """A value that changes back while the other is on its way is written again."""
        self.journal.add([party("a", 1)])
        self.clock.advance(0)
        self.store.slow = True
        self.journal.add([party("a", 2)])
        self.clock.advance(0)
        self.journal.add([party("a", 1)])
        self.store.release()
        self.clock.advance(0)
        self.store.release()
        self.assertEqual([PartyRow("a", b"charter", 1)], list(self.store.rows.values()))

    def test_changed_back_is_not_written(self) -> None:
        """What is again as the disk has it when its turn comes costs no write; who waits hears at once."""
        self.journal.add([party("a", 1)])
        self.clock.advance(0)
        self.journal.add([party("a", 2)])
        waiting = self.journal.committed()
        self.journal.add([party("a", 1), party("b", 1), Erase(PartyRow, ("b",))])
        self.assertNoResult(waiting)
        self.clock.advance(0)
        self.successResultOf(waiting)
        self.assertEqual([(party("a", 1),)], self.store.batches)
        counters = self.journal.counters
        self.assertEqual((5, 4, 1), (counters.queued, counters.deduplicated, counters.written))
        self.journal.add([party("a", 2)])
        waiting = self.journal.committed()
        self.journal.add([party("a", 1)])
        self.successResultOf(Deferred.fromCoroutine(self.journal.stop()))
        self.successResultOf(waiting)
        self.assertEqual([], self.clock.getDelayedCalls())

    def test_failed_commit_may_be_on_disk(self) -> None:
        """A change that failed is in doubt: taking it back is written, although the disk seemed not to have it."""
        self.store.torn = 1
        self.journal.add([party("a", 1)])
        self.clock.advance(0)
        self.assertEqual([PartyRow("a", b"charter", 1)], list(self.store.rows.values()))
        self.journal.add([Erase(PartyRow, ("a",))])
        waiting = self.journal.committed()
        self.clock.advance(LAST_RETRY)
        self.successResultOf(waiting)
        self.assertEqual({}, self.store.rows)

    def test_answer_does_not_wait_for_what_need_not_be_durable(self) -> None:
        """While a batch without durable changes is on its way there is nothing to wait for."""
        self.store.slow = True
        self.journal.add([seen(b"a", 1.0)])
        self.clock.advance(INTERVAL)
        self.successResultOf(self.journal.committed())
        self.journal.add([party("a", 1)])
        waiting = self.journal.committed()
        self.store.release()
        self.clock.advance(0)
        self.assertNoResult(waiting)
        self.store.release()
        self.successResultOf(waiting)

    def test_interval_is_a_setting(self) -> None:
        """What need not be durable waits as long as the setting says."""
        journal = Journal(self.clock, self.store, (), 2.0)
        journal.add([seen(b"a", 1.0)])
        self.clock.advance(1.9)
        self.assertEqual([], self.store.batches)
        self.clock.advance(0.1)
        self.assertEqual(1, len(self.store.batches))

    def test_disk_full_for_hours_keeps_one_change_a_key(self) -> None:
        """However long the disk is full, memory holds each key once; then all of it is one transaction."""
        self.store.failing = 10**6
        for hour in range(50):
            self.journal.add([seen(bytes([peer]), float(hour)) for peer in range(100)])
            self.journal.add([party(str(hour % 5), hour)])
            self.clock.advance(3600)
        self.assertEqual(105, len(self.journal._waiting))
        self.assertLessEqual(len(self.journal._doubtful), 105)
        self.assertEqual(1, len(self.clock.getDelayedCalls()))
        self.store.failing = 0
        self.clock.advance(LAST_RETRY)
        self.assertEqual([105], [len(batch) for batch in self.store.batches])
        self.assertEqual((105, ""), (len(self.store.rows), self.journal.trouble))

    def test_facts(self) -> None:
        """The counters of the mission's row A3, as numbers that JSON takes."""
        self.store.slow = True
        self.journal.add([party("a", 1), party("a", 2), seen(b"a", 1.0)])
        self.clock.advance(0)
        self.clock.advance(0.25)
        self.store.release()
        facts = self.journal.counters.facts()
        self.assertEqual((3, 1, 2, 1, 2), tuple(facts[n] for n in "queued deduplicated written batches saved".split()))
        self.assertEqual((250.0, 250.0), (facts["flush_p50_ms"], facts["flush_p99_ms"]))

    def test_failed_batch_is_tried_again(self) -> None:
        """A full disk delays, newer values win, nobody is told too soon; then all is there."""
        self.store.failing = 5
        self.journal.add([party("a", 1), party("b", 1)])
        waiting = self.journal.committed()
        self.clock.advance(0)
        self.assertEqual("the disk is full", self.journal.trouble)
        self.journal.add([party("a", 2)])
        later = self.journal.committed()
        self.assertNoResult(waiting)
        self.clock.pump([LAST_RETRY] * 6)
        self.successResultOf(waiting)
        self.successResultOf(later)
        self.assertEqual({("a", 2), ("b", 1)}, {(row.party_id, row.revision) for row in self._parties()})
        self.assertEqual((5, ""), (self.journal.counters.failures, self.journal.trouble))

    def _parties(self) -> list[PartyRow]:
        return [row for row in self.store.rows.values() if isinstance(row, PartyRow)]

    def test_stop_writes_what_waits(self) -> None:
        """Nothing that waits is lost by stopping."""
        self.journal.add([seen(b"a", 1.0)])
        self.successResultOf(Deferred.fromCoroutine(self.journal.stop()))
        self.assertEqual(1, len(self.store.rows))
        self.assertEqual([], self.clock.getDelayedCalls())

    def test_stop_waits_for_the_batch_on_its_way(self) -> None:
        """It returns when both batches are there."""
        self.store.slow = True
        self.journal.add([party("a", 1)])
        self.clock.advance(0)
        self.journal.add([party("b", 1)])
        stopped = Deferred.fromCoroutine(self.journal.stop())
        self.assertNoResult(stopped)
        self.store.release()
        self.clock.advance(0)
        self.store.release()
        self.successResultOf(stopped)
        self.assertEqual(2, len(self.store.rows))

    def test_stop_gives_up_on_a_broken_disk(self) -> None:
        """After a while it says what could not be written, and leaves no timer."""
        self.store.failing = 10**6
        self.journal.add([party("a", 1)])
        stopped = Deferred.fromCoroutine(self.journal.stop())
        self.clock.pump([0.1] * int(STOP_PATIENCE * 10 + 20))
        self.assertIn("the disk is full", str(self.failureResultOf(stopped, StoreError).value))
        self.assertEqual([], self.clock.getDelayedCalls())

    @given(data=st.data())
    def test_disk_holds_what_was_acknowledged(self, data: Any) -> None:
        """Whenever the disk fails or lags, it holds the state of one moment, not older than what was acknowledged."""
        self.setUp()
        names = st.sampled_from("abc")
        change = st.one_of(st.builds(party, names, st.integers(0, 3)), names.map(lambda name: Erase(PartyRow, (name,))))
        moments: list[dict[Any, Any]] = [{}]
        for _ in range(data.draw(st.integers(1, 20))):
            changes: list[Change] = data.draw(st.lists(change, max_size=4))
            self.journal.add(changes)
            moments.append(_after(moments[-1], changes))
            oldest = len(moments) - 1
            self.journal.committed().addCallback(self._check, moments, oldest)
            self.store.slow, self.store.failing = data.draw(st.booleans()), data.draw(st.integers(0, 2))
            self.clock.advance(data.draw(st.sampled_from([0, 0.05, 0.1, 1.0])))
            if data.draw(st.booleans()):
                self.store.release()
            self._check(None, moments, 0)
        self.store.slow, self.store.failing = False, 0
        self.store.release()
        stopped = Deferred.fromCoroutine(self.journal.stop())
        self.clock.pump([0.1] * 20)
        self.successResultOf(stopped)
        self.assertEqual(moments[-1], self.store.rows)
        self.assertEqual([], self.clock.getDelayedCalls())

    def _check(self, _: None, moments: list[dict[Any, Any]], oldest: int) -> None:
        self.assertIn(self.store.rows, moments[oldest:])


def _after(before: dict[Any, Any], changes: list[Change]) -> dict[Any, Any]:
    rows = dict(before)
    for change in changes:
        if isinstance(change, Put):
            rows[change.kind, change.key] = change.row
        else:
            rows.pop((change.kind, change.key), None)
    return rows
