"""``lanrage servers watch``: the list as it changes (``docs/cli.rst``)."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

import click

from lanrage.app.cli_frame import SETTINGS, guarded, json_option
from lanrage.app.cli_output import Screen, made_table
from lanrage.app.cli_servers_list import COLUMNS, WHOLE, filtered, players, row, wishes
from lanrage.app.operations import OPERATIONS
from lanrage.core.shown_text import shown_text
from lanrage.wire.local import convert_args

LINE_LIMIT = 1000
"""Characters of a line: each of its parts has some 200 at most."""
TOLD = ("name", "game_name", "map", "mode", "players", "players_limit", "password", "joinable")
"""What a line tells of when it changes; latency changes with each measurement."""

Key = tuple[str, int]


class Lines:
    """The list as lines: one for each server that came, went or changed."""

    def __init__(self) -> None:
        self._known: dict[Key, dict[str, Any]] = {}

    def of(self, result: dict[str, Any]) -> Iterator[str]:
        """What is new since the last result."""
        now = {(each["address"], each["port"]): each for each in result["servers"]}
        before, self._known = self._known, now
        for key in before.keys() - now.keys():
            yield f"- {_line(before[key])}"
        for key, server in now.items():
            known = before.get(key)
            if known is None:
                yield f"+ {_line(server)}"
            elif any(known[field] != server[field] for field in TOLD):
                yield f"~ {_line(server)}"


def _line(server: dict[str, Any]) -> str:
    place = f"{server['address']}:{server['port']}"
    parts = (server["name"], server["game_name"] or "?", server["member"], players(server), server["map"], place)
    return ", ".join(part for part in (*parts, f"join {server['joinable']}") if part)


class Documents:
    """The list as JSON, one document a line, when anything but ages and latency changed."""

    def __init__(self) -> None:
        self._last: list[list[Any]] | None = None

    def of(self, result: dict[str, Any]) -> Iterator[str]:
        """The result, if it is new."""
        said = [[each[field] for field in ("address", "port", *TOLD)] for each in result["servers"]]
        if said != self._last:
            self._last = said
            yield json.dumps(result)


def add(group: click.Group) -> None:
    """Add the command to ``lanrage servers``."""
    listing = OPERATIONS["servers.list"]

    @group.command(
        "watch",
        help="Show the list as it changes, until Ctrl-C; in a pipe a line for each change.",
        epilog="Example: lanrage servers watch --game openttd",
        context_settings=SETTINGS,
    )
    @filtered
    @json_option
    @guarded
    def watch(as_json: bool, **options: Any) -> None:
        """Show the list until Ctrl-C: a table on a terminal, lines in a pipe, documents as JSON."""
        session = click.get_current_context().obj
        args = wishes(**options)
        convert_args(args, listing.request)

        def run(show: Callable[[Any], None]) -> None:
            """Show it, and each time it changed."""
            session.tools.watch(session.path, listing.name, args, show)

        if as_json or not sys.stdout.isatty():
            lines = Documents() if as_json else Lines()
            run(lambda result: _print(lines.of(result), not as_json))
        else:
            with Screen().live() as live:
                run(lambda result: live.update(made_table(COLUMNS, map(row, result["servers"]), WHOLE), refresh=True))


def _print(lines: Iterator[str], clean: bool) -> None:
    """:param clean: they are texts of strangers; JSON has nothing that a terminal obeys."""
    for line in lines:
        click.echo(shown_text(line, LINE_LIMIT) if clean else line)
    sys.stdout.flush()
