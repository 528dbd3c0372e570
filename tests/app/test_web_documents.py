"""The documents of the API: made once, outside of the reactor's thread."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from typing import Any

from twisted.internet.defer import Deferred, gatherResults
from twisted.trial.unittest import TestCase

from lanrage.app.api_documents import asyncapi, openapi
from lanrage.app.operation import Operation
from lanrage.app.operations import OPERATIONS
from lanrage.app.web_documents import DOCUMENTS, WebDocuments
from tests.web_case import reactor

ROWS = tuple(OPERATIONS.values())


class DocumentsTests(TestCase):
    """:class:`WebDocuments`."""

    timeout = 30

    def test_as_they_are_made(self) -> Deferred[None]:
        """Byte for byte what the table gives, without the operations of the socket alone."""

        async def life() -> None:
            documents = WebDocuments(reactor, ROWS)
            remote = [row for row in ROWS if not row.local]
            for path, build in (("/api/v1/openapi.json", openapi), ("/api/v1/asyncapi.json", asyncapi)):
                self.assertIn(path, documents)
                self.assertEqual(build(remote), json.loads(await documents.body(path)))
            self.assertEqual((2, False), (len(DOCUMENTS), "/api/v1/status" in documents))

        return Deferred.fromCoroutine(life())

    def test_not_in_the_reactor(self) -> Deferred[None]:
        """However many ask at once, it is made once, in another thread; a failure is told, and it is tried again."""
        threads: list[int] = []

        def build(_: Sequence[Operation]) -> dict[str, Any]:
            threads.append(threading.get_ident())
            if len(threads) == 1:
                raise ValueError("not yet")
            return {"made": len(threads)}

        async def life() -> None:
            documents = WebDocuments(reactor, ROWS, {"/x": build})
            with self.assertRaises(ValueError):
                await documents.body("/x")
            asking = [Deferred.fromCoroutine(documents.body("/x")) for _ in range(5)]
            self.assertEqual([b'{"made":2}'] * 5, await gatherResults(asking))
            self.assertEqual((2, False), (len(threads), threading.get_ident() in threads))

        return Deferred.fromCoroutine(life())
