"""``lanrage lan exposure`` (``docs/cli.rst``)."""

from __future__ import annotations

from typing import Any

import click

from lanrage.app.cli_frame import lan_group
from lanrage.app.cli_governing import Operate
from lanrage.app.cli_output import Screen

WORDS = {
    "open": "open",
    "kept": "kept from the party",
    "blocked": "dropped by another firewall",
    "unsure": "perhaps dropped by another firewall",
}


def exposure(screen: Screen, result: dict[str, Any]) -> None:
    """After ``lan exposure``."""
    screen.facts(
        [
            ("exposure", result["exposure"]),
            ("refused", f"{result['refused']} packets"),
            *([("trouble", result["trouble"])] if result["trouble"] else []),
        ]
    )
    screen.line()
    rows = [
        (f"{row['port']}/{row['proto']}", row["program"] or "?", WORDS[row["reach"]], row["reason"])
        for row in result["services"]
    ]
    if rows:
        screen.table(("port", "program", "members", "why"), rows)
    else:
        screen.line("Nothing listens here.")
    if any(row["reach"] in ("blocked", "unsure") for row in result["services"]):
        screen.line("For what another firewall drops: sudo lanrage firewall allow")
    mine = [row for row in result["in_play"] if row["source"] != "fixed"]
    fixed = len({row["game"] for row in result["in_play"] if row["source"] == "fixed"})
    screen.line()
    for row in mine:
        screen.line(f"in play: {row['ports']} ({row['reason']})")
    screen.line(f"in play: the ports of {fixed} well-known games (--json lists them)")


def add(main: click.Group, operation: Operate, settings: dict[str, Any]) -> None:
    """Add the command to the group ``lan``, which others share.

    :param operation: :func:`lanrage.app.cli.operation`.
    """
    group = lan_group(main, settings)
    operation(group, "exposure", exposure)(dict)
