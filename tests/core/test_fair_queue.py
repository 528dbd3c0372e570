"""Fair queueing: order within a client, turns between clients, bounds."""

from __future__ import annotations

from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from lanrage.core.fair_queue import CLIENT_LIMIT, PACKET_COST, QUANTUM, QUEUE_LIMIT, FairQueue

sizes = st.integers(0, QUANTUM - PACKET_COST)
pushes = st.lists(st.tuples(st.integers(0, 4), sizes), max_size=300)


def filled(arrivals: list[tuple[int, int]]) -> FairQueue[int, tuple[int, int, int]]:
    """A queue after these arrivals; a packet is (client, number, size)."""
    queue: FairQueue[int, tuple[int, int, int]] = FairQueue()
    for number, (client, size) in enumerate(arrivals):
        queue.push(client, size, (client, number, size))
    return queue


class TestFairQueue:
    """The queue."""

    @given(pushes, st.integers(1, 50))
    def test_all_go_once_in_their_order(self, arrivals: list[tuple[int, int]], most: int) -> None:
        """What is not dropped comes out once; a client's packets keep their order; the newest ones are kept."""
        queue = filled(arrivals)
        waiting = len(queue)
        assert waiting + queue.dropped == len(arrivals)
        out: list[tuple[int, int, int]] = []
        while len(queue):
            taken = queue.take(most)
            assert 0 < len(taken) <= most
            out += taken
        assert len(out) == waiting
        expected, seen = defaultdict(list), defaultdict(list)
        for number, (client, _) in enumerate(arrivals):
            expected[client].append(number)
        for client, number, _ in out:
            seen[client].append(number)
        assert {c: numbers[-CLIENT_LIMIT:] for c, numbers in expected.items()} == dict(seen)
        assert queue.take(9) == []

    @given(pushes, st.integers(1, 200))
    def test_nobody_gets_ahead(self, arrivals: list[tuple[int, int]], most: int) -> None:
        """Of two clients that both still wait, neither has sent two turns more than the other."""
        queue = filled(arrivals)
        left: dict[int, int] = defaultdict(int)
        for client, _ in arrivals:
            left[client] = min(CLIENT_LIMIT, left[client] + 1)
        sent: dict[int, int] = defaultdict(int)
        for client, _, size in queue.take(most):
            sent[client] += size + PACKET_COST
            left[client] -= 1
        backlogged = [sent[client] for client, count in left.items() if count]
        if len(backlogged) > 1:
            assert max(backlogged) - min(backlogged) <= 2 * QUANTUM

    def test_many_floods(self) -> None:
        """All together take bounded room, and who sends little loses nothing."""
        queue: FairQueue[int, str] = FairQueue()
        for number in range(3 * QUEUE_LIMIT):
            queue.push(number % 100, 1400, "flood")
            if number % 500 == 0:
                queue.push(1000, 100, "shot")
        assert len(queue) == QUEUE_LIMIT
        assert queue.take(QUEUE_LIMIT).count("shot") == len(range(0, 3 * QUEUE_LIMIT, 500))

    def test_a_flood(self) -> None:
        """One packet beside a flood is among the first few, and the flood takes bounded room."""
        queue: FairQueue[str, str] = FairQueue()
        for _ in range(100_000):
            queue.push("flooder", 1400, "flood")
        queue.push("player", 100, "shot")
        assert len(queue) == CLIENT_LIMIT + 1
        assert queue.take(3).index("shot") == 1
        assert queue.dropped == 100_000 - CLIENT_LIMIT
