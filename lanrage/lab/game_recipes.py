"""Real game servers, from Debian's packages, as a list of servers has to show them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import attrs

from lanrage.lab.games import DDNET, OPENTTD, TEEWORLDS, GameServer, find_program

NOBODY = 65_534
"""Freeciv's server refuses to run as root."""


@attrs.frozen
class ListedServer:
    """How to run a server, and what is told of it.

    :param game: its profile's id.
    :param package: the Debian package.
    :param argv: the command after the program's path, from the folder that it may write into.
    :param title: the name that it tells when it is asked; empty where its protocol tells none.
    :param files: that it reads, by their paths in its folder.
    :param user: as whom it runs.
    :param players: its protocol tells how many play.
    """

    game: str
    program: str
    package: str
    port: int
    argv: Callable[[Path], list[str]]
    title: str = ""
    files: tuple[tuple[str, str], ...] = ()
    user: int = 0
    players: bool = True

    def program_path(self) -> str:
        """Where the program is.

        :raises MissingRight: names the package when it is not installed.
        """
        return find_program(self.program, self.package)

    def command(self, folder: Path) -> list[str]:
        """The whole command, to be run in `folder`, which is made with the files in it.

        :raises MissingRight: names the package when the program is not there.
        """
        path = self.program_path()
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in self.files:
            (folder / name).write_text(text, encoding="utf-8")
        if not self.user:
            return [path, *self.argv(folder)]
        folder.chmod(0o777)  # what is above it stays closed: it reaches its folder as the one that it is in
        become = ["setpriv", f"--reuid={self.user}", f"--regid={self.user}", "--clear-groups", "env", "HOME=."]
        return [*become, path, *self.argv(folder)]


def _bzflag(_folder: Path) -> list[str]:
    return ["-p", "5154", "-mp", "20"]


def _freeciv(_folder: Path) -> list[str]:
    return ["-p", "5556", "-i", "lanrage-freeciv", "-A", "IPv4", "-s", "."]


def _luanti(folder: Path) -> list[str]:
    return ["--gameid", "minetest", "--world", str(folder / "world"), "--port", "30000"]


def _armagetron(folder: Path) -> list[str]:
    datadir, configdir = "/usr/share/games/armagetronad", "/etc/armagetronad-dedicated"
    return [
        *("--datadir", datadir, "--configdir", configdir),
        *("--userdatadir", str(folder), "--vardir", str(folder)),
    ]


def _known(server: GameServer, port: int, title: str, files: tuple[tuple[str, str], ...] = ()) -> ListedServer:
    return ListedServer(server.game, server.program, server.package, port, server.argv, title, files)


OPENTTD_LISTED = _known(
    OPENTTD, 3979, "lanrage-openttd", (("openttd.cfg", "[network]\nserver_name = lanrage-openttd\n"),)
)
LISTED = (
    OPENTTD_LISTED,
    _known(TEEWORLDS, 8303, TEEWORLDS.title),
    _known(DDNET, 8303, DDNET.title),
    ListedServer("minetest", "minetestserver", "minetest-server", 30000, _luanti, players=False),
    ListedServer(
        *("armagetronadvanced", "armagetronad-dedicated.real", "armagetronad-dedicated", 4534, _armagetron),
        title="lanrage-armagetron",
        files=(("autoexec.cfg", "SERVER_NAME lanrage-armagetron\nTALK_TO_MASTER 0\n"),),
    ),
    ListedServer("bzflag", "bzfs", "bzflag-server", 5154, _bzflag),
    ListedServer(
        *("freeciv", "freeciv-server", "freeciv-server", 5556, _freeciv), title="lanrage-freeciv", user=NOBODY
    ),
)
"""OpenTTD tells its name by TCP alone, BZFlag tells it to list servers only, Luanti answers with nothing in it."""
