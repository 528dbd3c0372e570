"""``lanrage party offers`` (``docs/cli.rst``)."""

from __future__ import annotations

from typing import Any

import click

from lanrage.app.cli_governing import Operate
from lanrage.app.cli_output import Screen


def offers(screen: Screen, result: dict[str, Any]) -> None:
    """After ``party offers``: what to type to take it."""
    if not result["offers"]:
        screen.line("No invitation waits for your word.")
    for each in result["offers"]:
        minutes = max(1, round(each["lasts_s"] / 60))
        screen.line(f"A party at {each['server']} invites you, for {minutes} minutes. To join it:")
        screen.line(f"lanrage party join '{each['link']}'")


def add(party: click.Group, operation: Operate) -> None:
    """Add the command to ``lanrage party``.

    :param operation: :func:`lanrage.app.cli.operation`.
    """
    operation(party, "offers", offers)(dict)
