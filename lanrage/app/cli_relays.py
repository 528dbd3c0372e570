"""``lanrage relays`` (``docs/cli.rst``)."""

from __future__ import annotations

from typing import Any

import click

from lanrage.app.cli_governing import Operate
from lanrage.app.cli_output import Screen


def relays(screen: Screen, result: dict[str, Any]) -> None:
    """After ``relays``."""
    rows = [
        (
            row["address"],
            row["region"],
            row["health"] + (f", {row['cooling_s']:.0f} s" if row["cooling_s"] else ""),
            f"{100 * row['load']:.0f} %",
            _milliseconds(row["rtt_ms"]),
            f"{row['loss_pct']:.0f} %",
            str(row["bound"]),
        )
        for row in result["relays"]
    ]
    if not rows:
        screen.line("The control server names no relay.")
        return
    screen.table(("relay", "region", "health", "load", "from here", "lost", "pairs"), rows)
    addresses = {row["id"]: row["address"] for row in result["relays"]}
    for member in result["members"]:
        whose = "this node chooses" if member["decides"] else f"{member['name']} chooses"
        screen.line()
        screen.line(f"{member['name']} ({member['address']}): {whose}", "bold")
        order = [_place(row, addresses) for row in member["relays"]]
        screen.table(("", "relay", "both ends", "cost", "", "why"), order)


def _place(row: dict[str, Any], addresses: dict[str, str]) -> tuple[str, ...]:
    state = "in use" if row["active"] else "ready" if row["usable"] else "bound" if row["bound"] else ""
    mark = "*" if row["chosen"] else ""
    total, cost = _milliseconds(row["sum_ms"]), _milliseconds(row["cost_ms"])
    return mark, addresses.get(row["id"], row["id"]), total, cost, state, row["reason"]


def _milliseconds(value: float | None) -> str:
    return "?" if value is None else f"{value:.1f} ms"


def add(main: click.Group, operation: Operate) -> None:
    """Add the command.

    :param operation: :func:`lanrage.app.cli.operation`.
    """
    operation(main, "relays", relays)(dict)
