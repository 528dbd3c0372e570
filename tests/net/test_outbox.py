"""The queue of one client: what is dropped, what is kept, and what is said of it."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.net.outbox import SIGNAL, Outbox, QueueLimits, news_of
from lanrage.wire.control import (
    Done,
    Notice,
    Reply,
    Resync,
    Signalled,
    decode_record,
    encode,
)
from lanrage.wire.control_opening import Denied
from lanrage.wire.control_party import Deltas, Presence

PARTIES = ["0" * 32, "1" * 32]
parties = st.sampled_from(PARTIES)
messages: st.SearchStrategy[Any] = st.one_of(
    st.builds(Reply, st.integers(0, 99), st.just(Done())),
    st.builds(lambda party: Notice(Presence(party, bytes(32), True)), parties),
    st.builds(lambda party: Notice(Deltas(party, ())), parties),
    st.builds(lambda party, size: Notice(Signalled(party, bytes(32), bytes(size))), parties, st.integers(0, 90)),
)
LIMITS = QueueLimits(bytes=400, messages=8, answer_bytes=600)


class OutboxTests(SynchronousTestCase):
    """One queue."""

    def test_kinds(self) -> None:
        """Answers, denials and marks must arrive; signals may be lost; what a party is told belongs to that party."""
        for message, kind in (
            (Reply(1, Deltas(PARTIES[0], ())), ""),
            (Notice(Denied("limit", "x")), ""),
            (Notice(Resync(PARTIES[0])), ""),
            (Notice(Signalled(PARTIES[0], bytes(32), b"x")), SIGNAL),
            (Notice(Presence(PARTIES[1], bytes(32), True)), PARTIES[1]),
            (Notice(Deltas(PARTIES[1], ())), PARTIES[1]),
        ):
            self.assertEqual(kind, news_of(message))

    @given(steps=st.lists(messages | st.none(), max_size=120))
    def test_any_order(self, steps: list[Any]) -> None:
        """Whatever is put and taken: answers all arrive in order, news arrives in order or its party is marked after
        it, and never more waits than the limits say."""
        outbox = Outbox(encode, limits=LIMITS)
        put: list[Any] = []
        got: list[Any] = []
        for step in steps:
            if step is not None:
                put.append(step)
                kept = outbox.put(step)
                self.assertEqual(kept, outbox.waiting <= LIMITS.answer_bytes)
            elif (data := outbox.take()) is not None:
                got.append(decode_record(data))
        while (data := outbox.take()) is not None:
            got.append(decode_record(data))
        self.assertFalse(outbox)
        self.assertEqual(0, outbox.waiting)
        self.assertEqual([m for m in put if isinstance(m, Reply)], [m for m in got if isinstance(m, Reply)])
        marks = [m for m in got if isinstance(m.body, Resync)]
        self.assertEqual(len(marks), outbox.dropped["resync"])
        lost = len(put) - (len(got) - len(marks))
        self.assertEqual(lost, outbox.dropped["news"] + outbox.dropped["signal"])
        for party in PARTIES:
            told = [m for m in got if news_of(m) == party]
            sent = [m for m in put if news_of(m) == party]
            self.assertEqual(len(told) < len(sent), Notice(Resync(party)) in marks)

    def test_bounded(self) -> None:
        """News beyond the bytes or the messages is shed at once, with all that may be; answers stay."""
        outbox = Outbox(encode, limits=LIMITS)
        outbox.put(Reply(1, Done()))
        for _ in range(LIMITS.messages):
            self.assertTrue(outbox.put(Notice(Presence(PARTIES[0], bytes(32), True))))
        self.assertEqual((1, {PARTIES[0]: None}), (len(outbox), outbox.marked))
        self.assertTrue(outbox.put(Notice(Presence(PARTIES[0], bytes(32), True))))
        self.assertEqual(1, len(outbox))
        outbox.put(Notice(Presence(PARTIES[1], bytes(32), True)))
        self.assertEqual(2, len(outbox))
        outbox.clear()
        self.assertFalse(outbox)

    def test_answers_are_not_bounded_by_dropping(self) -> None:
        """They are kept beyond the first limit, and at the hard one the queue says so."""
        outbox = Outbox(encode, limits=LIMITS)
        size = len(encode(Reply(1, Done())))
        for _ in range(LIMITS.answer_bytes // size):
            self.assertTrue(outbox.put(Reply(1, Done())))
        self.assertFalse(outbox.put(Reply(1, Done())))
