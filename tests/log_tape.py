"""The log of a test, as records: what is logged while the tape runs, with the context of the moment."""

from __future__ import annotations

import io
import json
from typing import Any

import attrs
from twisted.trial.unittest import SynchronousTestCase, TestCase

from lanrage.core.repeats import Repeats
from lanrage.logs import LogStream, configure_logging


@attrs.define(eq=False)
class Tape:
    """JSON lines of everything that is logged, at every level, none of them left out.

    :ivar text: what was written.
    """

    file: io.StringIO
    stream: LogStream

    @property
    def text(self) -> str:
        """All lines."""
        return self.file.getvalue()

    @property
    def lines(self) -> list[dict[str, Any]]:
        """All lines, read."""
        return [json.loads(line) for line in self.text.splitlines()]

    def of(self, subsystem: str, *fields: str) -> list[tuple[Any, ...]]:
        """Level, event and these fields of each line of a subsystem."""
        names = ("level", "event", *fields)
        return [tuple(line.get(name) for name in names) for line in self.lines if line["subsystem"] == subsystem]

    def where(self, **wanted: Any) -> list[dict[str, Any]]:
        """The lines that have these fields."""
        return [line for line in self.lines if all(line.get(name) == value for name, value in wanted.items())]


def start_tape(case: SynchronousTestCase | TestCase, form: str = "json", level: str = "debug", **options: Any) -> Tape:
    """A tape that runs until the test's end."""
    file = io.StringIO()
    many: Repeats[Any] = Repeats(first=1_000_000)
    stream = configure_logging(form, level, **({"stream": file, "repeats": many} | options))
    case.addCleanup(stream.close)
    file.seek(0)
    file.truncate()  # what was logged before, which the first stream of a process is given
    return Tape(file, stream)
