"""``lanrage qr`` (``docs/cli.rst``)."""

from __future__ import annotations

from typing import Any

import click

from lanrage.app.cli_governing import Operate
from lanrage.app.cli_output import Screen


def drawn(screen: Screen, result: dict[str, Any]) -> None:
    """After ``qr``."""
    for line in result["terminal"].splitlines():
        screen.line(line)


def add(main: click.Group, operation: Operate) -> None:
    """Add the command.

    :param operation: :func:`lanrage.app.cli.operation`.
    """
    operation(main, "qr", drawn)(click.argument("text")(_arguments))


def _arguments(**options: str) -> dict[str, str]:
    """The operation's arguments."""
    return options
