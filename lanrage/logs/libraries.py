"""What libraries log by :mod:`logging` and by txaio ends in the same stream, with the same levels."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import txaio
import txaio.tx
from twisted.logger import ILogObserver, Logger
from twisted.python.failure import Failure

from lanrage.core.log_levels import Level, LevelPlan
from lanrage.logs.record import LEVELS

_TXAIO = {
    Level.DEBUG: "debug",
    Level.INFO: "info",
    Level.WARNING: "warn",
    Level.ERROR: "error",
    Level.CRITICAL: "critical",
}
"""Levels by txaio's names. Its ``trace`` would log each frame, keys and all, and is never switched on."""

_STEPS = tuple((int(level), constant) for constant, level in reversed(list(LEVELS.items())))


def twisted_level(number: int) -> Any:
    """The level of Twisted for a number of :mod:`logging`."""
    return next((constant for least, constant in _STEPS if number >= least), _STEPS[-1][1])


class StandardLog(logging.Handler):
    """Makes events of the records of :mod:`logging`.

    :param observer: gets them.
    """

    def __init__(self, observer: ILogObserver) -> None:
        super().__init__()
        self._observer = observer

    def emit(self, record: logging.LogRecord) -> None:
        """Pass a record on; the event's name is the text before its arguments were put in."""
        try:
            text = record.getMessage()
        except Exception:  # arguments that do not fit their text  # pylint: disable=broad-exception-caught
            text = f"{record.msg} {record.args}"
        logger = Logger(record.name, observer=self._observer)
        fields: dict[str, Any] = {"text": text, "log_event": str(record.msg)}
        if record.exc_info and record.exc_info[1] is not None:
            kind, error, trace = record.exc_info
            fields["log_failure"] = Failure(error, kind, trace)
        logger.emit(twisted_level(record.levelno), "{text}", **fields)


def take_libraries(observer: ILogObserver) -> Callable[[], None]:
    """Have all records of :mod:`logging` as events; the answer is to be called to leave all as it was."""
    root, bridge = logging.getLogger(), StandardLog(observer)
    before, chatter = root.level, txaio.tx._log_level
    root.addHandler(bridge)

    def leave() -> None:
        root.removeHandler(bridge)
        root.setLevel(before)
        _set_txaio(chatter)

    return leave


def set_library_levels(plan: LevelPlan) -> None:
    """Let libraries not even make the events that nobody would see."""
    logging.getLogger().setLevel(int(plan.lowest))
    _set_txaio(_TXAIO[plan.of("autobahn")])


def _set_txaio(level: str) -> None:
    txaio.use_twisted()
    txaio.set_global_log_level(level)
