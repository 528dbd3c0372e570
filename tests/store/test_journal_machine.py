"""The journal against a plain model: disks that lag, fail, fail after all was written, and servers that crash."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from lanrage.core.world_rows import Change, Erase, PartyRow, Put, SeenRow
from lanrage.store.journal import INTERVAL, LAST_RETRY, Journal
from tests.fakes_store import MemoryStore

NAMES = st.sampled_from("abc")
CHANGES = st.lists(
    st.one_of(
        st.builds(lambda name, number: Put(PartyRow(name, b"charter", number)), NAMES, st.integers(0, 2)),
        NAMES.map(lambda name: Erase(PartyRow, (name,))),
        st.builds(lambda name, at: Put(SeenRow(name.encode(), at)), NAMES, st.sampled_from([1.0, 2.0])),
    ),
    max_size=4,
)


def after(rows: dict[Any, Any], changes: list[Change]) -> dict[Any, Any]:
    """The model's disk."""
    rows = dict(rows)
    for change in changes:
        if isinstance(change, Put):
            rows[change.kind, change.key] = change.row
        else:
            rows.pop((change.kind, change.key), None)
    return rows


def durable(rows: dict[Any, Any]) -> dict[Any, Any]:
    """What an answer promises."""
    return {key: row for key, row in rows.items() if row.durable}


class JournalMachine(RuleBasedStateMachine):
    """Whatever happens, the disk holds the world of one moment, not older than what was acknowledged."""

    def __init__(self) -> None:
        super().__init__()
        self.clock, self.store = Clock(), MemoryStore()
        Deferred.fromCoroutine(self.store.open())
        self.begin()

    def begin(self) -> None:
        """A server starts on what the disk holds."""
        self.journal = Journal(self.clock, self.store, list(self.store.rows.values()))
        self.moments = [dict(self.store.rows)]
        self.acknowledged = 0

    @rule(changes=CHANGES)
    def change(self, changes: list[Change]) -> None:
        """An operation, whose answer waits for the disk."""
        self.journal.add(changes)
        self.moments.append(after(self.moments[-1], changes))
        number = len(self.moments) - 1
        self.journal.committed().addCallback(lambda _: setattr(self, "acknowledged", max(self.acknowledged, number)))

    @rule(seconds=st.sampled_from([0, 0.05, INTERVAL, 1.0, LAST_RETRY]))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.clock.advance(seconds)

    @rule(slow=st.booleans(), failing=st.integers(0, 2), torn=st.integers(0, 2))
    def disk(self, slow: bool, failing: int, torn: int) -> None:
        """The disk becomes better or worse."""
        self.store.slow, self.store.failing, self.store.torn = slow, failing, torn

    @rule()
    def release(self) -> None:
        """What the disk was slow with is done."""
        self.store.release()

    @rule()
    def settle(self) -> None:
        """On a good disk all is there within the longest pause between two tries and an interval."""
        self.store.slow, self.store.failing, self.store.torn = False, 0, 0
        self.store.release()
        self.clock.pump([INTERVAL, LAST_RETRY, INTERVAL])
        assert self.store.rows == self.moments[-1]
        assert not self.journal.trouble
        assert (self.journal._waiting, self.journal._watchers, self.journal._current) == ({}, [], [])

    @rule()
    def crash(self) -> None:
        """The process dies; what the disk was slow with never gets there."""
        self.store._held.clear()
        for call in self.clock.getDelayedCalls():
            call.cancel()
        self.begin()

    @invariant()
    def one_moment(self) -> None:
        """No mixture, and nothing acknowledged is missing."""
        assert self.store.rows in self.moments
        assert durable(self.store.rows) in [durable(moment) for moment in self.moments[self.acknowledged :]]

    @invariant()
    def counted(self) -> None:
        """Each change is written, saved, or waits."""
        journal = self.journal
        waiting = len(journal._writing.keys() | journal._waiting.keys())
        overtaken = len(journal._writing.keys() & journal._waiting.keys())
        assert journal.counters.queued == journal.counters.deduplicated + journal.counters.written + waiting + overtaken

    def teardown(self) -> None:
        """Stopping on a good disk writes all and leaves no timer."""
        self.store.slow, self.store.failing, self.store.torn = False, 0, 0
        self.store.release()
        stopped = Deferred.fromCoroutine(self.journal.stop())
        self.clock.pump([INTERVAL] * 20)
        assert stopped.called
        assert self.store.rows == self.moments[-1]
        assert self.clock.getDelayedCalls() == []


JournalMachine.TestCase.settings = settings(max_examples=200, stateful_step_count=40)
JournalMachineTests = JournalMachine.TestCase
