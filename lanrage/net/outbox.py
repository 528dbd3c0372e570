"""What waits for one client that does not read as fast as it is written to: bounded, and mended by a resync mark.

Answers are never dropped. When too much waits, the news of parties is dropped and those parties are marked: once the
client reads again it is told ``Resync`` for each, and asks for what it missed by revision. Signals are dropped as a
network would. Plain messages wait, not records: a record carries a counter, so it is sealed when it is written.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable

import attrs

from lanrage.wire.control import Notice, Reply, Resync, Signalled
from lanrage.wire.control_opening import Denied

QUEUE_BYTES = 1024 * 1024
"""Bytes that may wait for one client, with what is news: minutes of a slow phone's network."""
QUEUE_MESSAGES = 1024
"""Messages likewise: small ones cost more memory than their bytes say."""
ANSWER_BYTES = 2 * 1024 * 1024
"""Bytes of answers alone that may wait; they cannot be dropped, so who asks for more without reading is cut off."""
SIGNAL = "signal"

Encode = Callable[[Reply | Notice], bytes]


def news_of(message: Reply | Notice) -> str:
    """What a message is to the queue: the party whose news it is, :data:`SIGNAL`, or empty for what must arrive."""
    if isinstance(message, Reply) or isinstance(message.body, Denied | Resync):
        return ""
    if isinstance(message.body, Signalled):
        return SIGNAL
    return str(getattr(message.body, "party_id", ""))


@attrs.frozen
class QueueLimits:
    """How much may wait for one client.

    :param bytes: with what may be dropped.
    :param messages: likewise.
    :param answer_bytes: without.
    """

    bytes: int = QUEUE_BYTES
    messages: int = QUEUE_MESSAGES
    answer_bytes: int = ANSWER_BYTES


@attrs.define(eq=False)
class Outbox:
    """The queue of one client, oldest first.

    :param encode: a message as it will be sealed.
    :param dropped: counts what was dropped: ``news`` and ``signal``, and ``resync`` for each mark.
    :ivar marked: parties whose news was dropped since the client last read, in the order of the first drop.
    :ivar waiting: bytes in the queue.
    """

    _encode: Encode
    dropped: Counter[str] = attrs.field(factory=Counter)
    _limits: QueueLimits = QueueLimits()
    marked: dict[str, None] = attrs.field(init=False, factory=dict)
    waiting: int = attrs.field(init=False, default=0)
    _queue: deque[tuple[bytes, str]] = attrs.field(init=False, factory=deque)

    def __bool__(self) -> bool:
        return bool(self._queue or self.marked)

    def __len__(self) -> int:
        return len(self._queue)

    def put(self, message: Reply | Notice) -> bool:
        """Queue a message, or drop news and mark its party; false when answers alone are too much: cut off."""
        news = news_of(message)
        if news in self.marked:
            self._drop(news)
            return True
        data = self._encode(message)
        self._queue.append((data, news))
        self.waiting += len(data)
        if self._is_full:
            self._shed()
        return self.waiting <= self._limits.answer_bytes

    def take(self) -> bytes | None:
        """The next message to write: what waits, then a resync for each marked party; ``None`` for nothing."""
        if self._queue:
            data, _ = self._queue.popleft()
            self.waiting -= len(data)
            return data
        if self.marked:
            party_id = next(iter(self.marked))
            del self.marked[party_id]
            self.dropped["resync"] += 1
            return self._encode(Notice(Resync(party_id)))
        return None

    def clear(self) -> None:
        """Forget all of it: the client is gone."""
        self._queue.clear()
        self.marked.clear()
        self.waiting = 0

    @property
    def _is_full(self) -> bool:
        return self.waiting > self._limits.bytes or len(self._queue) > self._limits.messages

    def _shed(self) -> None:
        """Drop all that may be dropped: half of a party's news is worth as little as none."""
        kept: deque[tuple[bytes, str]] = deque()
        for data, news in self._queue:
            if news:
                self._drop(news)
            else:
                kept.append((data, news))
        self._queue = kept
        self.waiting = sum(len(data) for data, _ in kept)

    def _drop(self, news: str) -> None:
        if news == SIGNAL:
            self.dropped[SIGNAL] += 1
        else:
            self.dropped["news"] += 1
            self.marked[news] = None
