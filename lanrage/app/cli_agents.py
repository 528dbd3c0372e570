"""``lanrage games agents`` (``docs/agent.rst``)."""

from __future__ import annotations

from typing import Any

import click

from lanrage.app.cli_governing import Operate
from lanrage.app.cli_output import Screen


def agents(screen: Screen, result: dict[str, Any]) -> None:
    """After ``games agents``: a table."""
    if not result["agents"]:
        screen.line("no agent is there; start one in your session: systemctl --user start lanrage-agent")
        return
    rows = [(str(each["user"]), _seen(each)) for each in result["agents"]]
    screen.table(("user", "windows"), rows)


def _seen(agent: dict[str, Any]) -> str:
    return str(agent["windows"]) if not agent["blind"] else f"none: {agent['blind']}"


def add(games: click.Group, operation: Operate) -> None:
    """Add the command to the group."""

    @operation(games, "agents", agents)
    def list_agents() -> dict[str, Any]:
        return {}
