"""What errors say on the command line: the words of the very command, and only what works as the next step."""

from __future__ import annotations

from pathlib import Path

import click
from twisted.trial.unittest import SynchronousTestCase

import lanrage
from lanrage.app.cli import main
from lanrage.app.cli_frame import told
from lanrage.app.role_sockets import ROLE_SOCKETS
from lanrage.errors import BadInput, Refused

UNITS = Path(lanrage.__file__).parent / "data/service/systemd"


def said_by(group: str, name: str, error: BadInput | Refused) -> str:
    """An error as this command tells it."""
    found = main.commands[group]
    assert isinstance(found, click.Group)
    with click.Context(found.commands[name]):
        return told(error)


class WordTests(SynchronousTestCase):
    """Sentences for people."""

    def test_an_argument_is_called_as_the_command_calls_it(self) -> None:
        """One command's option is another one's argument; what neither has keeps its name, or has that of the table."""
        server = BadInput("server", "is wrong")
        self.assertEqual(said_by("servers", "join", server), "SERVER: is wrong")
        self.assertEqual(said_by("party", "create", server), "--server: is wrong")
        self.assertEqual(said_by("party", "join", BadInput("member_name", "is wrong")), "--as: is wrong")
        self.assertEqual(said_by("party", "join", BadInput("links.port", "is wrong")), "links.port: is wrong")
        self.assertEqual(told(server), "--server: is wrong")

    def test_the_units_that_are_named_exist(self) -> None:
        """Where nobody answers, the command that starts one is of a unit that is installed."""
        for asked in ROLE_SOCKETS.values():
            unit = asked.start.partition("systemctl start ")[2].split()[0]
            self.assertTrue((UNITS / f"{unit}.service").is_file(), asked.start)
