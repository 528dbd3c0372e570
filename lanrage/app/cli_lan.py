"""``lanrage lan`` (``docs/cli.rst``)."""

from __future__ import annotations

from typing import Any

import click

from lanrage.app.cli_bridges import bridge_lines
from lanrage.app.cli_frame import lan_group
from lanrage.app.cli_governing import Operate
from lanrage.app.cli_output import Screen


def bridges(screen: Screen, result: dict[str, Any]) -> None:
    """After ``lan bridge``."""
    if not result["bridges"]:
        screen.line("No card is bridged.")
    for each in result["bridges"]:
        for line in bridge_lines(each):
            screen.line(line)


def add(main: click.Group, operation: Operate, settings: dict[str, Any]) -> None:
    """Add the command to the group ``lan``, which others share.

    :param operation: :func:`lanrage.app.cli.operation`.
    """
    group = lan_group(main, settings)
    device = click.option(
        "--device", default="", metavar="ADDRESS", help="Only this device. It also gets calls that nothing here takes."
    )
    off = click.option("--off", is_flag=True, help="Bridge the card no more.")
    operation(group, "bridge", bridges)(click.argument("interface", metavar="IFACE")(device(off(_bridge))))


def _bridge(interface: str, device: str, off: bool) -> dict[str, Any]:
    """The operation's arguments."""
    return {"interface": interface, "device": device, "off": off}
