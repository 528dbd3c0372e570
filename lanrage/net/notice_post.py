"""One HTTP request of a notice, and its answer: no redirect is followed, no more is read than is needed."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import treq.client
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.defer import TimeoutError as DeferredTimeout
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web.client import Agent, HTTPConnectionPool
from twisted.web.iweb import IAgent

from lanrage.core.notice_queue import Answer
from lanrage.wire.notice_requests import ANSWER_LIMIT, HttpRequest, read_answer

PATIENCE = 10.0
"""Seconds for the request, and again for the rest of its answer."""
CONNECT_PATIENCE = 5.0
"""Seconds of these for the connection."""


def make_agent(reactor: Any) -> Agent:
    """What makes the requests: a connection for each, certificates by the system's authorities."""
    pool = HTTPConnectionPool(reactor, persistent=False)
    return Agent(reactor, connectTimeout=CONNECT_PATIENCE, pool=pool)


async def post(reactor: Any, agent: IAgent, request: HttpRequest) -> Answer:
    """Send a request; an answer of code 0 stands for none.

    :raises CancelledError: it was cancelled meanwhile; nothing is left open.
    """
    client = treq.client.HTTPClient(agent)
    given: Any = dict(request.headers)
    try:
        asking = client.request(
            request.method,
            request.url,
            headers=given,
            data=request.body,
            allow_redirects=False,
            unbuffered=True,
        )
        response: Any = await asking.addTimeout(PATIENCE, reactor)
    except CancelledError:
        raise
    except Exception:  # pylint: disable=broad-exception-caught  # of name service, TCP, TLS, HTTP: all the same here
        return Answer(0)
    body = _Beginning()
    response.deliverBody(body)
    with suppress(DeferredTimeout):
        await body.gone.addTimeout(PATIENCE, reactor)
    headers = {
        name.decode("latin-1").lower(): values[-1].decode("latin-1")
        for name, values in response.headers.getAllRawHeaders()
    }
    return read_answer(response.code, headers, bytes(body.data))


class _Beginning(Protocol):
    """Reads the first bytes of an answer, then ends the connection.

    :ivar gone: fires when no more comes; cancelling it ends the connection.
    """

    def __init__(self) -> None:
        self.data = bytearray()
        self.gone: Deferred[None] = Deferred(lambda _: self._end())

    def dataReceived(self, data: bytes) -> None:
        """Twisted: more of it is there."""
        self.data += data[: ANSWER_LIMIT - len(self.data)]
        if len(self.data) >= ANSWER_LIMIT:
            self._end()

    def _end(self) -> None:
        transport: Any = self.transport
        if transport is not None:
            transport.loseConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Twisted: no more comes."""
        if not self.gone.called:
            self.gone.callback(None)
