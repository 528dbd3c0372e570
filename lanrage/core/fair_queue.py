"""Fair queueing: deficit round robin over the clients that have packets waiting (Shreedhar and Varghese, 1995)."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from typing import Generic, TypeVar

import attrs

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")

PACKET_COST = 256
"""Bytes that a packet counts beside its own: the work is the packet's more than the bytes'."""
QUANTUM = 2048 + PACKET_COST
"""Bytes that a client may send in its turn: the longest packet, so each turn sends at least one, or some eight small
ones."""
CLIENT_LIMIT = 512
"""Packets of one client that wait; beyond it the oldest goes, for a game's newest state is worth more."""
QUEUE_LIMIT = 8192
"""Packets of all clients that wait, some 10 MB; beyond it the client with the most gives way."""


@attrs.define
class _Line(Generic[T]):
    """What one client has waiting: cost and packet."""

    waiting: deque[tuple[int, T]] = attrs.field(factory=deque)
    credit: int = 0


@attrs.define
class FairQueue(Generic[K, T]):
    """Each client's packets in order; each client's bytes in turn, so that nobody waits behind another's flood.

    Memory is bounded by :data:`QUEUE_LIMIT`; a client without packets takes none.

    :ivar dropped: packets that gave way to newer ones.
    """

    dropped: int = 0
    _told: int = attrs.field(init=False, default=0)
    _lines: dict[K, _Line[T]] = attrs.field(init=False, factory=dict)
    _count: int = attrs.field(init=False, default=0)

    def __len__(self) -> int:
        """Packets waiting."""
        return self._count

    def push(self, client: K, size: int, packet: T) -> T | None:
        """Let a packet wait; returns the one that gave way to it, if one did.

        :param size: bytes.
        """
        line = self._lines.get(client)
        if line is None:
            line = self._lines[client] = _Line()
        line.waiting.append((size + PACKET_COST, packet))
        self._count += 1
        if len(line.waiting) > CLIENT_LIMIT:
            return self._drop(line)
        if self._count > QUEUE_LIMIT:
            mine = len(line.waiting) * len(self._lines) > QUEUE_LIMIT  # more than an equal share: no need to look
            return self._drop(line if mine else max(self._lines.values(), key=lambda each: len(each.waiting)))
        return None

    def _drop(self, line: _Line[T]) -> T:
        self._count -= 1
        self.dropped += 1
        return line.waiting.popleft()[1]

    def take_dropped(self) -> int:
        """How many were dropped since this was asked last."""
        new, self._told = self.dropped - self._told, self.dropped
        return new

    def take(self, most: int) -> list[T]:
        """The next packets, at most `most`, in the order in which they should go."""
        taken: list[T] = []
        while self._lines and len(taken) < most:
            client = next(iter(self._lines))
            line = self._lines.pop(client)
            line.credit += QUANTUM
            waiting = line.waiting
            while waiting and waiting[0][0] <= line.credit and len(taken) < most:
                cost, packet = waiting.popleft()
                line.credit -= cost
                taken.append(packet)
            if waiting:
                # Its turn is over, or the round's; what it did not use of this turn it must not save up.
                line.credit = min(line.credit, waiting[0][0])
                self._lines[client] = line
        self._count -= len(taken)
        return taken
