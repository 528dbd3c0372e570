"""HTTP to a gateway for SOAP: short answers, no redirects, no patience (docs/links.rst)."""

from __future__ import annotations

from typing import Any

import treq.client
from twisted.internet.defer import Deferred
from twisted.internet.defer import TimeoutError as DeferredTimeout
from twisted.internet.error import ConnectError, ConnectionClosed
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web.client import Agent, HTTPConnectionPool, ResponseDone, ResponseFailed, ResponseNeverReceived
from twisted.web.http import PotentialDataLoss
from twisted.web.http_headers import Headers

from lanrage.core.mapping import Gateway, NotMapped
from lanrage.wire.igd import XML_LIMIT

CONNECT_S, ANSWER_S = 3.0, 6.0
"""Seconds; a router answers within tens of milliseconds, a slow one within a second."""
GOOD = (200, 500)
"""HTTP status of an answer, and of a SOAP fault (UDA 1.1, section 3.2.2)."""
XML_TYPE = 'text/xml; charset="utf-8"'


class _Body(Protocol):
    """Collects a body that is not too long."""

    def __init__(self) -> None:
        self._data = bytearray()
        self.whole: Deferred[bytes] = Deferred(lambda _: self._drop())

    def _drop(self) -> None:
        if self.transport is not None:
            self.transport.loseConnection()

    def dataReceived(self, data: bytes) -> None:
        """One piece."""
        self._data += data
        if len(self._data) > XML_LIMIT and not self.whole.called:
            self._drop()
            self.whole.errback(NotMapped(f"the router answers with more than {XML_LIMIT} bytes"))

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The end, a proper one or not; a body without a length ends so, too."""
        if self.whole.called:
            return
        if reason.check(ResponseDone, PotentialDataLoss):
            self.whole.callback(bytes(self._data))
        else:
            self.whole.errback(NotMapped("the router's answer is cut off", absent=True))


class GatewayHttp:
    """Speaks to one gateway, from this machine's address towards it.

    :param patience: seconds for one exchange.
    """

    def __init__(self, reactor: Any, gateway: Gateway, patience: float = ANSWER_S) -> None:
        self._patience = patience
        self._reactor = reactor
        self._gateway = gateway

    async def get(self, url: str) -> bytes:
        """Fetch a description.

        :raises NotMapped: when there is none.
        """
        return await self._request("GET", url, {}, None, (200,))

    async def post(self, url: str, action: str, body: bytes) -> bytes:
        """Make a SOAP call and return its answer or fault.

        :param action: the value of the header SOAPACTION.
        :raises NotMapped: when there is no answer.
        """
        return await self._request("POST", url, {"Content-Type": XML_TYPE, "SOAPACTION": action}, body, GOOD)

    async def _request(
        self, method: str, url: str, headers: dict[str, str], body: bytes | None, good: tuple[int, ...]
    ) -> bytes:
        asking = Deferred.fromCoroutine(self._exchange(method, url, headers, body, good))
        try:
            return await asking.addTimeout(self._patience, self._reactor)
        except DeferredTimeout as error:
            raise NotMapped("the router does not answer in time", absent=True) from error

    async def _exchange(
        self, method: str, url: str, headers: dict[str, str], body: bytes | None, good: tuple[int, ...]
    ) -> bytes:
        # A client of its own for each call: no cookie, no connection is kept.
        agent = Agent(
            self._reactor,
            connectTimeout=CONNECT_S,
            bindAddress=(str(self._gateway.source), 0),
            pool=HTTPConnectionPool(self._reactor, persistent=False),
        )
        client = treq.client.HTTPClient(agent)
        sent = Headers({"User-Agent": ["UPnP/1.1 LANrage"], "Accept-Encoding": ["identity"]})
        for name, value in headers.items():
            sent.addRawHeader(name, value)
        try:
            response: Any = await client.request(
                method, url, headers=sent, data=body, allow_redirects=False, unbuffered=True
            )
        except (ConnectError, ConnectionClosed, ResponseFailed, ResponseNeverReceived) as error:
            raise NotMapped("the router's HTTP port does not answer", absent=True) from error
        collected = _Body()
        response.deliverBody(collected)
        if response.code not in good:
            collected.whole.addErrback(lambda _: b"")
            collected.whole.cancel()
            raise NotMapped(f"the router answers with HTTP status {response.code}", absent=True)
        return await collected.whole
