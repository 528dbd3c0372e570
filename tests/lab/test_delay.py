"""The delay router's queue."""

from __future__ import annotations

from socket import inet_aton

import hypothesis.strategies as st
from hypothesis import given
from twisted.trial.unittest import SynchronousTestCase

from lanrage.lab.delay import DelayQueue, read_table


def packet(source: str, target: str, mark: bytes = b"") -> bytes:
    """An IPv4 header with addresses, and something after it."""
    return b"\x45" + bytes(11) + inet_aton(source) + inet_aton(target) + mark


class QueueTests(SynchronousTestCase):
    """Every packet comes out once, in time, in order."""

    @given(st.lists(st.tuples(st.floats(0, 10), st.booleans()), max_size=60))
    def test_times(self, arrivals: list[tuple[float, bool]]) -> None:
        """A packet leaves when its way's delay has passed, packets of one way in the order they came."""
        queue = DelayQueue(*read_table('{"": 100, "10.0.0.1 10.0.0.2": 2000}'))
        out: list[tuple[float, bytes]] = []
        now = 0.0
        for number, (step, slow) in enumerate(arrivals):
            target = now + step
            while (wait := queue.wait(now)) is not None and now + wait <= target:
                now = max(now + wait, min(now + wait + 1e-9, target))
                out += [(now, p) for p in queue.due(now)]
            now = target
            mark = number.to_bytes(2, "big")
            queue.push(packet("10.0.0.1", "10.0.0.2" if slow else "10.0.0.3", mark), now)
        out += [(now + 2, p) for p in queue.due(now + 2.001)]
        self.assertEqual(len(out), len(arrivals))
        for slow in (False, True):
            ends = inet_aton("10.0.0.2" if slow else "10.0.0.3")
            marks = [p[20:] for _, p in out if p[16:20] == ends]
            self.assertEqual(marks, sorted(marks))
        self.assertIsNone(queue.wait(now))

    def test_bound(self) -> None:
        """A full queue drops what comes and counts it."""
        queue = DelayQueue({}, 1.0, limit=2)
        for _ in range(5):
            queue.push(packet("10.0.0.1", "10.0.0.2"), 0.0)
        self.assertEqual((len(queue.due(2.0)), queue.dropped), (2, 3))
