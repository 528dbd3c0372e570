"""The observer of all log events: what is too low is passed over, what repeats is counted, the rest becomes lines."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import attrs
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import ILogObserver, LogLevel
from twisted.python.threadable import isInIOThread
from zope.interface import implementer

from lanrage.core.log_levels import Level, Levels
from lanrage.core.log_values import Plain, clean
from lanrage.core.operation_ages import OperationAges
from lanrage.core.repeats import Repeats, Summary
from lanrage.logs.formatter import StructuredFormatter
from lanrage.logs.output import Output
from lanrage.logs.record import LEVELS, event_name, level_of

Kind = tuple[str, str, Level]
"""Namespace, event and level: lines of one kind repeat each other."""

NAME_LIMIT = 300
"""Characters by which a kind is known."""

_TWISTED = {level: constant for constant, level in LEVELS.items()}


@implementer(ILogObserver)
@attrs.define(eq=False)
class LogStream:
    """Writes events; may be called from any thread.

    :param clock: tells the summaries of what repeats at their time; without one they come before the next line of
        their kind, and at the end.
    :param seconds: steady seconds, for what repeats.
    :param keep: gets the record of each line as well.
    """

    formatter: StructuredFormatter
    output: Output
    levels: Levels
    repeats: Repeats[Kind] = attrs.Factory(Repeats)
    clock: IReactorTime | None = None
    seconds: Callable[[], float] = time.monotonic
    keep: Callable[[Mapping[str, Plain]], None] | None = None
    on_close: list[Callable[[], None]] = attrs.Factory(list)
    _lock: threading.RLock = attrs.field(factory=threading.RLock, init=False)
    _timer: IDelayedCall | None = attrs.field(default=None, init=False)
    _ages: OperationAges = attrs.field(factory=OperationAges, init=False)
    _lost: int = attrs.field(default=0, init=False)

    def __attrs_post_init__(self) -> None:
        self.formatter.fresh = lambda operation: not operation or self._ages.fresh(operation, self.seconds())

    def __call__(self, event: Mapping[str, Any]) -> None:
        """Write one event's line."""
        level = level_of(event)
        namespace = str(event.get("log_namespace") or "")
        if level < self.levels.of(namespace):
            return
        with self._lock:
            if level >= Level.WARNING and not self._first(namespace, event, level):
                return
            self._write(event)

    def flush(self) -> None:
        """Write how many lines were held back until now."""
        with self._lock:
            self._tell(self.repeats.drain())

    def close(self) -> None:
        """Write what was held back, and let go of the file and the timer."""
        with self._lock:
            if self._timer is not None and self._timer.active():
                self._timer.cancel()
            self._timer = None
            self._tell(self.repeats.drain())
            self.output.close()
        while self.on_close:
            self.on_close.pop()()

    def _first(self, namespace: str, event: Mapping[str, Any], level: Level) -> bool:
        """Whether this line is one of the first of its kind, and not only counted."""
        goes, told = self.repeats.admit((namespace, self._kind_name(event), level), self.seconds())
        self._tell(told)
        if not goes:
            self._arm()
        return goes

    def _kind_name(self, event: Mapping[str, Any]) -> str:
        """By what an event's repetition is known: its name; what was printed has none but its text. It is told, too."""
        name = str(event.get("log_io") or event.get("log_text") or event_name(event))
        return clean(name, self.formatter.redactor)[:NAME_LIMIT]

    def _write(self, event: Mapping[str, Any]) -> None:
        lost = self.output.lost - self._lost
        found = self.formatter.record(event)
        if self.keep is not None:
            self.keep(found)
        lines = self.formatter.lines(found)
        if lost:
            lines = self.formatter.format(_event("{count} lines of the log were lost", Level.ERROR, count=lost)) + lines
        before = self.output.lost
        self.output.write(lines)
        if lost and self.output.lost == before:
            self._lost = before
        trouble = self.output.trouble()
        if trouble:
            self.output.write(self.formatter.format(_event("{trouble}", Level.WARNING, trouble=trouble)))

    def _tell(self, summaries: list[Summary[Kind]]) -> None:
        for summary in summaries:
            namespace, name, level = summary.kind
            event = _event("{count} more lines like this: {like}", level, count=summary.count, like=name)
            self._write({**event, "log_namespace": namespace})

    def _arm(self) -> None:
        """Have the summary told at its interval's end; a thread leaves that to the reactor's."""
        if self.clock is None or self._timer is not None:
            return
        if not isInIOThread() and hasattr(self.clock, "callFromThread"):
            self.clock.callFromThread(self._arm)
            return
        with self._lock:  # threads count repeats meanwhile
            wait = self.repeats.wait(self.seconds())
            if wait is not None and self._timer is None:
                self._timer = self.clock.callLater(wait, self._due)

    def _due(self) -> None:
        with self._lock:
            self._timer = None
            self._tell(self.repeats.due(self.seconds()))
            self._arm()


def _event(text: str, level: Level, **fields: object) -> dict[str, Any]:
    twisted: Any = _TWISTED.get(level, LogLevel.warn)
    return {
        "log_format": text,
        "log_level": twisted,
        "log_namespace": __name__,
        "log_time": time.time(),
        **fields,
    }
