"""An operation's log lines of several processes, put in one order (``lanrage trace``, ``docs/tracing.rst``)."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import Annotated, Any

import attrs
import msgspec
from msgspec import Meta

from lanrage.core.log_levels import LIBRARY
from lanrage.errors import BadInput

LINES_LIMIT = 20_000
"""Lines of one operation that are shown: a join has about a hundred; the first ones are kept."""
LINE_LIMIT = 256 * 1024
"""Bytes of a line that is read; the log writes 32 KiB at most."""
_ID = Annotated[str, Meta(min_length=1, max_length=32, pattern=r"^[0-9a-zA-Z-]+\Z")]


class TraceLine(msgspec.Struct, frozen=True, order=True, kw_only=True):
    """What a trace shows of a line; compares by time, then by process.

    :param time: UTC as RFC 3339 has it, by the clock of the machine that wrote it: sorts as text.
    :param fields: the event's own.
    """

    time: str = ""
    node: str = ""
    host: str = ""
    role: str = ""
    pid: int = 0
    level: str = ""
    subsystem: str = ""
    event: str = ""
    message: str = ""
    party_id: str = ""
    peer_id: str = ""
    session_id: str = ""
    correlation_id: str = ""


TEXT_LIMIT = 1000
"""Characters of a line's text that are shown, as many as a log of ours has: a file may be anybody's."""
_DECODER = msgspec.json.Decoder(TraceLine)


def check_id(text: str) -> str:
    """An operation's id as it was given.

    :raises BadInput: field ``id``.
    """
    try:
        return msgspec.convert(text, _ID)
    except msgspec.ValidationError as error:
        raise BadInput("id", "must be 1 to 32 letters, digits and hyphens") from error


@attrs.define
class Trace:
    """Gathers the lines of one operation from any number of logs, which it is fed line by line.

    :param libraries: lines of libraries (Twisted's, say) are kept, too.
    :ivar read: lines seen.
    :ivar bad: lines that are none of a JSON log.
    :ivar left_out: lines of the operation beyond :data:`LINES_LIMIT`: the last ones by time.
    :ivar of_libraries: lines of the operation that libraries wrote, and that are not kept.
    """

    correlation_id: str = attrs.field(converter=check_id)
    limit: int = LINES_LIMIT
    libraries: bool = True
    read: int = attrs.field(init=False, default=0)
    bad: int = attrs.field(init=False, default=0)
    left_out: int = attrs.field(init=False, default=0)
    of_libraries: int = attrs.field(init=False, default=0)
    _heap: list[_Later] = attrs.field(init=False, factory=list)

    def feed(self, raw: bytes) -> None:
        """One line of a log; a priority mark of the journal (``<6>``) before it is no matter."""
        line = raw.strip()
        if not line:
            return
        self.read += 1
        if line[:1] == b"<" and line[2:3] == b">":
            line = line[3:]
        if not line.startswith(b"{") or len(line) > LINE_LIMIT:
            self.bad += 1
            return
        if self.correlation_id.encode("ascii") not in line:
            return  # most lines: not worth reading
        try:
            found = _DECODER.decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            self.bad += 1
            return
        if found.correlation_id != self.correlation_id:
            return
        if found.subsystem == LIBRARY and not self.libraries:
            self.of_libraries += 1
        else:
            shown = {"message": found.message[:TEXT_LIMIT], "event": found.event[:TEXT_LIMIT]}
            self._keep(msgspec.structs.replace(found, **shown))

    def _keep(self, line: TraceLine) -> None:
        entry = _Later(line, self.read)
        if len(self._heap) < self.limit:
            heapq.heappush(self._heap, entry)
            return
        self.left_out += 1
        heapq.heappushpop(self._heap, entry)

    def lines(self) -> list[TraceLine]:
        """In the order of their times; those of one time as they were read."""
        return [entry.line for entry in sorted(self._heap, key=_Later.key)]

    def processes(self) -> dict[str, int]:
        """How many lines each process wrote, by :func:`process_of`, in the order of their first lines."""
        counted: dict[str, int] = {}
        for line in self.lines():
            counted[process_of(line)] = counted.get(process_of(line), 0) + 1
        return counted

    def to_plain(self) -> dict[str, Any]:
        """For ``--json``."""
        return {
            "correlation_id": self.correlation_id,
            "lines_read": self.read,
            "lines_bad": self.bad,
            "lines_left_out": self.left_out,
            "lines_of_libraries": self.of_libraries,
            "processes": self.processes(),
            "lines": [msgspec.to_builtins(line) for line in self.lines()],
        }


@attrs.define
class _Later:
    """An entry of a heap whose first is the latest line."""

    line: TraceLine
    number: int

    def key(self) -> tuple[str, int]:
        """By which lines are ordered."""
        return self.line.time, self.number

    def __lt__(self, other: _Later) -> bool:
        return self.key() > other.key()


def process_of(line: TraceLine) -> str:
    """Which process wrote a line, for people: role, the first digits of its node's id (or its machine), its pid."""
    return f"{line.role or 'program'} {line.node[:8] or line.host or '-'}/{line.pid}"


def rows(trace: Trace) -> Iterator[tuple[str, str, str, str]]:
    """For a table: time of day (UTC), process, level, sentence."""
    for line in trace.lines():
        yield line.time[11:26], process_of(line), line.level, line.message
