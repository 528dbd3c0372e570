"""What describes the API for programs: made when it is first asked for, in a thread, as it takes a while."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import msgspec
from twisted.internet.defer import DeferredLock

from lanrage.app.api_documents import asyncapi, openapi
from lanrage.app.operation import Operation
from lanrage.net.threads import in_thread
from lanrage.wire.web import API

Builder = Callable[[Sequence[Operation]], dict[str, Any]]
"""Describes operations."""

DOCUMENTS: Mapping[str, Builder] = MappingProxyType({f"{API}openapi.json": openapi, f"{API}asyncapi.json": asyncapi})
"""By path."""


class WebDocuments:
    """The documents of a process; each is made once, and kept as the bytes that are sent.

    :param reactor: for its threads.
    :param rows: the operations that are done here.
    :param builders: by path; a test's own, else :data:`DOCUMENTS`.
    """

    def __init__(self, reactor: Any, rows: Sequence[Operation], builders: Mapping[str, Builder] = DOCUMENTS) -> None:
        self._reactor, self._builders = reactor, builders
        self._rows = [row for row in rows if not row.local]
        self._made: dict[str, bytes] = {}
        self._making = DeferredLock()

    def __contains__(self, path: str) -> bool:
        """Whether there is one at this path."""
        return path in self._builders

    async def body(self, path: str) -> bytes:
        """One, as JSON. Whoever asks while it is made waits for the same one."""
        if path not in self._made:
            await self._making.acquire()
            try:
                if path not in self._made:
                    self._made[path] = await in_thread(self._reactor, _encoded, self._builders[path], self._rows)
            finally:
                self._making.release()
        return self._made[path]


def _encoded(build: Builder, rows: Sequence[Operation]) -> bytes:
    return msgspec.json.encode(build(rows))
