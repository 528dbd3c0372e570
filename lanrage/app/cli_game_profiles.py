"""``lanrage games list``, ``show`` and ``profile check`` (``docs/cli.rst``)."""

from __future__ import annotations

from typing import Any

import click

from lanrage.app.cli_governing import Operate
from lanrage.app.cli_output import Screen


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
