"""``lanrage games list``, ``show`` and ``profile check`` (``docs/cli.rst``)."""

from __future__ import annotations

import sys
from typing import Any

import click
import msgspec

from lanrage.app.cli_frame import SETTINGS, guarded, json_option
from lanrage.app.cli_governing import Operate
from lanrage.app.cli_output import Screen, print_json


def listed(screen: Screen, result: dict[str, Any]) -> None:
    """After ``games list``: a table."""
    rows = [(each["game"], each["name"], ", ".join(each["ports"]), _word(each)) for each in result["games"]]
    if rows:
        screen.table(("game", "name", "ports", "confidence"), rows)
    screen.line(f"{len(rows)} of {result['known']} games; your own profiles: {result['folder']}")
    for problem in result["problems"]:
        screen.line(told(problem), "red")


def _word(game: dict[str, Any]) -> str:
    return f"{game['confidence']}, yours" if game["own"] else str(game["confidence"])


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"


def told(problem: dict[str, Any]) -> str:
    """A problem as compilers write it: file, line, rule."""
    line = "" if problem["line"] is None else f":{problem['line']}"
    return f"{problem['file']}{line}: {problem['rule']}"


def shown(screen: Screen, result: dict[str, Any]) -> None:
    """After ``games show``: the facts with their sources."""
    screen.line(f"{result['name']} ({result['game']}), confidence {_word(result)}", "bold")
    screen.table(("what", "source"), [(fact["text"], fact["source"]) for fact in result["facts"]])


def add(games: click.Group, operation: Operate) -> None:
    """Add the commands to the group."""

    @operation(games, "list", listed)
    @click.option("--query", default="", metavar="WORDS", help="Only games whose id or name holds these words.")
    def list_(query: str) -> dict[str, Any]:
        return {"query": query}

    @operation(games, "show", shown)
    @click.argument("game", nargs=-1, required=True)
    def show(game: tuple[str, ...]) -> dict[str, Any]:
        return {"game": " ".join(game)}

    _add_check(games)


def _add_check(games: click.Group) -> None:
    group = click.Group(
        "profile",
        help="Look after profiles of games.",
        epilog="Example: lanrage games profile check mine.toml",
        context_settings=SETTINGS,
    )
    games.add_command(group)

    @group.command(
        "check",
        context_settings=SETTINGS,
        epilog="Exit status 1 where something is wrong. Example: lanrage games profile check mine.toml",
    )
    @click.argument("paths", metavar="[FILE]...", nargs=-1)
    @json_option
    @guarded
    def check(paths: tuple[str, ...], as_json: bool) -> None:
        """Check files of your own, or those that come with the program; no node is needed."""
        from lanrage.app.game_check import check_profiles

        result = msgspec.to_builtins(check_profiles(paths))
        if as_json:
            print_json(result)
        else:
            checked(Screen(), result)
        if result["problems"]:
            sys.exit(1)


def checked(screen: Screen, result: dict[str, Any]) -> None:
    """After ``games profile check``: each problem as compilers write it, and the sum."""
    for problem in result["problems"]:
        screen.line(told(problem), "red")
    games, files = _counted(result["games"], "game"), _counted(len(result["files"]), "file")
    screen.line(f"{games} in {files}: {result['values']} values with their sources, {result['unsourced']} without")
