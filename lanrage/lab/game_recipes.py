"""Real game servers, from Debian's packages, as a list of servers has to show them: the one place of their recipes."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import attrs

from lanrage.lab.games import DDNET, OPENTTD, TEEWORLDS, GameServer, find_program

NOBODY = 65_534
"""Freeciv's server refuses to run as root."""

WARZONE_HOST = """{"challenge": {"map": "Sk-Rush", "maxPlayers": 4, "scavengers": 0, "alliances": 0, "powerLevel": 1,
"bases": 0, "name": "lanrage-warzone", "techLevel": 1}}
"""
"""What Warzone 2100 hosts by itself, without a screen (4.3.3: doc/AutoHost.md)."""


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
    :param player: the command by which a player without a screen joins it, given the address and port; ``None``: there
        is none.
    :param player_files: what that command reads, by their paths in the folder that it is run in.
    :param nameless: it lets nobody in before it knows, or knows not, the name of the address: it is told at once that
        there is none, since the laboratory has no name server, and not even a refusal of one.
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
    player: Callable[[str, int], list[str]] | None = None
    player_files: tuple[tuple[str, str], ...] = ()
    nameless: bool = False

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
        _write(folder, self.files)
        if self.nameless:
            (folder / "resolv.conf").write_text("nameserver 127.0.0.1\n", encoding="utf-8")
            script = 'mount --bind resolv.conf /etc/resolv.conf; exec "$0" "$@"'
            return ["unshare", "--mount", "/bin/sh", "-ec", script, path, *self.argv(folder)]
        if not self.user:
            return [path, *self.argv(folder)]
        folder.chmod(0o777)  # what is above it stays closed: it reaches its folder as the one that it is in
        become = ["setpriv", f"--reuid={self.user}", f"--regid={self.user}", "--clear-groups", "env", "HOME=."]
        return [*become, path, *self.argv(folder)]

    def player_command(self, folder: Path, address: str, port: int) -> list[str] | None:
        """What joins it at an address, to be run in `folder`, which is made with its files; ``None``: nothing does."""
        if self.player is None:
            return None
        _write(folder, self.player_files)
        return self.player(address, port)


def _write(folder: Path, files: tuple[tuple[str, str], ...]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def _openttd_player(address: str, port: int) -> list[str]:
    """The game itself, which draws and plays nothing."""
    drivers = ["-v", "null:ticks=1000000000", "-s", "null", "-m", "null"]
    return [find_program(OPENTTD.program, OPENTTD.package), "-c", "openttd.cfg", *drivers, "-n", f"{address}:{port}"]


def _bzflag(_folder: Path) -> list[str]:
    return ["-p", "5154", "-mp", "20"]


def _bzflag_player(address: str, port: int) -> list[str]:
    return [sys.executable, "-m", "lanrage.lab.bzflag_player", address, str(port), "player"]


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


def _warzone(folder: Path) -> list[str]:
    return [f"--configdir={folder}", "--headless", "--nosound", "--autohost=lab.json"]


def _openarena(_folder: Path) -> list[str]:
    return "+set dedicated 1 +set sv_hostname lanrage-openarena +map oa_dm1".split()


def _chocolate(_folder: Path) -> list[str]:
    return ["-servername", "lanrage-doom", "-privateserver"]


def _supertuxkart(_folder: Path) -> list[str]:
    return ["--no-graphics", "--lan-server=lanrage-stk", "--network-console"]


def _red_eclipse(_folder: Path) -> list[str]:
    return []


def _known(server: GameServer, port: int, title: str, files: tuple[tuple[str, str], ...] = ()) -> ListedServer:
    return ListedServer(server.game, server.program, server.package, port, server.argv, title, files)


OPENTTD_LISTED = attrs.evolve(
    _known(OPENTTD, 3979, "lanrage-openttd", (("openttd.cfg", "[network]\nserver_name = lanrage-openttd\n"),)),
    player=_openttd_player,
    player_files=(("openttd.cfg", "[network]\nclient_name = lanrage-player\n"),),
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
    ListedServer("bzflag", "bzfs", "bzflag-server", 5154, _bzflag, player=_bzflag_player, nameless=True),
    ListedServer(
        *("freeciv", "freeciv-server", "freeciv-server", 5556, _freeciv), title="lanrage-freeciv", user=NOBODY
    ),
    ListedServer(
        *("warzone2100", "warzone2100", "warzone2100", 2100, _warzone),
        files=(("autohost/lab.json", WARZONE_HOST),),
        players=False,
    ),
)
"""OpenTTD tells its name by TCP alone, BZFlag tells it to list servers only, Luanti answers with nothing in it, Warzone
2100 tells it to its lobby server only."""
ASKED = (
    *LISTED,
    ListedServer(*("openarena", "openarena-server", "openarena-server", 27960, _openarena), title="lanrage-openarena"),
    ListedServer(*("chocolate-doom", "chocolate-server", "chocolate-doom", 2342, _chocolate), title="lanrage-doom"),
    ListedServer(*("supertuxkart", "supertuxkart", "supertuxkart", 2757, _supertuxkart), title="lanrage-stk"),
    ListedServer("red-eclipse", "redeclipse-server", "redeclipse-server", 28801, _red_eclipse),
)
"""More that answer, beside those that the laboratory's check starts."""
