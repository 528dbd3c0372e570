"""The client's end of a connection to the local API: matches answers to calls (``docs/api.rst``)."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

import attrs
from autobahn.twisted.websocket import WebSocketClientProtocol
from msgspec import UNSET
from twisted.internet.defer import Deferred, fail
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure

from lanrage.app.operations import Progress
from lanrage.app.role_sockets import Asked
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
from lanrage.wire.local import CALL_BACKLOG, CALL_LIMIT, END_CALL, Answer, Call, ErrorBody, decode_answer, encode

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


@attrs.define(eq=False)
class Watched:
    """What comes of an operation that is watched: the newest state that nobody took yet, then perhaps its failure.

    :param end: ends it; may be called again.
    """

    end: Callable[[], None]
    _states: list[Any] = attrs.Factory(list)
    _error: LanrageError | None = None
    _taker: Deferred[None] | None = None

    def offer(self, state: Any) -> None:
        """A state came; one that nobody took gives way to it."""
        self._states[:] = [state]
        self._wake()

    def fail(self, error: LanrageError) -> None:
        """Nothing more comes."""
        self._error = error
        self._wake()

    async def next(self) -> Any:
        """The newest state, once there is one that was not taken.

        :raises LanrageError: it failed.
        """
        if not self._states and self._error is None:
            self._taker = Deferred()
            await self._taker
        if self._states:
            return self._states.pop()
        assert self._error is not None
        raise self._error

    def _wake(self) -> None:
        taker, self._taker = self._taker, None
        if taker is not None:
            taker.callback(None)


class ClientProtocol(WebSocketClientProtocol):  # type: ignore[misc]
    """The connection: matches answers to calls.

    :ivar _sent: calls that were sent and have no last answer yet, those that nobody waits for any more among them.
    :ivar _later: calls that are not sent yet, and what sends each.
    """

    def __init__(self, asked: Asked) -> None:
        super().__init__()
        self._asked, self._heard = asked, False
        self.opened: Deferred[None] = Deferred()
        self.closed: Deferred[None] = Deferred()
        self._waiting: dict[int, tuple[Deferred[Any], Progress | None]] = {}
        self._watched: dict[int, Watched] = {}
        self._sent: set[int] = set()
        self._later: deque[tuple[int, Callable[[], None]]] = deque()
        self._numbers = itertools.count(1)

    def dataReceived(self, data: bytes) -> None:
        """Twisted: whoever listens there does speak."""
        self._heard = True
        super().dataReceived(data)

    def onOpen(self) -> None:
        """The node takes calls now."""
        self.opened.callback(None)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Twisted: whoever waits is told."""
        super().connectionLost(reason)
        self._fail_all(Unreachable(f"the {self._asked.called} closed the connection"))
        if not self.opened.called:
            status = str(getattr(self, "wasNotCleanReason", "") or "")
            self.opened.errback(_refusal(status, self._asked, self._heard))
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
        if answer.id in self._watched:
            self._take_state(answer.id, answer)
            return
        if answer.progress is not UNSET:
            _, progress = self._waiting.get(answer.id, (None, None))
            if progress is not None:
                progress(answer.progress)
            return
        self._sent.discard(answer.id)
        self._send_more()
        waiting, _ = self._waiting.pop(answer.id, (None, None))
        if waiting is None:
            return
        if answer.error is not UNSET:
            waiting.errback(error_from(answer.error))
        else:
            waiting.callback(answer.result)

    def _take_state(self, number: int, answer: Answer) -> None:
        if answer.event is not UNSET:
            self._watched[number].offer(answer.event)
        elif answer.error is not UNSET:
            self._watched.pop(number).fail(error_from(answer.error))

    def watch(self, op: str, args: dict[str, Any], correlation_id: str) -> Watched:
        """Begin to watch an operation; what is watched must be ended.

        :raises Unreachable: when the connection is closed.
        """
        if self.state != self.STATE_OPEN:
            raise Unreachable(f"the {self._asked.called} closed the connection")
        number = next(self._numbers)
        watched = self._watched[number] = Watched(partial(self._end, number))
        self.sendMessage(encode(Call(number, op, args, correlation_id, watch=True)))
        return watched

    def _end(self, number: int) -> None:
        if self._watched.pop(number, None) is not None:
            self._end_there(number)

    def _end_there(self, number: int) -> None:
        if self.state == self.STATE_OPEN:
            self.sendMessage(encode(Call(next(self._numbers), END_CALL, {"id": number})))

    def call(
        self, op: str, args: dict[str, Any], progress: Progress | None, correlation_id: str, descriptor: int | None
    ) -> Deferred[Any]:
        """Send a call, once the process takes one more; the result, or an error of the house, comes by the Deferred.

        Who cancels that ends a long operation at the process as well.
        """
        if self.state != self.STATE_OPEN:
            return fail(Unreachable(f"the {self._asked.called} closed the connection"))
        number = next(self._numbers)

        message = encode(Call(number, op, args, correlation_id))
        if len(message) > CALL_LIMIT:
            return fail(BadInput("args", f"must be at most {CALL_LIMIT} bytes as JSON, not {len(message)}"))

        def forget(_: Deferred[Any]) -> None:
            self._waiting.pop(number, None)
            if number in self._sent:
                self._end_there(number)
            else:
                self._later = deque(each for each in self._later if each[0] != number)

        def send() -> None:
            if descriptor is not None:
                self.transport.sendFileDescriptor(descriptor)
            self.sendMessage(message)

        waiting: Deferred[Any] = Deferred(forget)
        self._waiting[number] = (waiting, progress)
        self._later.append((number, send))
        self._send_more()
        return waiting

    def _send_more(self) -> None:
        """Send what waits, as far as the process takes it; what was cancelled meanwhile is never sent."""
        while self._later and len(self._sent) < CALL_BACKLOG:
            number, send = self._later.popleft()
            if number in self._waiting and self.state == self.STATE_OPEN:
                self._sent.add(number)
                send()

    def _fail_all(self, error: LanrageError) -> None:
        self._later.clear()
        waiting, self._waiting = self._waiting, {}
        for each, _ in waiting.values():
            each.errback(error)
        watched, self._watched = self._watched, {}
        for each_watched in watched.values():
            each_watched.fail(error)


def _refusal(status: str, asked: Asked, heard: bool) -> LanrageError:
    if "403" in status:
        return MissingRight(f"this user may not speak to the {asked.called}: {asked.permit}")
    if not heard:
        return Unreachable(f"the {asked.called} closed the connection at once: it may be about to stop; try again")
    return Unreachable(f"what listens at the socket is no {asked.called} of this version")
