"""What was heard of a peer before: known again, and forgotten in time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.links import Endpoint
from lanrage.core.path_hearing import ASKS_BURST, ASKS_RATE, FORMER_LIMIT, PLACES, WINDOW, Heard, Hearing

PLACE = [Endpoint("198.51.100.9", port) for port in range(1, 4)]


def number(value: int) -> bytes:
    """Of a probe."""
    return value.to_bytes(8, "big")


class HearingTests(SynchronousTestCase):
    """Probes and sessions."""

    @given(st.lists(st.tuples(st.integers(0, 3 * WINDOW), st.sampled_from(PLACE)), max_size=100))
    def test_window(self, heard: list[tuple[int, Endpoint]]) -> None:
        """Each probe counts once a place and at two places at most; what is older than the window never counts."""
        hearing, places, newest = Hearing(), dict[int, list[Endpoint]](), 0
        for value, source in heard:
            before = places.setdefault(value, [])
            if value <= newest - WINDOW or source in before or len(before) == PLACES:
                expected = Heard.REPEATED
            else:
                expected = Heard.ELSEWHERE if before else Heard.NEW
                before.append(source)
                newest = max(newest, value)
            self.assertIs(expected, hearing.place(number(value), source))
            self.assertIs(expected, hearing.note(number(value), source))
            self.assertIs(Heard.REPEATED, hearing.place(number(value), source))

    def test_memory(self) -> None:
        """Bounded; none of all the probes heard counts again, however long ago."""
        hearing = Hearing()
        for value in range(1, 5000):
            self.assertIs(Heard.NEW, hearing.note(number(value), PLACE[0]))
            self.assertLessEqual(len(hearing._places), 2 * WINDOW)
        self.assertEqual({Heard.REPEATED}, {hearing.place(number(value), PLACE[0]) for value in range(5000 - 1)})
        hearing.start_over()
        self.assertIs(Heard.NEW, hearing.note(number(1), PLACE[0]))

    def test_sessions(self) -> None:
        """So many that the peer has left are known, until this end has a new one itself."""
        hearing = Hearing()
        for value in range(FORMER_LIMIT + 1):
            hearing.left(bytes([value] * 8))
        known = [hearing.is_former(bytes([value] * 8)) for value in range(FORMER_LIMIT + 2)]
        self.assertEqual([False, *[True] * FORMER_LIMIT, False], known)
        hearing.forget_former()
        self.assertFalse(hearing.is_former(bytes([FORMER_LIMIT] * 8)))

    def test_asks(self) -> None:
        """A probe of another life is answered at a bounded rate; one of a life that is over, never."""
        hearing = Hearing()
        hearing.left(b"formerly")
        self.assertFalse(hearing.asks(b"formerly", 0.0))
        self.assertEqual(ASKS_BURST, sum(hearing.asks(b"foreign.", 0.0) for _ in range(100)))
        self.assertTrue(hearing.asks(b"foreign.", 1 / ASKS_RATE))
        self.assertFalse(hearing.asks(b"foreign.", 1 / ASKS_RATE))
