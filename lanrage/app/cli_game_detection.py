"""``lanrage games detect``, ``history`` and ``play`` (``docs/cli.rst``)."""

from __future__ import annotations

import time
from typing import Any

import click

from lanrage.app.cli_governing import Operate
from lanrage.app.cli_output import Screen
from lanrage.core.game_history import HISTORY_LIMIT

TIME = "%Y-%m-%d %H:%M"


def detected(screen: Screen, result: dict[str, Any]) -> None:
    """After ``games detect`` and ``games play``: a table of games, and how one looks for them."""
    rows = [row for game in result["games"] for row in _rows(game)]
    if rows:
        screen.table(("game", "by", "sure", "why", "listens"), rows)
    else:
        screen.line("No game runs.")
    screen.line(_way(result))


def _rows(game: dict[str, Any]) -> list[tuple[str, ...]]:
    """A row for each sign; the game's name and its ports stand in the first."""
    listens = ", ".join(game["listens"])
    return [
        (
            game["name"] if first else "",
            sign["method"],
            f"{100 * sign['confidence']:.0f} %",
            sign["reason"],
            listens if first else "",
        )
        for first, sign in ((number == 0, sign) for number, sign in enumerate(game["signs"]))
    ]


def _way(result: dict[str, Any]) -> str:
    known = f"{result['known']} games can be noticed"
    if result["mode"] == "off":
        return "Games are not looked for: lanrage settings set games.detect on changes that."
    if result["mode"] == "events":
        return f"{known}; the kernel tells of each program that starts."
    return f"{known}; processes are looked at each {result['poll_s']:g} s, since {result['trouble']}."


def history(screen: Screen, result: dict[str, Any]) -> None:
    """After ``games history``: a table, the newest first."""
    if not result["played"]:
        screen.line("No game was noticed yet.")
        return
    rows = [(each["name"], _when(each["since"]), _until(each), each["method"]) for each in result["played"]]
    screen.table(("game", "began", "ended", "noticed by"), rows)


def _until(played: dict[str, Any]) -> str:
    if played["running"]:
        return "runs"
    return "not seen" if played["until"] is None else _when(played["until"])


def _when(seconds: float) -> str:
    return time.strftime(TIME, time.localtime(seconds))


def add(games: click.Group, operation: Operate) -> None:
    """Add the commands to the group."""
    operation(games, "detect", detected)(dict)

    @operation(games, "history", history)
    @click.option(
        "--limit", type=click.IntRange(1, HISTORY_LIMIT), default=20, show_default=True, help="How many of the last."
    )
    def history_(limit: int) -> dict[str, Any]:
        return {"limit": limit}

    @operation(games, "play", detected)
    @click.argument("game", nargs=-1, required=True)
    @click.option("--stop", is_flag=True, help="You play it no more.")
    def play(game: tuple[str, ...], stop: bool) -> dict[str, Any]:
        return {"game": " ".join(game), "stop": stop}
