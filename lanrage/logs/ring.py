"""The latest lines of the log, kept in memory to be asked for (``docs/logging.rst``, "The latest lines")."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Mapping
from itertools import islice

import attrs

from lanrage.core.log_levels import LINES_LIMIT, WORDS, Level
from lanrage.core.log_values import Plain
from lanrage.logs.formatter import json_line
from lanrage.logs.subsystems import OTHER

BYTES_LIMIT = 4 * 1024 * 1024
"""Bytes of all of them; a line has half a KiB, one with a traceback up to 32."""
PAGE_BYTES = 512 * 1024
"""Bytes of the lines that are given at once: half of an answer of the local API."""


@attrs.frozen
class Line:
    """A line that is kept.

    :param number: counts all lines of the process, from 1.
    :param searched: what a text is looked for in.
    :param json: the whole record.
    """

    number: int
    level: Level
    subsystem: str
    correlation_id: str
    searched: str
    json: bytes


@attrs.frozen
class LineFilter:
    """Which lines are wanted.

    :param level: those that are at least as grave.
    :param subsystem: of one alone; empty for all.
    :param correlation_id: of one operation alone; empty for all.
    :param text: what the message holds, in either case; empty for anything.
    """

    level: Level = Level.DEBUG
    subsystem: str = ""
    correlation_id: str = ""
    text: str = ""

    def takes(self, line: Line) -> bool:
        """Whether a line is one of them."""
        return (
            line.level >= self.level
            and self.subsystem in ("", line.subsystem)
            and self.correlation_id in ("", line.correlation_id)
            and self.text.casefold() in line.searched
        )


@attrs.frozen
class Page:
    """Lines that were asked for, the oldest first.

    :param last: the number to go on after.
    :param more: there are more after that already.
    :param lost: lines after the one that was named that are not kept any more.
    """

    lines: list[Line]
    last: int
    more: bool = False
    lost: int = 0


@attrs.define(eq=False)
class LogRing:
    """The latest lines; may be used from any thread."""

    _lines: deque[Line] = attrs.field(factory=deque)
    _number: int = 0
    _bytes: int = 0
    _lock: threading.Lock = attrs.field(factory=threading.Lock)

    def add(self, record: Mapping[str, Plain]) -> None:
        """Keep a record; older ones give way.

        Of libraries those of level debug are not kept: Autobahn's tell each message of the very connection by which the
        log is read, and would put out all others.
        """
        level = WORDS[str(record["level"])]
        if level < Level.INFO and record["subsystem"] == OTHER:
            return
        json = json_line(record)
        words = (str(record[name]) for name in ("subsystem", "correlation_id", "message"))
        subsystem, operation, message = words
        with self._lock:
            self._number += 1
            self._lines.append(Line(self._number, level, subsystem, operation, message.casefold(), json))
            self._bytes += len(json)
            while len(self._lines) > LINES_LIMIT or self._bytes > BYTES_LIMIT:
                self._bytes -= len(self._lines.popleft().json)

    def latest(self, wanted: LineFilter, limit: int) -> Page:
        """The newest that are wanted."""
        lines, newest = self._kept()
        found = _page(filter(wanted.takes, reversed(lines)), limit)
        return Page(found[::-1], newest)

    def after(self, number: int, wanted: LineFilter, limit: int) -> Page:
        """The oldest after this number that are wanted."""
        lines, newest = self._kept()
        oldest = lines[0].number if lines else newest + 1
        lost = max(0, oldest - number - 1) if number < newest else 0
        later = [line for line in islice(lines, max(0, number + 1 - oldest), None) if wanted.takes(line)]
        found = _page(later, limit)
        more = len(found) < len(later)
        return Page(found, found[-1].number if more else newest, more, lost)

    def _kept(self) -> tuple[list[Line], int]:
        with self._lock:
            return list(self._lines), self._number


def _page(lines: Iterable[Line], limit: int) -> list[Line]:
    """The first of these that fit: at least one, where there is one."""
    found: list[Line] = []
    room = PAGE_BYTES
    for line in islice(lines, limit):
        room -= len(line.json)
        if room < 0 and found:
            break
        found.append(line)
    return found
