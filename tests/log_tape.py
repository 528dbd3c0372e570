"""The log of a test, as records: what is logged while the tape runs, with the context of the moment."""

from __future__ import annotations

import io
import json
from typing import Any

import attrs
from twisted.logger import globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase, TestCase

from lanrage.core.repeats import Repeats
from lanrage.logs import LogStream
from lanrage.logs.configure import make_stream


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
    wishes: dict[str, Any] = {"stream": file, "repeats": Repeats(first=1_000_000)} | options
    stream = make_stream(form, level, **wishes)
    globalLogPublisher.addObserver(stream)  # not begun: that would play what earlier tests logged again, failures too
    stream.on_close.append(lambda: globalLogPublisher.removeObserver(stream))
    case.addCleanup(stream.close)
    return Tape(file, stream)
