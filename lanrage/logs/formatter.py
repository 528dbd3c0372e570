"""A record as one line: JSON for programs, plain for people and the journal (``docs/logging.rst``)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import attrs
import msgspec

from lanrage.core.log_levels import WORDS, Level
from lanrage.core.log_values import Plain
from lanrage.core.redaction import Redactor
from lanrage.core.settings_limits import LOG_FORMATS
from lanrage.errors import BadInput
from lanrage.log_context import CONTEXT_FIELDS
from lanrage.logs.record import OWN, Origin, record

LINE_LIMIT = 32 * 1024
"""Bytes of a JSON line; journald cuts at 48 KiB (LineMax=), and half a line cannot be read."""

PRIORITIES = {Level.DEBUG: 7, Level.INFO: 6, Level.WARNING: 4, Level.ERROR: 3, Level.CRITICAL: 2}
"""Levels as syslog's, which systemd takes from a ``<N>`` before a line (sd-daemon(3))."""

_ENCODER = msgspec.json.Encoder()
_JSON_CONTROLS = {code: f"\\u{code:04x}" for code in (*range(127, 160), 0x2028, 0x2029, *range(0x202A, 0x202F))}
_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))} | {
    code: f"\\u{code:04x}" for code in (0x200B, 0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
}
"""Characters that would begin a new line or command a terminal, and how they are shown."""


@attrs.define
class StructuredFormatter:
    """Events to lines.

    :param form: ``json`` or ``plain``.
    :param journal: lines go to the journal of systemd, which has the time already and reads priorities.
    :param fresh: whether a line still belongs to the operation of an id.
    """

    form: str
    origin: Origin
    redactor: Redactor
    journal: bool = False
    fresh: Callable[[str], bool] = lambda _: True

    def __attrs_post_init__(self) -> None:
        if self.form not in LOG_FORMATS:
            raise BadInput("log-format", f"{self.form!r} is none of {', '.join(LOG_FORMATS)}")

    def record(self, event: Mapping[str, Any]) -> dict[str, Plain]:
        """An event's record, without its secrets."""
        return record(event, self.origin, self.redactor, self.fresh)

    def format(self, event: Mapping[str, Any]) -> bytes:
        """An event's line, or lines, with their end."""
        return self.lines(self.record(event))

    def lines(self, found: Mapping[str, Plain]) -> bytes:
        """A record's line, or lines, with their end."""
        lines = [json_line(found)] if self.form == "json" else self._plain(found)
        if self.journal:
            mark = f"<{PRIORITIES[WORDS[str(found['level'])]]}>".encode("ascii")
            lines = [mark + line for line in lines]
        return b"\n".join(lines) + b"\n"

    def _plain(self, found: Mapping[str, Plain]) -> list[bytes]:
        """``TIME LEVEL NAMESPACE: SENTENCE [CONTEXT]``, then a traceback, indented."""
        context = " ".join(f"{name}={found[name]}" for name in CONTEXT_FIELDS if found[name])
        time = "" if self.journal else f"{found['time']} "
        first = (
            f"{time}{found['level']:<8} {found['namespace']}: {found['message']}{f' [{context}]' if context else ''}"
        )
        trace = str(found.get("traceback", "")).splitlines()
        return [_shown(first), *(_shown(f"  {line}") for line in trace)]


def _shown(line: str) -> bytes:
    if not line.isprintable():
        line = line.translate(_CONTROLS)
    return line.encode("utf-8", "backslashreplace")


def json_line(found: Mapping[str, Plain]) -> bytes:
    """A record as JSON, without a line's end; a long one has only the fields that all have."""
    line = _encoded(found)
    if len(line) > LINE_LIMIT:
        short = {name: found[name] for name in OWN if name in found}
        left: list[Plain] = [*sorted(found.keys() - short.keys())]
        line = _encoded({**short, "left_out": left})
    return line


def _escaped(line: bytes) -> bytes:
    return line.decode("utf-8").translate(_JSON_CONTROLS).encode("utf-8")


def _encoded(found: Mapping[str, Plain]) -> bytes:
    try:
        line = _ENCODER.encode(found)
        # Valid JSON, and to others the end of a line or a terminal's command: those are escaped.
        return line if line.isascii() else _escaped(line)
    except (UnicodeEncodeError, ValueError, TypeError):  # nothing known comes here; a line is not lost to it
        return json.dumps(found, default=str).encode("ascii")
