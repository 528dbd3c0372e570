"""The options and the rows of ``lanrage servers list`` and ``watch``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from lanrage.app.operations_servers import SORTS

COLUMNS = ("server", "game", "member", "players", "map", "address", "join", "latency")
WHOLE = ("players", "address", "join")
"""Columns that stay in one line on a narrow terminal."""

F = TypeVar("F", bound=Callable[..., Any])


def filtered(function: F) -> F:
    """With the options that choose and order servers."""
    options = (
        click.argument("text", nargs=-1),
        click.option("--game", default="", help="Of this game alone: its id or name."),
        click.option("--players", type=click.IntRange(0, 65535), default=0, metavar="N", help="At least so many play."),
        click.option("--password", type=click.Choice(["yes", "no"]), help="With a password, or without."),
        click.option("--room", is_flag=True, help="Not those that are full."),
        click.option("--reachable", is_flag=True, help="Those alone that can be joined from here."),
        click.option("--favourite", is_flag=True, help="Favourites alone."),
        click.option("--tag", default="", help="With this tag alone."),
        click.option("--sort", type=click.Choice(SORTS), default="name", show_default=True, help="Order of the list."),
    )
    for option in reversed(options):
        function = option(function)
    return function


def wishes(text: tuple[str, ...], password: str | None, **options: Any) -> dict[str, Any]:
    """The operation's arguments."""
    return {"text": " ".join(text), "password": password or "", **options}


def row(server: dict[str, Any]) -> tuple[str, ...]:
    """A server as a row of the table."""
    return (
        called(server),
        server["game_name"] or "?",
        server["member"] + (" (you)" if server["own"] else ""),
        players(server),
        server["map"],
        f"{server['address']}:{server['port']}",
        server["joinable"],
        latency(server),
    )


def called(server: dict[str, Any]) -> str:
    """Its name with its marks: a star for a favourite, tags, whether it asks for a password."""
    star = "* " if server["favourite"] else ""
    tags = "".join(f" [{tag}]" for tag in server["tags"])
    return f"{star}{server['name']}{tags}{' (password)' if server['password'] else ''}"


def players(server: dict[str, Any]) -> str:
    """How many play, of how many."""
    now, limit = server["players"], server["players_limit"]
    if now is None:
        return "" if limit is None else f"?/{limit}"
    return str(now) if limit is None else f"{now}/{limit}"


def latency(server: dict[str, Any]) -> str:
    """In ms, with the way in which it was measured where that is not a ping."""
    if server["latency_ms"] is None:
        return ""
    by = "" if server["latency_by"] == "icmp" else f" ({server['latency_by']})"
    return f"{server['latency_ms']:.1f} ms{by}"
