"""The calls of the local API, whatever carries them: bytes in, bytes out (``docs/api.rst``, "Messages").

:class:`Calls` runs those of a whole process; a :class:`Conversation` is one connection's.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import attrs
import msgspec
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IPushProducer
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from lanrage.app.caller import Caller
from lanrage.app.operations import OPERATIONS, asked_for, carry_out, perform
from lanrage.app.operations_machine_room import IMachineRoom
from lanrage.app.role_sockets import asked_as
from lanrage.app.watching import IWatcher, Question, Watching
from lanrage.core.latest_state import LatestState
from lanrage.errors import BadInput, LanrageError
from lanrage.log_context import carried, context, new_correlation_id
from lanrage.wire.local import (
    CALL_BACKLOG,
    END_CALL,
    Answer,
    BadCall,
    Call,
    EndCall,
    Ended,
    ErrorBody,
    convert_args,
    decode_call,
    encode,
    encode_result,
)

WATCH_LIMIT = 16
"""Operations that one connection watches; a web page shows half a dozen at once."""

SILENT = frozenset({"logs.show"})
"""Operations that are not logged: a line about reading the log would be the next to read, and so on."""

Tell = Callable[[Answer], None]
"""Gets what is said of one call."""
T = TypeVar("T", bound=msgspec.Struct)

log = Logger()


def error_body(failure: Failure, called: str = "node", *, by_caller: bool = False) -> ErrorBody:
    """What the user is told of a failure; of one that is a bug, only that it is in the log.

    :param called: whose failure it is, for people.
    :param by_caller: it was asked to end.
    """
    error = failure.value
    if isinstance(error, LanrageError):
        return ErrorBody(error.code, str(error), error.field if isinstance(error, BadInput) else None)
    if isinstance(error, CancelledError) and by_caller:
        return ErrorBody("ended", "you ended it before it was done")
    if isinstance(error, CancelledError):
        return ErrorBody("stopping", f"the {called} stops; what you asked for was not finished")
    return ErrorBody("internal", f"the {called} met an error of its own; its log says more")


@attrs.define(eq=False)
class Running:
    """A call that is being carried out.

    :param done: fires when it is answered.
    :ivar by_caller: its caller ended it.
    """

    call: Call
    done: Deferred[None] = attrs.field(factory=Deferred)
    by_caller: bool = False
    _carrying: Deferred[Any] | None = None

    def carry(self, carrying: Deferred[Any]) -> None:
        """This does it."""
        self._carrying = carrying

    def end(self) -> None:
        """As its caller wishes: cancel it, where it is a long one. Short ones are not left half done, and what lasts as
        long as the connection ends with that.
        """
        operation = OPERATIONS.get(self.call.op)
        if operation is not None and operation.long and not operation.held:
            self.by_caller = True
            self.cancel()

    def cancel(self) -> None:
        """Stop it."""
        if self._carrying is not None:
            self._carrying.cancel()


class Calls:
    """Runs the calls of a process, whichever door they came by.

    :param reactor: for its clock.
    :param served: carries the operations out.
    :ivar watching: nudged whenever an operation that changes something has ended.
    """

    def __init__(self, reactor: Any, served: IMachineRoom) -> None:
        self.watching = Watching(reactor)
        self._served = served
        self._running: set[Running] = set()

    @property
    def called(self) -> str:
        """What people call the process."""
        return asked_as(self._served.role).called

    def start(self, call: Call, tell: Tell, caller: Caller | None = None) -> Running:
        """Carry a call out.

        :param tell: gets its progress and its end, perhaps before this returns.
        :param caller: who asks.
        """
        running = Running(call)
        self._running.add(running)
        with context(correlation_id=call.correlation_id or new_correlation_id()):
            if call.op not in SILENT:
                log.debug("operation {op} begins", op=call.op)
            progress = partial(_progress, call.id, tell)
            carrying = Deferred.fromCoroutine(perform(self._served, call.op, call.args, progress, caller))
            running.carry(carrying)
            failed = carried(partial(self._failed, running, tell))
            carrying.addCallbacks(carried(partial(_ended, call, tell)), failed).addErrback(failed)
        carrying.addBoth(lambda _: self._over(running))
        return running

    def watch(self, call: Call, caller: Caller | None, watcher: IWatcher) -> Callable[[], None]:
        """Tell a call's result now, and whenever it changed.

        :param caller: who asks.
        :returns: ends it.
        :raises BadInput: an unknown operation, one that does more than read, or a wrong argument.
        :raises Refused: ``other_role``.
        """
        operation, request = asked_for(self._served, call.op, call.args)
        if not operation.reads:
            raise BadInput("watch", f"must be false: {operation.name} does more than read")
        user = caller.user if caller is not None and operation.asked else None
        question = Question(operation.name, msgspec.json.encode(request), user)

        async def ask() -> msgspec.Raw:
            return encode_result(operation.name, await carry_out(self._served, operation, request, None, caller))

        return self.watching.watch(question, ask, watcher)

    def stop(self) -> None:
        """Cancel what runs, and end what is watched; each caller is told."""
        for running in list(self._running):
            running.cancel()
        self.watching.stop()

    def _over(self, running: Running) -> None:
        self._running.discard(running)
        operation = OPERATIONS.get(running.call.op)
        if operation is not None and not operation.reads:
            self.watching.nudge()
        running.done.callback(None)

    def _failed(self, running: Running, tell: Tell, failure: Failure) -> None:
        tell(Answer(running.call.id, error=self.told(running.call.op, failure, by_caller=running.by_caller)))

    def told(self, op: str, failure: Failure, *, by_caller: bool = False, again: bool = False) -> ErrorBody:
        """What the user is told of an operation that failed; the log is told, too.

        :param again: it is watched: a program may try it every other second, until it is not refused.
        """
        body = error_body(failure, self.called, by_caller=by_caller)
        if body.code == "internal":
            log.failure("operation {op} failed", failure, op=op)
        elif not again:
            log.info("operation {op} was refused: {reason}", op=op, reason=body.code)
        return body


def _progress(number: int, tell: Tell, text: str) -> None:
    tell(Answer(number, progress=text))


def _ended(call: Call, tell: Tell, result: Any) -> None:
    if call.op not in SILENT:
        log.debug("operation {op} ended", op=call.op)
    tell(Answer(call.id, result=encode_result(call.op, result)))


@attrs.define(eq=False)
class _Watch:
    """An operation that a connection watches; see :class:`IWatcher`."""

    place: LatestState
    failed: Callable[[Failure], None]
    end: Callable[[], None] = lambda: None

    def offer(self, state: bytes) -> None:
        """The result is this now."""
        self.place.offer(state)

    def fail(self, failure: Failure) -> None:
        """Nothing more comes."""
        self.failed(failure)


@implementer(IPushProducer)
class Conversation:
    """The calls of one connection: messages in, messages out. A producer of its transport: while that is paused, no
    state of what is watched is sent, and afterwards the newest one; and nothing is read from who does not read.

    :param send: sends one message.
    :param caller: who is at the other end.
    :param listen: lets the transport read, or not.
    """

    def __init__(
        self,
        calls: Calls,
        send: Callable[[bytes], None],
        caller: Caller | None = None,
        listen: Callable[[bool], None] = lambda _: None,
    ) -> None:
        self.caller = caller
        self._listen = listen
        self._calls = calls
        self._send = send
        self._running: dict[int, Running] = {}
        self._watches: dict[int, _Watch] = {}
        self._paused = False
        self._lost = False

    def take(self, payload: bytes, binary: bool = False) -> None:
        """Answer one call, or say why it is none; the conversation goes on."""
        try:
            call = self._read(payload, binary)
            if call.op == END_CALL:
                self._end(call)
            elif call.watch:
                self._watch(call)
            else:
                self._start(call)
        except BadCall as error:
            self._answer(Answer(error.call_id, error=ErrorBody(error.code, str(error), error.field)))

    def lost(self) -> None:
        """The connection has ended: nothing is watched any more; operations that it started run to their end."""
        self._lost = True
        watches, self._watches = self._watches, {}
        for watch in watches.values():
            watch.end()
        if self.caller is not None:
            self.caller.lost()

    def pauseProducing(self) -> None:
        """Twisted: the other side does not read as fast as it is told."""
        self._paused = True
        self._listen(False)
        for watch in self._watches.values():
            watch.place.pause()

    def resumeProducing(self) -> None:
        """Twisted: it has read everything."""
        self._paused = False
        self._listen(True)
        for watch in list(self._watches.values()):
            if self._paused:  # again, by what was just sent
                return
            watch.place.resume()

    def stopProducing(self) -> None:
        """Twisted: the connection is gone; :meth:`lost` is called as well."""

    def _read(self, payload: bytes, binary: bool) -> Call:
        if binary:
            raise BadCall(None, "message", "must be text, not binary")
        call = decode_call(payload)
        if call.id in self._running or call.id in self._watches:
            raise BadCall(call.id, "id", "is that of an unanswered call of this connection")
        return call

    def _start(self, call: Call) -> None:
        if len(self._running) >= CALL_BACKLOG:
            self._busy(call, f"{CALL_BACKLOG} calls of this connection are unanswered; wait for one")
            return
        running = self._running[call.id] = self._calls.start(call, self._answer, self.caller)
        running.done.addCallback(lambda _: self._running.pop(call.id, None))

    def _watch(self, call: Call) -> None:
        if len(self._watches) >= WATCH_LIMIT:
            self._busy(call, f"this connection watches {WATCH_LIMIT} operations; end one by {END_CALL}")
            return
        place = LatestState(partial(self._event, call.id), self._paused)
        watch = self._watches[call.id] = _Watch(place, partial(self._watch_failed, call))
        try:
            watch.end = self._calls.watch(call, self.caller, watch)
        except LanrageError:
            watch.fail(Failure())

    def _watch_failed(self, call: Call, failure: Failure) -> None:
        if self._watches.pop(call.id, None) is not None:
            self._answer(Answer(call.id, error=self._calls.told(call.op, failure, again=True)))

    def _end(self, call: Call) -> None:
        number = _checked(call, EndCall).id
        watch, running = self._watches.pop(number, None), self._running.get(number)
        if watch is not None:
            watch.end()
            self._answer(Answer(number, result={}))
        elif running is not None:
            running.end()
        ended = watch is not None or (running is not None and running.by_caller)
        self._answer(Answer(call.id, result=Ended(ended)))

    def _busy(self, call: Call, message: str) -> None:
        self._answer(Answer(call.id, error=ErrorBody("busy", message)))

    def _event(self, number: int, state: bytes) -> None:
        self._answer(Answer(number, event=msgspec.Raw(state)))

    def _answer(self, answer: Answer) -> None:
        if not self._lost:
            self._send(encode(answer))


def _checked(call: Call, kind: type[T]) -> T:
    try:
        return convert_args(call.args, kind)
    except BadInput as error:
        raise BadCall(call.id, error.field, error.rule) from error
