"""Joining parts, under loss, repetition and any order, with bounds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.reassembly import MAX_AGE, MAX_PENDING, MAX_PENDING_BYTES, Reassembly
from tests.strategies_lan import PEER, THIRD

MAX_FRAME = 1514


class ReassemblyTests(SynchronousTestCase):
    """Frames out of parts."""

    @given(st.lists(st.binary(min_size=1, max_size=100), min_size=1, max_size=8), st.randoms(use_true_random=False))
    def test_any_order(self, bodies: list[bytes], random: st.DataObject) -> None:
        """In whatever order parts come, some of them twice, the frame comes out when the last is there."""
        order = [*range(len(bodies)), 0]
        random.shuffle(order)  # type: ignore[attr-defined]
        parts = Reassembly(MAX_FRAME)
        seen: set[int] = set()
        for number in order:
            whole = parts.add(PEER, (1, 1), number, len(bodies), bodies[number], 0.0)
            seen.add(number)
            if len(seen) == len(bodies):
                self.assertEqual(whole, b"".join(bodies))
                return
            self.assertIsNone(whole)

    def test_not_mixed(self) -> None:
        """Parts of other origins, starts and sequence numbers do not complete a frame."""
        parts = Reassembly(MAX_FRAME)
        keys = [(PEER, (1, 1)), (PEER, (1, 2)), (PEER, (2, 1)), (THIRD, (1, 1))]
        self.assertEqual([parts.add(origin, key, 0, 2, b"a", 0.0) for origin, key in keys], [None] * 4)
        self.assertEqual([parts.add(origin, key, 1, 2, b"b", 0.0) for origin, key in keys], [b"ab"] * 4)
        self.assertEqual(parts.pending_bytes(PEER), 0)

    def test_contradictions(self) -> None:
        """Another count, or other bytes in the same place, end the frame."""
        for part, total, body in ((1, 3, b"b"), (0, 2, b"x")):
            parts = Reassembly(MAX_FRAME)
            parts.add(PEER, (1, 1), 0, 2, b"a", 0.0)
            self.assertIsNone(parts.add(PEER, (1, 1), part, total, body, 0.0))
            self.assertEqual((parts.lost, parts.pending_bytes(PEER)), (1, 0))

    def test_age(self) -> None:
        """A frame whose parts are too far apart is given up."""
        parts = Reassembly(MAX_FRAME)
        parts.add(PEER, (1, 1), 0, 2, b"a", 0.0)
        self.assertIsNone(parts.add(PEER, (1, 1), 1, 2, b"b", MAX_AGE + 0.1))
        self.assertEqual(parts.lost, 1)

    def test_too_large(self) -> None:
        """Parts that make up more than a frame are given up."""
        parts = Reassembly(MAX_FRAME)
        parts.add(PEER, (1, 1), 0, 3, bytes(1000), 0.0)
        self.assertIsNone(parts.add(PEER, (1, 1), 1, 3, bytes(1000), 0.0))
        self.assertEqual((parts.lost, parts.pending_bytes(PEER)), (1, 0))

    @given(st.lists(st.tuples(st.integers(0, 99), st.integers(0, 7), st.integers(1, 1400)), max_size=200))
    def test_bounded(self, sent: list[tuple[int, int, int]]) -> None:
        """Whatever parts a member sends, it costs bounded frames and bytes, and no other member's frames."""
        parts = Reassembly(MAX_FRAME)
        parts.add(THIRD, (1, 1), 0, 2, b"a", 0.0)
        for sequence, number, size in sent:
            parts.add(PEER, (1, sequence), number, 8, bytes(size), 0.0)
        self.assertLessEqual(parts.pending_bytes(PEER), MAX_PENDING_BYTES)
        self.assertLessEqual(len(parts._pending.get(PEER, {})), MAX_PENDING)
        self.assertEqual(parts.add(THIRD, (1, 1), 1, 2, b"b", 0.0), b"ab")

    def test_forgets(self) -> None:
        """Who left is forgotten."""
        parts = Reassembly(MAX_FRAME)
        parts.add(PEER, (1, 1), 0, 2, b"a", 0.0)
        parts.keep_only([THIRD])
        self.assertIsNone(parts.add(PEER, (1, 1), 1, 2, b"b", 0.0))
