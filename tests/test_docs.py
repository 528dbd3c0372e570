"""The pages name every command and every option, so that a user finds what the program can do."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path

import click
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.cli import main
from lanrage.app.cli_frame import LazyGroup
from lanrage.app.command_reference import reference as command_reference
from lanrage.app.control_cli import control
from lanrage.app.service import Options
from lanrage.core.doctor_faults import reference as doctor_reference
from lanrage.core.game_file import GameTable, Row
from lanrage.core.game_reading import combine, read_games
from lanrage.core.game_reference import reference as game_reference
from lanrage.core.settings_reference import reference as settings_reference
from lanrage.lab.cli import lab
from lanrage.store.game_profiles import load_shipped
from lanrage.wire.control_reference import reference

DOCS = Path(__file__).resolve().parent.parent / "docs"


def page(name: str) -> str:
    """A page's text, with line breaks as spaces."""
    return " ".join((DOCS / f"{name}.rst").read_text(encoding="utf-8").split())


def commands(group: click.Group, words: tuple[str, ...]) -> Iterator[tuple[str, click.Command]]:
    """All commands below a group with the words that call them; the laboratory comes late and has its own page."""
    for name, command in group.commands.items():
        if name == "lab":
            continue
        if isinstance(command, LazyGroup):
            yield from commands(command.real(), (*words, name))
        elif isinstance(command, click.Group):
            yield from commands(command, (*words, name))
        else:
            yield " ".join((*words, name)), command


def unnamed(group: click.Group, words: tuple[str, ...], text: str) -> list[str]:
    """Commands and options that a text does not name."""
    missing = []
    for called, command in commands(group, words):
        if called not in text:
            missing.append(called)
        for parameter in command.params:
            if isinstance(parameter, click.Option) and parameter.opts[-1] not in text:
                missing.append(f"{called} {parameter.opts[-1]}")
    return missing


class CommandTests(SynchronousTestCase):
    """The command line."""

    def test_party_and_status(self) -> None:
        """docs/cli.rst names all that is not the laboratory's."""
        self.assertEqual(unnamed(main, ("lanrage",), page("cli")), [])

    def test_table_of_commands(self) -> None:
        """docs/commands.rst is what the commands give, and so names all; ``make messages`` writes it."""
        self.assertIn(command_reference(main), (DOCS / "commands.rst").read_text(encoding="utf-8"))
        self.assertEqual(unnamed(main, ("lanrage",), page("commands")), [])

    def test_control(self) -> None:
        """It names what is for the control server's machine, too."""
        self.assertEqual(unnamed(control, ("lanrage", "control"), page("cli")), [])

    def test_laboratory(self) -> None:
        """docs/lab.rst names the laboratory's."""
        self.assertEqual(unnamed(lab, ("lanrage", "lab"), page("lab")), [])


class ServiceTests(SynchronousTestCase):
    """``twistd lanrage``."""

    def test_options(self) -> None:
        """docs/install.rst names each role and its options."""
        text = page("install")
        missing: list[str] = []
        for role, _, maker, _ in Options.subCommands:
            options = maker()
            words = [f"--{word.rstrip('=')}" for word in options.longOpt if word not in {"help", "version"}]
            missing.extend(f"{role} {word}" for word in words if word not in text)
            if f"``{role}``" not in text:
                missing.append(role)
        self.assertEqual(missing, [])


class SettingTests(SynchronousTestCase):
    """``docs/settings.rst``."""

    def test_table_of_settings(self) -> None:
        """The page holds the table that the schema gives; ``make messages`` writes it."""
        self.assertIn(settings_reference(), (DOCS / "settings.rst").read_text(encoding="utf-8"))


class DoctorTests(SynchronousTestCase):
    """``docs/doctor.rst``."""

    def test_table_of_faults(self) -> None:
        """The page holds the table that the code gives; ``make messages`` writes it."""
        self.assertIn(doctor_reference(), (DOCS / "doctor.rst").read_text(encoding="utf-8"))


class GameTests(SynchronousTestCase):
    """``docs/games.rst`` and ``docs/games-list.rst``."""

    def test_table_of_games(self) -> None:
        """The page holds the table that the data give; ``make messages`` writes it."""
        games = combine(load_shipped(), ()).games
        text = (DOCS / "games-list.rst").read_text(encoding="utf-8")
        self.assertIn(game_reference(games.values()), text)
        self.assertEqual([], [game for game in games if f"(``{game}``, " not in text])

    def test_every_value(self) -> None:
        """The page of the format names whatever may stand in a file, and its example is in order."""
        text = (DOCS / "games.rst").read_text(encoding="utf-8")
        rows = {row for kind in Row.__subclasses__() for row in kind.__struct_fields__}
        names = {*GameTable.__struct_fields__, *rows} - {"pattern", "text"}
        self.assertEqual([], sorted(name for name in names if f"``{name}``" not in text))
        example = textwrap.dedent(text.partition(".. code-block:: toml\n")[2].partition("\n``[sources]``")[0])
        reading = read_games("games.rst", example, own=True)
        self.assertEqual((["tag"], ()), ([each.profile.game for each in reading.entries], reading.problems))


class MessageTests(SynchronousTestCase):
    """``docs/protocol-control.rst``."""

    def test_table_of_messages(self) -> None:
        """The page holds the table that the types give; ``make messages`` writes it."""
        text = (DOCS / "protocol-control.rst").read_text(encoding="utf-8")
        self.assertIn(reference(), text)

    def test_limits(self) -> None:
        """Each word by which a client is refused or denied for policy stands on the page."""
        text = page("protocol-control")
        for word in ("registration_closed", "bad_token", "server_ban", "limit", "party_full", "restarting", "replaced"):
            self.assertIn(f"``{word}``", text)
