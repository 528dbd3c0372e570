"""What waits for a slow stream: bounded, the newest of all channels, in order, and never old."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.datagram_queue import DatagramQueue, QueueBounds

steps = st.lists(
    st.one_of(
        st.tuples(st.integers(1, 4), st.integers(1, 40)),  # put: channel, bytes
        st.floats(0, 0.3),  # time passes
        st.none(),  # take
    ),
    max_size=60,
)


class DatagramQueueTests(SynchronousTestCase):
    """Properties of every history, and the cases that matter."""

    @given(steps)
    def test_any_history(self, history: list[tuple[int, int] | float | None]) -> None:
        """It never holds more than its bounds, gives each channel's datagrams in order, once, and none that is old."""
        queue, now, number = DatagramQueue(QueueBounds(100, 6, 0.5)), 0.0, 0
        came: dict[int, tuple[int, float]] = {}
        last = dict.fromkeys(range(1, 5), -1)
        taken = 0
        for step in history:
            if isinstance(step, tuple):
                channel, size = step
                came[number] = channel, now
                queue.put(channel, number.to_bytes(2, "big") + bytes(size), now)
                number += 1
            elif step is None:
                found = queue.take(now)
                if found is not None:
                    taken += 1
                    index = int.from_bytes(found[:2], "big")
                    channel, at = came[index]
                    self.assertGreater(index, last[channel])
                    self.assertLessEqual(now - at, 0.5)
                    last[channel] = index
            else:
                now += step
            self.assertLessEqual(queue.waiting, 100)
            self.assertLessEqual(len(queue), 6)
            self.assertEqual(number, taken + len(queue) + queue.dropped)

    def test_the_oldest_goes(self) -> None:
        """Where one channel is too much, its newest datagrams stay."""
        queue = DatagramQueue(QueueBounds(datagrams=3))
        for number in range(10):
            queue.put(1, bytes([number]), 0.0)
        self.assertEqual([bytes([n]) for n in (7, 8, 9)], [queue.take(0.0) for _ in range(3)])
        self.assertEqual((7, None), (queue.dropped, queue.take(0.0)))

    def test_a_copy_beside_a_game(self) -> None:
        """A file copy fills the queue; the game's few packets are all there, and in their turn."""
        queue = DatagramQueue(QueueBounds(bytes=10_000))
        for number in range(50):
            queue.put(1, bytes(1000), 0.0)
            if number % 10 == 0:
                queue.put(2, b"game", 0.0)
        found = [queue.take(0.0) for _ in range(12)]
        self.assertEqual(5, found.count(b"game"))
        self.assertEqual(b"game", found[1])

    def test_old_ones_go(self) -> None:
        """What waited longer than the bound is dropped, and counted."""
        queue = DatagramQueue(QueueBounds(age=0.5))
        queue.put(1, b"old", 0.0)
        queue.put(1, b"new", 0.4)
        self.assertEqual(b"new", queue.take(0.8))
        self.assertEqual((1, None), (queue.dropped, queue.take(0.8)))

    def test_clear(self) -> None:
        """Nothing is left."""
        queue = DatagramQueue()
        queue.put(1, b"one", 0.0)
        queue.put(2, b"two", 0.0)
        queue.clear()
        self.assertEqual((0, 0, None), (len(queue), queue.waiting, queue.take(0.0)))
