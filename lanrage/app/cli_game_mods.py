"""``lanrage games mods`` (``docs/cli.rst``)."""

from __future__ import annotations

from typing import Any

import click

from lanrage.app.cli_governing import Operate
from lanrage.app.cli_output import Screen

WORDS = {
    "same": "the same",
    "differs": "differs",
    "no-answer": "no answer",
    "unknown": "does not know its own",
    "no-link": "no link to it",
}
NAMES_SHOWN = 20
"""Names of one kind of difference that are shown; ``--json`` has all."""


def compared(screen: Screen, result: dict[str, Any]) -> None:
    """After ``games mods``: how many are here, and each member with what differs."""
    count = len(result["mods"])
    screen.line(f"{count} modification{'s' * (count != 1)} of {result['game']} here.")
    if not result["members"]:
        screen.line("There is no other member to compare with.")
    for member in result["members"]:
        screen.line(f"{member['name']}: {WORDS[member['verdict']]}")
        for word, names in (
            ("missing here", member["missing_here"]),
            ("missing there", member["missing_there"]),
            ("other contents", member["other"]),
        ):
            if names:
                more = f", and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else ""
                screen.line(f"  {word}: {', '.join(names[:NAMES_SHOWN])}{more}")


def add(games: click.Group, operation: Operate) -> None:
    """Add the command to the group."""

    @operation(games, "mods", compared)
    @click.argument("game", nargs=-1, required=True)
    def mods(game: tuple[str, ...]) -> dict[str, Any]:
        return {"game": " ".join(game)}
