"""``lanrage games mods`` (``docs/cli.rst``)."""

from __future__ import annotations

from typing import Any

import click

from lanrage.app.cli_governing import Operate
from lanrage.app.cli_output import Screen
from lanrage.app.game_mods_words import WORDS, difference_lines


def compared(screen: Screen, result: dict[str, Any]) -> None:
    """After ``games mods``: how many are here, and each member with what differs."""
    count = len(result["mods"])
    screen.line(f"{count} modification{'s' * (count != 1)} of {result['game']} here.")
    if not result["members"]:
        screen.line("There is no other member to compare with.")
    for member in result["members"]:
        screen.line(f"{member['name']}: {WORDS[member['verdict']]}")
        for line in difference_lines(member):
            screen.line(f"  {line}")


def add(games: click.Group, operation: Operate) -> None:
    """Add the command to the group."""

    @operation(games, "mods", compared)
    @click.argument("game", nargs=-1, required=True)
    def mods(game: tuple[str, ...]) -> dict[str, Any]:
        return {"game": " ".join(game)}
