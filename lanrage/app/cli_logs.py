"""``lanrage logs`` (``docs/cli.rst``)."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import datetime
from typing import Any

import click

from lanrage.app.cli_frame import SETTINGS, guarded, json_option
from lanrage.app.cli_output import Screen
from lanrage.app.operations import OPERATIONS
from lanrage.app.operations_logs import PAGE, PAGE_LIMIT
from lanrage.core.log_levels import Level
from lanrage.wire.local import convert_args

STYLES = {"debug": "dim", "warning": "yellow", "error": "bold red", "critical": "bold red"}
"""Of a line on a terminal, by its level."""

Show = Callable[[dict[str, Any]], None]
"""Shows one page of lines."""


def line_of(record: dict[str, Any]) -> str:
    """A record as a line: when (in the time of this place), how grave, of which part, what, whose."""
    operation = f" [{record['correlation_id']}]" if record["correlation_id"] else ""
    return f"{local_time(record['time'])} {record['level']:<8} {record['subsystem']:<14} {record['message']}{operation}"


def local_time(stamp: str) -> str:
    """A record's time in the time of this place, to the second."""
    return datetime.fromisoformat(stamp).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def printer(as_json: bool) -> Show:
    """Prints pages of lines; a reader at the pipe's end has each at once."""
    screen = Screen()

    def show(page: dict[str, Any]) -> None:
        if page["lost"] and not as_json:
            screen.line(f"... {page['lost']} lines are not kept any more", "dim")
        for record in page["records"]:
            if as_json:
                click.echo(json.dumps(record))
                continue
            screen.line(line_of(record), STYLES.get(record["level"], ""))
            for line in str(record.get("traceback", "")).splitlines():
                screen.line(f"  {line}", "dim")
        sys.stdout.flush()

    return show


async def following(node: Any, args: dict[str, Any], show: Show) -> None:
    """Show the latest lines, then each as it comes; ends with the connection.

    :param node: a :class:`lanrage.app.client.NodeClient`.
    :param args: of ``logs.show``.
    """
    page = await node.call("logs.show", args)
    show(page)
    async for _ in node.watch("logs.show", {**args, "limit": 1}):
        more = True
        while more:
            page = await node.call("logs.show", {**args, "limit": PAGE_LIMIT, "after": page["last"]})
            more = page["more"]
            show(page)


def add(main: click.Group) -> None:
    """Add the command."""
    row = OPERATIONS["logs.show"]
    levels = click.Choice([level.word for level in Level])

    @main.command("logs", help=row.help, epilog=f"Example: {row.example}", context_settings=SETTINGS)
    @click.option("-f", "--follow", is_flag=True, help="Then show each line as it comes, until Ctrl-C.")
    @click.option("--level", type=levels, default="debug", metavar="LEVEL", help="This one and what is graver.")
    @click.option("--subsystem", default="", metavar="NAME", help="Lines of one part, such as games.")
    @click.option("--id", "correlation_id", default="", metavar="ID", help="Lines of one operation (lanrage trace).")
    @click.option("--text", default="", metavar="TEXT", help="Lines whose message holds it.")
    @click.option("-n", "--lines", "limit", type=click.IntRange(1, PAGE_LIMIT), default=PAGE, show_default=True)
    @json_option
    @guarded
    def logs(as_json: bool, follow: bool, **args: Any) -> None:
        session = click.get_current_context().obj
        convert_args(args, row.request)
        show = printer(as_json)
        if follow:
            session.tools.converse(session.path, lambda node, _: following(node, args, show))
        else:
            show(session.call(session.path, row.name, args, None))
