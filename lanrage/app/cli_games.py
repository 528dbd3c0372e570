"""``lanrage games`` (``docs/cli.rst``, ``docs/games.rst``)."""

from __future__ import annotations

import click

from lanrage.app import cli_agents, cli_game_detection, cli_game_mods, cli_game_profiles
from lanrage.app.cli_frame import SETTINGS
from lanrage.app.cli_governing import Operate


def add(main: click.Group, operation: Operate) -> None:
    """Add the commands.

    :param operation: :func:`lanrage.app.cli.operation`.
    """
    games = click.Group(
        "games",
        help="Show what is known of games, and which of them run.",
        epilog="Example: lanrage games list --query quake",
        context_settings=SETTINGS,
    )
    main.add_command(games)
    cli_game_profiles.add(games, operation)
    cli_game_detection.add(games, operation)
    cli_game_mods.add(games, operation)
    cli_agents.add(games, operation)
