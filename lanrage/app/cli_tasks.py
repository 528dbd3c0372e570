"""``lanrage tasks`` (``docs/cli.rst``)."""

from __future__ import annotations

from typing import Any

import click

from lanrage.app.cli_governing import Operate
from lanrage.app.cli_output import Screen


def tasks(screen: Screen, result: dict[str, Any]) -> None:
    """After ``tasks``: a table for each plan, the newest last."""
    if not result["plans"]:
        screen.line("Nothing was carried out yet.")
    for number, plan in enumerate(result["plans"]):
        if number:
            screen.line()
        took = f"{'for' if plan['state'] == 'running' else 'in'} {plan['seconds']:.2f} s"
        screen.line(f"{plan['title']}: {plan['state']} {took}, begun {plan['ago_s']:.0f} s ago", "bold")
        screen.table(("step", "state", "took", "tries", "why"), [_row(task) for task in plan["tasks"]])


def _row(task: dict[str, Any]) -> tuple[str, ...]:
    state = f"{task['state']}, undone" if task["undone"] else task["state"]
    took = "" if task["seconds"] is None else f"{task['seconds']:.2f} s"
    return task["name"], state, took, str(task["attempt"]), task["reason"]


def add(main: click.Group, operation: Operate) -> None:
    """Add the command.

    :param operation: :func:`lanrage.app.cli.operation`.
    """
    operation(main, "tasks", tasks)(dict)
