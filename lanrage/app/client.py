"""Speaks to the local API of a node, or of a role that runs alone (``docs/api.rst``).

Its errors come back as the exceptions that were raised there.
"""

from __future__ import annotations

import errno
import os
from collections.abc import AsyncGenerator
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec
from autobahn.twisted.websocket import WebSocketClientFactory
from twisted.internet.defer import Deferred, succeed
from twisted.internet.defer import TimeoutError as DeferredTimeout
from twisted.internet.endpoints import UNIXClientEndpoint
from twisted.internet.error import ConnectError
from twisted.internet.interfaces import IReactorTime, IReactorUNIX

from lanrage.app.cli_find import others_here
from lanrage.app.client_protocol import ClientProtocol
from lanrage.app.operations import Progress
from lanrage.app.role_sockets import asked_at, default_socket
from lanrage.errors import LanrageError, MissingRight, Refused, Unreachable
from lanrage.log_context import get_context, new_correlation_id
from lanrage.wire.local import ANSWER_LIMIT, check_socket_path

CONNECT_TIMEOUT = 5.0
"""Seconds to connect and shake hands with a process on this machine."""
CALL_TIMEOUT = 120.0
"""Seconds for one operation: a join tries up to four addresses of a control server before it gives up."""
URL = "ws://localhost/"


class NodeClient:
    """A connection to a node, or to a role that runs alone, for ``async with``.

    :param path: of its socket, by whose name it is called in errors.
    """

    def __init__(self, reactor: IReactorUNIX | IReactorTime, path: str | Path) -> None:
        self._reactor: Any = reactor
        self._path = os.fspath(path)
        self._asked = asked_at(self._path)
        self._protocol: ClientProtocol | None = None

    async def __aenter__(self) -> Self:
        """Connect.

        :raises Refused: ``busy``: it is connected.
        :raises Unreachable: when nobody listens there; the message says how to start one.
        :raises MissingRight: when this user may not speak to it.
        """
        if self._protocol is not None:
            raise Refused("busy", "this connection is open already: make another one")
        check_socket_path(self._path)
        factory = WebSocketClientFactory(URL, reactor=self._reactor, useragent="lanrage")
        factory.protocol = partial(ClientProtocol, self._asked)
        factory.setProtocolOptions(
            maxMessagePayloadSize=ANSWER_LIMIT, maxFramePayloadSize=ANSWER_LIMIT, closeHandshakeTimeout=1
        )
        endpoint = UNIXClientEndpoint(self._reactor, self._path, timeout=CONNECT_TIMEOUT)
        try:
            protocol: ClientProtocol = await endpoint.connect(factory)
        except ConnectError as error:
            raise self._no_connection(error) from error
        try:
            await protocol.opened.addTimeout(CONNECT_TIMEOUT, self._reactor)
        except BaseException as error:
            protocol.transport.abortConnection()
            await protocol.closed
            if isinstance(error, DeferredTimeout):
                raise Unreachable(f"what listens at {self._path} does not answer") from error
            raise
        self._protocol = protocol
        return self

    def ended(self) -> Deferred[None]:
        """Fires when the connection has ended; at once where there is none."""
        if self._protocol is None:
            return succeed(None)
        watching: Deferred[None] = Deferred()
        self._protocol.closed.addBoth(lambda _: watching.callback(None))
        return watching

    def _no_connection(self, error: ConnectError) -> LanrageError:
        number, asked = error.osError, self._asked
        if number == errno.EACCES:
            return MissingRight(f"this user may not open {self._path}: {asked.permit}")
        if number in (None, errno.ENOENT, errno.ECONNREFUSED, errno.ENOTDIR, errno.ENOTSOCK):
            others = others_here() if self._path == default_socket() else ""  # who names a socket means that one
            return Unreachable(f"no {asked.called} is running at {self._path}; {asked.start}{others}")
        return Unreachable(f"no {asked.called} can be reached at {self._path}: {os.strerror(int(number))}")

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        protocol, self._protocol = self._protocol, None
        if protocol is not None:
            protocol.sendClose()
            await protocol.closed

    async def call(
        self,
        op: str,
        args: dict[str, Any] | msgspec.Struct | None = None,
        *,
        progress: Progress | None = None,
        timeout: float = CALL_TIMEOUT,
        correlation_id: str = "",
        descriptor: int | None = None,
    ) -> Any:
        """Carry an operation out; it waits for its turn where many calls of this connection are unanswered.

        Who cancels it, or waits no longer than `timeout`, ends an operation that takes long at the process as well.

        :param op: its name (:data:`lanrage.app.operations.OPERATIONS`).
        :param args: its arguments by name, or its request.
        :param progress: gets the stages of a long operation.
        :param timeout: seconds.
        :param correlation_id: of the log lines that follow from it; empty = that of the context, or a new one.
        :param descriptor: goes with the call, by SCM_RIGHTS; it must stay open until the answer is there.
        :returns: the result as plain values.
        :raises LanrageError: the error that the node raised; :class:`NodeFault` for one that is a bug.
        :raises Unreachable: when the node went away or does not answer in time.
        """
        calling = self._open().call(op, _plain(args), progress, _operation(correlation_id), descriptor)
        try:
            return await calling.addTimeout(timeout, self._reactor)
        except DeferredTimeout as error:
            raise Unreachable(f"the {self._asked.called} did not answer within {timeout:.0f} s") from error

    async def watch(
        self, op: str, args: dict[str, Any] | msgspec.Struct | None = None, *, correlation_id: str = ""
    ) -> AsyncGenerator[Any, None]:
        """The result of an operation that only reads, now and whenever it changed; who is slow gets the newest alone.

        It ends with the iteration (``break``, ``aclose``) and with the connection.

        :param op: its name, of a row that ``reads``.
        :returns: to be iterated: results as plain values.
        :raises LanrageError: as :meth:`call`, for the first result or a later one.
        """
        watched = self._open().watch(op, _plain(args), _operation(correlation_id))
        try:
            while True:
                yield await watched.next()
        finally:
            watched.end()

    def _open(self) -> ClientProtocol:
        if self._protocol is None:
            raise Unreachable(f"the connection to the {self._asked.called} is closed")
        return self._protocol


def _plain(args: dict[str, Any] | msgspec.Struct | None) -> dict[str, Any]:
    return msgspec.structs.asdict(args) if isinstance(args, msgspec.Struct) else dict(args or {})


def _operation(correlation_id: str) -> str:
    return correlation_id or get_context().get("correlation_id", "") or new_correlation_id()
