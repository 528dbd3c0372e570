"""Where the program's log goes, and from which level on (``docs/logging.rst``)."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from typing import IO, Any

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger, LogLevel, globalLogBeginner, globalLogPublisher

from lanrage.core.log_levels import Level, LevelPlan, Levels
from lanrage.core.redaction import Redactor
from lanrage.core.repeats import Repeats
from lanrage.core.settings_limits import LOG_FILE_COUNT, LOG_FILE_SIZE
from lanrage.logs.formatter import StructuredFormatter
from lanrage.logs.libraries import set_library_levels, take_libraries
from lanrage.logs.output import OpenStream, Output, RotatingFile, SystemLog, to_journal
from lanrage.logs.record import LEVELS, Origin
from lanrage.logs.ring import LogRing
from lanrage.logs.stream import LogStream
from lanrage.timing import TIMINGS

TIMINGS_NAMESPACE = "lanrage.timing"
"""Of the lines of timed calls."""
_EVERYTHING = LevelPlan(Level.DEBUG)
_levels = Levels(_EVERYTHING)
_origin = Origin()
_redactor = Redactor()
RING = LogRing()
"""The latest lines that this process wrote."""
# One of each a process, as of standard output: a module's logger asks the levels before any file is open.


class LeveledLogger(Logger):
    """Twisted's logger, which makes no event that no stream would write."""

    def writes(self, level: Any) -> bool:
        """Whether a line of this level (Twisted's) would be written now."""
        return LEVELS.get(level, Level.CRITICAL) >= _levels.of(self.namespace)

    def emit(self, level: Any, format: str | None = None, **kwargs: object) -> None:  # noqa: A002  # Twisted's name
        """Emit an event, if its level is high enough."""
        if self.writes(level):
            super().emit(level, format, **kwargs)

    def debug(self, format: str | None = None, **kwargs: object) -> None:  # noqa: A002  # Twisted's name
        """Emit an event at level debug; a suppressed one costs a look into a dict."""
        if _levels.of(self.namespace) <= Level.DEBUG:
            super().emit(LogLevel.debug, format, **kwargs)


def get_logger(name: str) -> LeveledLogger:
    """A logger; `name` is the module's, or a dotted one below it.

    It gives events to Twisted's global publisher, as ``twisted.logger.Logger`` does, except those that would be
    written nowhere. Before :func:`configure_logging` all are given.
    """
    return LeveledLogger(name)


def make_stream(
    form: str = "plain",
    level: str = "info",
    *,
    file: Path | None = None,
    size: int = LOG_FILE_SIZE,
    count: int = LOG_FILE_COUNT,
    stream: IO[str] | None = None,
    syslog: str = "",
    clock: IReactorTime | None = None,
    repeats: Repeats[Any] | None = None,
    role: str = "",
) -> LogStream:
    """As :func:`configure_logging`, for a program that hands the observer to Twisted by itself (``twistd`` does).

    :raises BadInput: names the option and the rule.
    """
    plan = LevelPlan.parse(level)
    stream = sys.stdout if stream is None else stream
    _origin.host, _origin.role = socket.gethostname(), role
    output: Output
    if syslog:
        output, journal = SystemLog(syslog), True
    elif file is not None:
        output, journal = RotatingFile(file, size, count), False
    else:
        output, journal = OpenStream(stream), to_journal(stream, dict(os.environ))
    formatter = StructuredFormatter(form, _origin, _redactor, journal)
    made = LogStream(formatter, output, _levels, Repeats() if repeats is None else repeats, clock)
    made.keep = RING.add
    if clock is not None:
        made.seconds = clock.seconds
    made.on_close += [lambda: _levels.put(_EVERYTHING), take_libraries(globalLogPublisher)]
    _put(plan)
    return made


def configure_logging(
    format: str = "plain",  # noqa: A002  # the users' word  # pylint: disable=redefined-builtin
    level: str = "info",
    **options: Any,
) -> LogStream:
    """Begin to write the log: all that Twisted's loggers, :mod:`logging`, txaio and warnings say.

    :param format: ``json`` or ``plain``.
    :param level: from which on lines are written: ``LEVEL``, and any number of ``NAMESPACE=LEVEL``, comma between.
    :param options: ``file`` (a path; standard output without one), ``size`` (bytes after which it is set aside),
        ``count`` (files that are set aside and kept), ``stream`` (instead of standard output), ``syslog`` (the name
        under which lines go to syslog instead), ``clock`` (tells when the summary of a repeated warning is due),
        ``repeats`` (how many of one kind go out in which time), ``role``.
    :returns: the stream; its ``close`` ends all of it.
    :raises BadInput: names the option and the rule.
    """
    made = make_stream(format, level, **options)
    if globalLogBeginner._temporaryObserver is not None:
        globalLogBeginner.beginLoggingTo([made], redirectStandardIO=False)
    else:
        globalLogPublisher.addObserver(made)
    made.on_close.append(lambda: globalLogPublisher.removeObserver(made))
    return made


def set_level(level: str) -> None:
    """Change from which level on lines are written, at once.

    :param level: as :func:`configure_logging` takes it: setting ``log.level``.
    :raises BadInput: field ``log-level``.
    """
    _put(LevelPlan.parse(level))


def get_level() -> str:
    """The levels in force, as :func:`set_level` takes them."""
    return str(_levels.plan)


def identify(node: str) -> None:
    """Name this process on every line by the id that others know it by (hexadecimal digits of a public key)."""
    _origin.node = node


def keep_secret(secret: str) -> None:
    """Never show this text in a log: for secrets that have no form by which they are known."""
    _redactor.keep_secret(secret)


def _put(plan: LevelPlan) -> None:
    _levels.put(plan)
    set_library_levels(plan)
    TIMINGS.lines = _levels.of(TIMINGS_NAMESPACE) <= Level.DEBUG
