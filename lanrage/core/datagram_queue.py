"""What waits for a stream that takes less than comes in: the newest datagrams, of all channels alike.

A game wants the last word, not every word: where TCP cannot keep up, the oldest go, as a router's queue would let the
newest go. The fullest channel loses first, and channels take turns, so that a file copy with one friend does not push
out the game with another.
"""

from __future__ import annotations

from collections import deque

import attrs

QUEUE_BYTES = 64 * 1024
"""Bytes that may wait: half a second of 1 Mbit/s; more would only be late."""
QUEUE_DATAGRAMS = 256
"""Datagrams likewise: small ones cost more memory than their bytes say."""
QUEUE_AGE = 0.3
"""Seconds after which a datagram that waits is of no use: a game has sent 20 newer ones since; long enough for TCP to
repeat what one lost packet held up."""


@attrs.frozen
class QueueBounds:
    """How much may wait.

    :param bytes: of all channels.
    :param datagrams: of all channels.
    :param age: seconds.
    """

    bytes: int = QUEUE_BYTES
    datagrams: int = QUEUE_DATAGRAMS
    age: float = QUEUE_AGE


@attrs.define(eq=False)
class DatagramQueue:
    """Datagrams of many channels.

    :ivar waiting: bytes in the queue.
    :ivar dropped: datagrams that were let go since the start.
    """

    bounds: QueueBounds = QueueBounds()
    waiting: int = attrs.field(init=False, default=0)
    dropped: int = attrs.field(init=False, default=0)
    _channels: dict[int, deque[tuple[float, bytes]]] = attrs.field(init=False, factory=dict)
    _sizes: dict[int, int] = attrs.field(init=False, factory=dict)
    _count: int = attrs.field(init=False, default=0)

    def __len__(self) -> int:
        """Datagrams in the queue."""
        return self._count

    def put(self, channel: int, datagram: bytes, now: float) -> None:
        """Add the newest; the oldest of the fullest channel make room.

        :param now: seconds of a clock that only moves forward.
        """
        self._channels.setdefault(channel, deque()).append((now, datagram))
        self._sizes[channel] = self._sizes.get(channel, 0) + len(datagram)
        self.waiting += len(datagram)
        self._count += 1
        while self.waiting > self.bounds.bytes or self._count > self.bounds.datagrams:
            self._pop(max(self._sizes, key=lambda each: self._sizes[each]))
            self.dropped += 1

    def take(self, now: float) -> bytes | None:
        """The next datagram, each channel in its turn; ``None`` for nothing. What is too old is let go."""
        while self._channels:
            channel = next(iter(self._channels))
            came, datagram = self._pop(channel)
            if channel in self._channels:  # its turn is over: the others come first
                self._channels[channel] = self._channels.pop(channel)
            if now - came <= self.bounds.age:
                return datagram
            self.dropped += 1
        return None

    def clear(self) -> None:
        """Forget all of it."""
        self._channels.clear()
        self._sizes.clear()
        self.waiting = self._count = 0

    def _pop(self, channel: int) -> tuple[float, bytes]:
        queue = self._channels[channel]
        came, datagram = queue.popleft()
        self._sizes[channel] -= len(datagram)
        self.waiting -= len(datagram)
        self._count -= 1
        if not queue:
            del self._channels[channel], self._sizes[channel]
        return came, datagram
