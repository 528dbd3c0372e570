"""The commands by which one looks after a node (``docs/cli.rst``)."""

from __future__ import annotations

import click

from lanrage.app import (
    cli_completion,
    cli_logs,
    cli_metrics,
    cli_notify,
    cli_profile,
    cli_settings,
    cli_tasks,
    cli_top,
    cli_trace,
)
from lanrage.app.cli_frame import LazyGroup
from lanrage.app.cli_governing import Operate


def load_rights() -> click.Group:
    """The commands about rights."""
    from lanrage.app.cli_rights import rights

    return rights


def add(main: click.Group, operation: Operate) -> None:
    """Add the commands.

    :param operation: :func:`lanrage.app.cli.operation`.
    """
    cli_metrics.add(main, operation)
    cli_notify.add(main, operation)
    cli_profile.add(main, operation)
    cli_tasks.add(main, operation)
    cli_logs.add(main)
    cli_top.add(main)
    cli_settings.add(main)
    main.add_command(cli_trace.trace_command)
    cli_completion.add(main)
    words = "Say which right is missing here, what that costs, and grant it."
    main.add_command(LazyGroup("rights", load=load_rights, what="lanrage rights", help=words))
