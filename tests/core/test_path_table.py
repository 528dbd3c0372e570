"""The paths to one peer are few, and those in use are kept."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.candidates import Candidate, CandidateKind
from lanrage.core.links import Endpoint
from lanrage.core.path_table import FORGET_BURST, FORGET_RATE, PATH_LIMIT, PathTable


def candidate(port: int, kind: CandidateKind = CandidateKind.PEER) -> Candidate:
    """One at this port."""
    return Candidate(kind, Endpoint("192.0.2.1", port))


class TableTests(SynchronousTestCase):
    """Learning and forgetting."""

    @given(st.lists(st.tuples(st.integers(1, 200), st.floats(0.0, 40.0)), max_size=200), st.integers(1, 20))
    def test_any_course(self, steps: list[tuple[int, float]], used: int) -> None:
        """Never more than the limit; what is in use is kept; others are forgotten at the stated rate only."""
        table, now, keep = PathTable(), 0.0, candidate(used).endpoint
        table.learn(candidate(used), now, ())
        learnt = {keep}
        for port, gap in steps:
            now += gap
            path = table.learn(candidate(port), now, (keep,))
            if path is not None:
                learnt.add(path.endpoint)
            self.assertLessEqual(len(table.paths), PATH_LIMIT)
            self.assertIn(keep, table.paths)
        self.assertLessEqual(len(learnt), PATH_LIMIT + FORGET_BURST + now * FORGET_RATE + 1)

    def test_known_one(self) -> None:
        """One that is known is the same path."""
        table = PathTable()
        self.assertIs(table.learn(candidate(1), 0.0, ()), table.learn(candidate(1), 5.0, ()))

    def test_start_over(self) -> None:
        """Of the relay's ports new paths are made, all else is forgotten."""
        table = PathTable()
        for port, kind in ((1, CandidateKind.PEER), (2, CandidateKind.RELAY), (3, CandidateKind.RELAY_TCP)):
            table.learn(candidate(port, kind), 0.0, ())
        before = table.paths[candidate(2).endpoint]
        table.start_over()
        self.assertEqual([2, 3], [endpoint.port for endpoint in table.paths])
        self.assertIsNot(before, table.paths[candidate(2).endpoint])
