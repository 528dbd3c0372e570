"""``lanrage run`` (``docs/run.rst``)."""

from __future__ import annotations

import os
import sys
from typing import Any

import click

from lanrage.app.cli_frame import guarded


def add(main: click.Group, settings: dict[str, Any]) -> None:
    """Add the command."""

    @main.command(
        "run",
        context_settings={**settings, "ignore_unknown_options": True, "allow_interspersed_args": False},
        epilog="Exit status: the game's, 128 and the signal's number where a signal ended it, 126 or 127 where it "
        "cannot be started. Example: lanrage run -- wine game.exe",
    )
    @click.option("--internet", is_flag=True, help="With the internet beside the party.")
    @click.argument("game", nargs=-1, required=True, type=click.UNPROCESSED)
    def run(internet: bool, game: tuple[str, ...]) -> None:
        """Start GAME where its only network card is the party's."""
        guarded(_run)(as_json=False, internet=internet, game=game)

    @main.command(
        "own-node",
        context_settings={**settings, "ignore_unknown_options": True, "allow_interspersed_args": False},
        epilog="Example: lanrage own-node --wireguard-port 0; then, in another shell, lanrage party join CODE",
    )
    @click.argument("options", nargs=-1, type=click.UNPROCESSED)
    def own_node(options: tuple[str, ...]) -> None:
        """Run a node without any right, for games started by lanrage run; OPTIONS are those of twistd lanrage node."""
        guarded(_own_node)(as_json=False, options=options)


def _own_node(*, as_json: bool, options: tuple[str, ...]) -> None:
    del as_json
    from lanrage.app.config import default_folder, default_run_folder
    from lanrage.net.own_node import run

    twistd = (sys.executable, "-c", "from twisted.scripts.twistd import run; run()", "--nodaemon", "--pidfile=")
    environment = dict(os.environ)
    # In there the user is root, whose folders are others.
    folders = ("--run-dir", default_run_folder(environment, False), "--state-dir", default_folder(environment, False))
    status = run((*twistd, "lanrage", "node", *map(str, folders), *options))
    sys.exit(status if status >= 0 else 128 - status)


def _run(*, as_json: bool, internet: bool, game: tuple[str, ...]) -> None:
    del as_json
    from lanrage.app.run_room import listener
    from lanrage.net.room_steward import NotStarted, Steward

    # Before anything starts a thread: a process with several cannot leave for namespaces of its own.
    path = click.get_current_context().obj.path
    steward = Steward.enter(game, listener(path))
    from lanrage.app.run_room import play

    try:
        status = play(path, steward, internet, lambda text: click.echo(f"lanrage: {text}", err=True))
    except NotStarted as error:
        click.echo(f"lanrage: {error}", err=True)
        sys.exit(error.status)
    sys.exit(status if status >= 0 else 128 - status)
