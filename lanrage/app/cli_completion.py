"""``lanrage completion`` (``docs/cli.rst``)."""

from __future__ import annotations

import click
from click.shell_completion import ShellComplete, get_completion_class

from lanrage.app.cli_frame import SETTINGS

SHELLS = ("bash", "zsh", "fish")
PROGRAM = "lanrage"
VARIABLE = "_LANRAGE_COMPLETE"
"""By which the shell asks the program what may come next; click's convention."""


def script(command: click.Command, shell: str) -> str:
    """What a shell reads to complete the program's commands and options."""
    kind = get_completion_class(shell)
    assert kind is not None
    # ShellComplete's own, not the class's: bash's would start a shell only to ask how old it is.
    return ShellComplete.source(kind(command, {}, PROGRAM, VARIABLE)).rstrip() + "\n"


def add(main: click.Group) -> None:
    """Add the command."""

    @main.command(
        "completion",
        help="Print what a shell reads to complete commands and options by the Tab key.",
        epilog="Example: lanrage completion bash > ~/.local/share/bash-completion/completions/lanrage",
        context_settings=SETTINGS,
    )
    @click.argument("shell", type=click.Choice(SHELLS))
    def completion(shell: str) -> None:
        click.echo(script(main, shell), nl=False)
