"""Real game servers, from Debian's packages, run in a host of the laboratory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from shutil import which

import attrs

from lanrage.errors import MissingRight
from lanrage.lab import discovery as found_by
from lanrage.lab.discovery import Discovery

GAMES_PATH = "/usr/games:/usr/local/games"
"""Debian's folder of games is not in root's search path."""


def find_program(program: str, package: str) -> str:
    """Where a game's program is.

    :raises MissingRight: names the package when it is not installed.
    """
    path = which(program, path=GAMES_PATH) or which(program)
    if path is None:
        raise MissingRight(f"the laboratory needs {program}: apt-get install {package}")
    return path


@attrs.frozen
class GameServer:
    """How to run a server and how its clients find it.

    :param package: the Debian package.
    :param titled: its discovery tells a name.
    :param argv: the command after the program's path, from the folder that it may write into.
    """

    discovery: Discovery
    program: str
    package: str
    argv: Callable[[Path], list[str]]
    titled: bool = True

    @property
    def game(self) -> str:
        """A short name."""
        return self.discovery.game

    @property
    def title(self) -> str:
        """The name that it announces."""
        return f"lanrage-{self.game}" if self.titled else self.game

    def program_path(self) -> str:
        """Where the program is.

        :raises MissingRight: names the package when it is not installed.
        """
        return find_program(self.program, self.package)

    def command(self, folder: Path) -> list[str]:
        """The whole command, to be run in `folder`, which is made.

        :raises MissingRight: names the package when the program is not there.
        """
        path = self.program_path()
        folder.mkdir(parents=True, exist_ok=True)
        return [path, *self.argv(folder)]


def _teeworlds(_folder: Path) -> list[str]:
    return ["sv_name lanrage-teeworlds", "sv_register 0", "sv_port 8303"]


def _ddnet(_folder: Path) -> list[str]:
    return ["sv_name lanrage-ddnet", "sv_register 0", "sv_port 8303"]


def _openttd(folder: Path) -> list[str]:
    return ["-D", "-c", str(folder / "openttd.cfg"), "-x"]


TEEWORLDS = GameServer(found_by.TEEWORLDS, "teeworlds-server", "teeworlds-server", _teeworlds)
DDNET = GameServer(found_by.DDNET, "DDNet-Server", "ddnet-server", _ddnet)
OPENTTD = GameServer(found_by.OPENTTD, "openttd", "openttd openttd-opengfx", _openttd, titled=False)
SERVERS = (TEEWORLDS, DDNET, OPENTTD)
