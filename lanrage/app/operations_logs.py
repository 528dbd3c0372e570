"""The operation that shows the log, for the table in :mod:`lanrage.app.operations`."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from zope.interface import Interface

from lanrage.app.operation import Operation, Request
from lanrage.core.log_levels import LINES_LIMIT, WORDS

PAGE_LIMIT = 500
"""Lines of one answer."""
PAGE = 100
"""Lines of one answer, where nothing is said of it: two screens."""
TEXT_LIMIT = 100
"""Characters of a text that is looked for."""


LevelText = Annotated[
    str,
    Meta(
        pattern=rf"^({'|'.join(WORDS)})$", description="debug, info, warning, error or critical: it and what is graver"
    ),
]
SubsystemText = Annotated[
    str,
    Meta(
        max_length=32,
        pattern=r"^[a-z_]*\Z",
        description="a subsystem of docs/logging.rst, such as games; or empty for all",
    ),
]


class ShowLogs(Request, frozen=True):
    """Arguments of ``logs.show``."""

    level: LevelText = "debug"
    subsystem: SubsystemText = ""
    correlation_id: Annotated[
        str, Meta(max_length=32, pattern=r"^[0-9a-zA-Z-]*\Z", description="an operation's id, or empty for all")
    ] = ""
    text: Annotated[str, Meta(max_length=TEXT_LIMIT, description="what a line's message holds, or empty")] = ""
    after: Annotated[
        int | None,
        Meta(description="the number of a line: the next ones after it, the oldest first; or null: the newest"),
    ] = None
    limit: Annotated[
        int, Meta(ge=1, le=PAGE_LIMIT, description=f"how many lines, a whole number from 1 to {PAGE_LIMIT}")
    ] = PAGE


class LogsShown(msgspec.Struct, frozen=True):
    """Result of ``logs.show``.

    :param records: lines, the oldest first: the fields of ``docs/logging.rst``, and ``sequence``, which counts
        all lines of the process.
    :param last: the number to go on ``after``.
    :param more: there are more after that already.
    :param lost: lines after ``after`` that are not kept any more: the latest 2,000 are.
    """

    records: list[dict[str, Any]]
    last: int
    more: bool = False
    lost: int = 0


class ILogsNode(Interface):
    """What a process shows of its log; see :class:`lanrage.app.operations.INode`."""

    # Interface methods have no self and no body.
    # pylint: disable=no-self-argument,no-method-argument

    def show_logs(
        *, level: str, subsystem: str, correlation_id: str, text: str, after: int | None, limit: int
    ) -> Awaitable[dict[str, Any]]:
        """The latest lines, or those after one; the result is a :class:`LogsShown`."""


LOGS = (
    Operation(
        "logs.show",
        ShowLogs,
        LogsShown,
        "show_logs",
        f"Show the log's latest lines; {LINES_LIMIT:,} are kept.",
        "lanrage logs --level warning",
        reads=True,
    ),
)
"""``lanrage logs`` (``docs/cli.rst``)."""
