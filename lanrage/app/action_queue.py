"""Actions of one peer, carried out one after another."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from typing import Generic, TypeVar

from twisted.internet.defer import Deferred
from twisted.logger import Logger

T = TypeVar("T")


class ActionQueue(Generic[T]):
    """Runs `perform` on each item in order; an item that awaits holds those behind it, one that fails is logged.

    So a peer is configured in WireGuard before the answer goes out that lets the other end start its handshake.

    :param perform: carries out one item; returns an awaitable where it has to wait, else ``None``.
    """

    log = Logger()

    def __init__(self, perform: Callable[[T], Awaitable[None] | None]) -> None:
        self._perform = perform
        self._items: deque[T] = deque()
        self._running: Deferred[None] | None = None
        self._busy = False
        self._closed = False

    def put(self, items: Iterable[T]) -> None:
        """Queue items; where nothing is waiting they are carried out before this returns."""
        if self._closed:
            return
        self._items.extend(items)
        if self._items and not self._busy:
            self._busy = True
            self._running = Deferred.fromCoroutine(self._run())

    async def _run(self) -> None:
        while self._items:
            item = self._items.popleft()
            try:
                waiting = self._perform(item)
                if waiting is not None:
                    await waiting
            except Exception:  # one bad action never stops the others  # pylint: disable=broad-exception-caught
                self.log.failure("the action {item} failed", item=type(item).__name__)
        self._busy = False

    async def close(self) -> None:
        """Drop what waits and let the running item end."""
        self._closed = True
        self._items.clear()
        if self._running is not None:
            await self._running
