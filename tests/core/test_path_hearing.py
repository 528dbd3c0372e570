"""What was heard of a peer before: known again, and forgotten in time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.links import Endpoint
from lanrage.core.path_hearing import ASKS_BURST, ASKS_RATE, FORMER_LIMIT, PROBES_KEPT, Hearing
from lanrage.core.probe import Probe, ProbeKind

HERE, THERE = Endpoint("198.51.100.9", 1), Endpoint("198.51.100.9", 2)


class HearingTests(SynchronousTestCase):
    """Probes and sessions."""

    def test_probes_are_forgotten(self) -> None:
        """Memory is bounded; the latest are known by where they came from first."""
        hearing = Hearing()
        for number in range(5000):
            self.assertTrue(hearing.is_new(number.to_bytes(8, "big"), HERE))
        self.assertEqual(PROBES_KEPT, len(hearing._sources))
        self.assertFalse(hearing.is_new((4999).to_bytes(8, "big"), THERE))
        self.assertTrue(hearing.is_new((4999).to_bytes(8, "big"), HERE))

    @given(st.lists(st.tuples(st.integers(0, 20), st.sampled_from((HERE, THERE))), max_size=PROBES_KEPT))
    def test_first_source(self, heard: list[tuple[int, Endpoint]]) -> None:
        """A probe counts where it came from first."""
        hearing, first = Hearing(), dict[int, Endpoint]()
        for number, source in heard:
            self.assertEqual(first.setdefault(number, source) == source, hearing.is_new(bytes([number] * 8), source))

    def test_sessions(self) -> None:
        """So many that the peer has left are known."""
        hearing = Hearing()
        for number in range(FORMER_LIMIT + 1):
            hearing.left(bytes([number] * 8))
        known = [hearing.is_former(bytes([number] * 8)) for number in range(FORMER_LIMIT + 2)]
        self.assertEqual([False, *[True] * FORMER_LIMIT, False], known)

    def test_asks(self) -> None:
        """A probe of another life is answered once a place, at a bounded rate; one of a life that is over, never."""
        hearing = Hearing()
        hearing.left(b"formerly")

        def asks(number: int, source: Endpoint, now: float, session: bytes = b"foreign.") -> bool:
            probe = Probe(ProbeKind.PING, b"t" * 8, session, number.to_bytes(8, "big"))
            return hearing.asks(probe, source, now)

        self.assertFalse(asks(0, HERE, 0.0, b"formerly"))
        self.assertTrue(asks(1, HERE, 0.0))
        self.assertEqual([False] * 50, [asks(1, Endpoint(HERE.host, port), 0.0) for port in range(2, 52)])
        self.assertEqual(ASKS_BURST - 1, sum(asks(number, HERE, 0.0) for number in range(2, 100)))
        self.assertTrue(asks(100, HERE, 1 / ASKS_RATE))
