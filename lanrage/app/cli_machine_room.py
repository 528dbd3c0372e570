"""The commands by which one looks after a node (``docs/cli.rst``)."""

from __future__ import annotations

import click

from lanrage.app import cli_profile, cli_settings
from lanrage.app.cli_governing import Operate


def add(main: click.Group, operation: Operate) -> None:
    """Add the commands.

    :param operation: :func:`lanrage.app.cli.operation`.
    """
    cli_profile.add(main, operation)
    cli_settings.add(main)
