"""The page of all commands."""

from __future__ import annotations

import click
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.command_reference import reference


def group() -> click.Group:
    """Two commands, one of them in a group."""
    main = click.Group("lanrage", params=[click.Option(["--role"], help="Whom.", metavar="ROLE")])
    below = click.Group("party", help="What friends form.")
    join = click.Command(
        "join",
        help="Join by CODE_1; see --wait and ``lanrage *``.\n\n    Twice.",
        epilog="Exit status 1.  Example: lanrage party join *",
        params=[
            click.Argument(["code"]),
            click.Option(["-w", "--wait"], default=3, show_default=True, envvar="W_S", help="How long."),
            click.Option(["--secret"], hidden=True, help="Not shown."),
        ],
    )
    below.add_command(join)
    main.add_command(below)
    main.add_command(click.Command("status", help="Show it."))
    return main


class ReferenceTests(SynchronousTestCase):
    """reST of a tree of commands."""

    def test_whole(self) -> None:
        """Options of all, single commands, groups; nothing in a help is markup but its literals."""
        self.assertEqual(
            reference(group()).split("\n"),
            [
                "- ``--role ROLE``: Whom.",
                "",
                *("Single commands", "~~~~~~~~~~~~~~~", ""),
                *("``lanrage status [OPTIONS]``", "   Show it.", ""),
                *("lanrage party", "~~~~~~~~~~~~~", "", "What friends form.", ""),
                "``lanrage party join [OPTIONS] CODE``",
                "   Join by CODE\\_1; see ``--wait`` and ``lanrage *``.",
                "",
                "   Twice.",
                "",
                "   - ``-w, --wait INTEGER``: How long. [default: 3] [env W\\_S]",
                "",
                "   Exit status 1. Example: ``lanrage party join *``",
                "",
            ],
        )
