"""Answers of the gateway for browsers on their way: with the headers that all have, and as fast as they are taken."""

from __future__ import annotations

from typing import Any

from twisted.internet.interfaces import IPushProducer
from twisted.web.http import NO_BODY_CODES, datetimeToString
from zope.interface import implementer

from lanrage.wire.web import GUARDS, Reply

CHUNK = 64 * 1024
"""Bytes of an answer from which on it is sent as fast as it is read, and not gathered in memory."""


@implementer(IPushProducer)
class _Parts:
    """A large answer, part by part as the browser takes it."""

    def __init__(self, request: Any, body: bytes) -> None:
        self._request, self._body, self._at = request, memoryview(body), 0
        self._paused = False

    def start(self) -> None:
        """Begin."""
        self._request.registerProducer(self, True)
        self.resumeProducing()

    def resumeProducing(self) -> None:
        """Twisted: what was written is taken."""
        self._paused = False
        while not self._paused and self._at < len(self._body):
            part, self._at = bytes(self._body[self._at : self._at + CHUNK]), self._at + CHUNK
            self._request.write(part)
        if self._at >= len(self._body) and not self._paused:
            self._paused = True
            self._request.unregisterProducer()
            self._request.finish()

    def pauseProducing(self) -> None:
        """Twisted: enough is written for now."""
        self._paused = True

    def stopProducing(self) -> None:
        """Twisted: the browser is gone."""
        self._paused, self._at = True, len(self._body)


def send_reply(request: Any, reply: Reply) -> None:
    """Send an answer; a large one as fast as it is taken."""
    request.setResponseCode(reply.status)
    kind = {"Content-Type": reply.kind} if reply.kind else {}
    own = {"Date": datetimeToString()}
    if reply.status not in NO_BODY_CODES:
        own["Content-Length"] = str(len(reply.body))
    for name, value in {**GUARDS, **own, **kind, **reply.headers}.items():
        request.setHeader(name, value)
    if request.method == b"HEAD" or len(reply.body) <= CHUNK:
        request.write(b"" if request.method == b"HEAD" else reply.body)
        request.finish()
    else:
        _Parts(request, reply.body).start()
