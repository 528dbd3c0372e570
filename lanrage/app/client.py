"""Speaks to the local API of a node, or of a role that runs alone (``docs/api.rst``).

Its errors come back as the exceptions that were raised there.
"""

from __future__ import annotations

import errno
import itertools
import os
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec
from autobahn.twisted.websocket import WebSocketClientFactory, WebSocketClientProtocol
from msgspec import UNSET
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.defer import TimeoutError as DeferredTimeout
from twisted.internet.endpoints import UNIXClientEndpoint
from twisted.internet.error import ConnectError
from twisted.internet.interfaces import IReactorTime, IReactorUNIX
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure

from lanrage.app.cli_find import others_here
from lanrage.app.operations import Progress
from lanrage.app.role_sockets import Asked, asked_at, default_socket
from lanrage.errors import (
    BadInput,
    CryptoError,
    DecodeError,
    LanrageError,
    MissingRight,
    Refused,
    StoreError,
    Unreachable,
    VersionMismatch,
)
from lanrage.log_context import get_context, new_correlation_id
from lanrage.wire.local import ANSWER_LIMIT, Answer, Call, ErrorBody, check_socket_path, decode_answer, encode

CONNECT_TIMEOUT = 5.0
"""Seconds to connect and shake hands with a process on this machine."""
CALL_TIMEOUT = 120.0
"""Seconds for one operation: a join tries up to four addresses of a control server before it gives up."""
URL = "ws://localhost/"

_BY_CODE: dict[str, type[LanrageError]] = {
    kind.code: kind for kind in (DecodeError, CryptoError, MissingRight, StoreError, Unreachable, VersionMismatch)
}


class NodeFault(LanrageError):
    """The process met an error of its own; its log says more."""

    code = "internal"


def error_from(body: ErrorBody) -> LanrageError:
    """The exception that the node raised, as far as the wire tells."""
    if body.code == BadInput.code:
        field = body.field or "input"
        return BadInput(field, body.message.removeprefix(f"{field}: "))
    if body.code == NodeFault.code:
        return NodeFault(body.message)
    kind = _BY_CODE.get(body.code)
    return Refused(body.code, body.message) if kind is None else kind(body.message)


class ClientProtocol(WebSocketClientProtocol):  # type: ignore[misc]
    """The connection: matches answers to calls."""

    def __init__(self, asked: Asked) -> None:
        super().__init__()
        self._asked = asked
        self.opened: Deferred[None] = Deferred()
        self.closed: Deferred[None] = Deferred()
        self._waiting: dict[int, tuple[Deferred[Any], Progress | None]] = {}
        self._numbers = itertools.count(1)

    def onOpen(self) -> None:
        """The node takes calls now."""
        self.opened.callback(None)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Twisted: whoever waits is told."""
        super().connectionLost(reason)
        self._fail_all(Unreachable(f"the {self._asked.called} closed the connection"))
        if not self.opened.called:
            status = str(getattr(self, "wasNotCleanReason", "") or "")
            self.opened.errback(_refusal(status, self._asked))
        self.closed.callback(None)

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        """One answer or progress text."""
        try:
            answer = decode_answer(payload)
        except DecodeError as error:
            self._fail_all(error)
            self.sendClose()
            return
        self._take(answer)

    def _take(self, answer: Answer) -> None:
        if answer.id is None:
            if answer.error is not UNSET:
                self._fail_all(error_from(answer.error))
            return
        waiting, progress = self._waiting.get(answer.id, (None, None))
        if waiting is None:
            return
        if answer.progress is not UNSET:
            if progress is not None:
                progress(answer.progress)
            return
        del self._waiting[answer.id]
        if answer.error is not UNSET:
            waiting.errback(error_from(answer.error))
        else:
            waiting.callback(answer.result)

    def call(
        self, op: str, args: dict[str, Any], progress: Progress | None, correlation_id: str, descriptor: int | None
    ) -> Deferred[Any]:
        """Send a call; the result, or an error of the house, comes by the Deferred, which may be cancelled."""
        if self.state != self.STATE_OPEN:
            return fail(Unreachable(f"the {self._asked.called} closed the connection"))
        number = next(self._numbers)

        def forget(_: Deferred[Any]) -> None:
            self._waiting.pop(number, None)

        waiting: Deferred[Any] = Deferred(forget)
        self._waiting[number] = (waiting, progress)
        if descriptor is not None:
            self.transport.sendFileDescriptor(descriptor)
        self.sendMessage(encode(Call(number, op, args, correlation_id)))
        return waiting

    def _fail_all(self, error: LanrageError) -> None:
        waiting, self._waiting = self._waiting, {}
        for each, _ in waiting.values():
            each.errback(error)


def _refusal(status: str, asked: Asked) -> LanrageError:
    if "403" in status:
        return MissingRight(f"this user may not speak to the {asked.called}: {asked.permit}")
    return Unreachable(f"what listens at the socket is no {asked.called} of this version")


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

        :raises Unreachable: when nobody listens there; the message says how to start one.
        :raises MissingRight: when this user may not speak to it.
        """
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
        """Carry an operation out.

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
        if self._protocol is None:
            raise Unreachable(f"the connection to the {self._asked.called} is closed")
        plain = msgspec.structs.asdict(args) if isinstance(args, msgspec.Struct) else dict(args or {})
        operation = correlation_id or get_context().get("correlation_id", "") or new_correlation_id()
        calling = self._protocol.call(op, plain, progress, operation, descriptor)
        try:
            return await calling.addTimeout(timeout, self._reactor)
        except DeferredTimeout as error:
            raise Unreachable(f"the {self._asked.called} did not answer within {timeout:.0f} s") from error
