"""``lanrage lan probe`` (``docs/cli.rst``)."""

from __future__ import annotations

from typing import Any

import click

from lanrage.app.cli_frame import lan_group
from lanrage.app.cli_governing import Operate
from lanrage.app.cli_output import Screen
from lanrage.app.operations_probe import PROBE_LONGEST, PROBE_SECONDS

STAGES = ("captured", "carried", "received", "injected", "heard")


def probed(screen: Screen, result: dict[str, Any]) -> None:
    """After ``lan probe``."""
    members = result["members"]
    if not members:
        screen.line("There are no other members to reach now.")
        return
    rows = [(each["name"], each["address"], *(_time(each[f"{stage}_ms"]) for stage in STAGES)) for each in members]
    screen.table(("member", "address", *STAGES), rows)
    for each in members:
        if each["missing"]:
            screen.line(f"{each['name']}: not {each['missing']}: {each['meaning']}.")


def _time(milliseconds: float | None) -> str:
    return "-" if milliseconds is None else f"{milliseconds:.1f} ms"


def add(main: click.Group, operation: Operate, settings: dict[str, Any]) -> None:
    """Add the command.

    :param operation: :func:`lanrage.app.cli.operation`.
    """
    timeout = click.option(
        "--timeout",
        "timeout_s",
        type=click.FloatRange(0, PROBE_LONGEST, min_open=True),
        default=PROBE_SECONDS,
        show_default=True,
        metavar="SECONDS",
        help="How long answers are waited for.",
    )
    operation(lan_group(main, settings), "probe", probed)(timeout(_arguments))


def _arguments(**options: float) -> dict[str, float]:
    """The operation's arguments."""
    return options
