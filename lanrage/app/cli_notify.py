"""``lanrage notify`` (``docs/cli.rst``)."""

from __future__ import annotations

from typing import Any

import click

from lanrage.app.cli_frame import SETTINGS
from lanrage.app.cli_governing import Operate
from lanrage.app.cli_output import Screen

NOBODY = "Nobody is told. Name somebody: sudo lanrage settings set notify.targets 'discord=@/etc/lanrage/discord'"


def tested(screen: Screen, result: dict[str, Any]) -> None:
    """After ``notify test``: a line each."""
    if not result["targets"]:
        screen.line(NOBODY)
    for each in result["targets"]:
        said = "took the test" if each["taken"] else f"did not take the test: {each['trouble']}"
        screen.line(f"{each['number']}: {each['kind']} at {each['host']} {said}")


def targets(screen: Screen, result: dict[str, Any]) -> None:
    """After ``notify list``: a table."""
    if not result["targets"]:
        screen.line(NOBODY)
        return
    rows = [(str(each["number"]), each["kind"], each["host"], ", ".join(each["events"])) for each in result["targets"]]
    screen.table(("", "kind", "host", "is told of"), rows)


def states(screen: Screen, result: dict[str, Any]) -> None:
    """After ``notify status``: a table."""
    if not result["targets"]:
        screen.line(NOBODY)
        return
    counted = ("waiting", "posts", "failures", "dropped")
    rows = [
        (
            str(each["number"]),
            f"{each['kind']} at {each['host']}",
            each["state"],
            *(str(each[name]) for name in counted),
            each["trouble"],
        )
        for each in result["targets"]
    ]
    screen.table(("", "target", "state", "wait", "sent", "failed", "dropped", "trouble"), rows)


def add(main: click.Group, operation: Operate) -> None:
    """Add the group of commands.

    :param operation: :func:`lanrage.app.cli.operation`.
    """

    @main.group(context_settings=SETTINGS, epilog="Example: lanrage notify test")
    def notify() -> None:
        """Who is told of the party, games and alerts: Discord, ntfy, Matrix and others."""

    number = click.argument("target", type=int, default=0)
    operation(notify, "test", tested)(number(_target))
    operation(notify, "list", targets)(dict)
    operation(notify, "status", states)(dict)


def _target(target: int) -> dict[str, Any]:
    return {"target": target}
