"""What every command of ``lanrage`` has: ``--json``, one sentence for an error, an import when it is called."""

from __future__ import annotations

import functools
import shlex
import sys
from collections.abc import Callable
from typing import Any

import click

from lanrage.app import cli_output as output
from lanrage.errors import BadInput, LanrageError, Refused

INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it."""
SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
WORDS = {
    "name": "NAME",
    "code": "CODE",
    "server": "--server",
    "member_name": "--as",
    "max_members": "--max-members",
    "expires_hours": "--expires",
    "uses": "--uses",
    "takeover": "--takeover",
    "token": "--token",
    "takeover_hours": "--takeover",
    "spoken": "--spoken",
}
"""How the command line calls an operation's arguments, where the command has none of that very name."""
NEXT = {"not_in_party": "start one by lanrage party create NAME, or join one by lanrage party join CODE"}
"""What a user may do next, by the refusal's code, where its sentence says only what is so."""


def told(error: LanrageError) -> str:
    """The error's sentence with the command line's own word for the argument, and what to do next."""
    if isinstance(error, BadInput):
        return f"{_word(error.field)}: {error.rule}"
    step = NEXT.get(error.code)
    return f"{error}; {step}" if step else str(error)


def _word(field: str) -> str:
    """An argument as the command that runs calls it: SERVER here may be --server there."""
    context = click.get_current_context(silent=True)
    for parameter in context.command.params if context is not None else ():
        if parameter.name == field:
            return parameter.opts[0] if isinstance(parameter, click.Option) else parameter.human_readable_name
    return WORDS.get(field, field)


def guarded(function: Callable[..., None]) -> Callable[..., None]:
    """One sentence and exit status 1 for each error of the house, as JSON where that was asked for."""

    @functools.wraps(function)
    def run(*args: Any, as_json: bool, **options: Any) -> None:
        try:
            function(*args, as_json=as_json, **options)
        except LanrageError as error:
            if as_json:
                field = {"field": error.field} if isinstance(error, BadInput) else {}
                output.print_json({"error": {"code": error.code, "message": str(error), **field}})
            else:
                click.echo(f"lanrage: {told(error)}", err=True)
            sys.exit(1)
        except KeyboardInterrupt:
            click.echo("lanrage: interrupted", err=True)
            sys.exit(INTERRUPTED)

    return run


def agree(command: tuple[str, ...], yes: bool) -> None:
    """Show a command and ask for the user's word.

    :param yes: it was given on the command line.
    :raises Refused: it was not given.
    """
    click.echo(f"To be run as root: {shlex.join(command)}", err=True)
    if yes:
        return
    try:
        given = click.confirm("Run it?", default=False, err=True)
    except click.Abort:
        given = False
    if not given:
        raise Refused("not_confirmed", "nothing was run: it takes your yes, or --yes")


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")


def lan_group(main: click.Group, settings: dict[str, Any]) -> click.Group:
    """The group ``lan``, which several modules share; made where it is not there yet."""
    group = main.commands.get("lan")
    if not isinstance(group, click.Group):
        group = click.Group(
            "lan",
            help="Show and steer what the LAN plane does on this machine.",
            epilog="Example: lanrage lan probe",
            context_settings=settings,
        )
        main.add_command(group)
    return group


class LazyGroup(click.Group):
    """A group whose commands are imported when one of them is called.

    :param what: its name in the sentence that says that it cannot be loaded.
    """

    def __init__(self, *args: Any, load: Callable[[], click.Group], what: str = "the laboratory", **more: Any) -> None:
        super().__init__(*args, **more)
        self._load = load
        self._what = what

    def real(self) -> click.Group:
        """The group itself.

        :raises ImportError: when it cannot be imported.
        """
        return self._load()

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Let the real group read its arguments.

        :raises click.ClickException: when it cannot be imported.
        """
        try:
            real = self.real()
        except ImportError as error:
            raise click.ClickException(f"{self._what} cannot be loaded: {error}") from error
        return real.make_context(info_name, args, parent, **extra)
