"""Where Discord listens in a user's session, and whether it is that user's (``docs/notifications.rst``)."""

from __future__ import annotations

import os
import socket
import stat
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path

SOCKETS = 10
"""``discord-ipc-0`` to ``discord-ipc-9``: one for each Discord that runs."""
FOLDERS = (
    "",
    "app/com.discordapp.Discord",
    "app/com.discordapp.DiscordCanary",
    ".flatpak/com.discordapp.Discord/xdg-run",
    "snap.discord",
    "snap.discord-canary",
)
"""Below the runtime folder: the program itself, then those of Flatpak and Snap."""
_CREDENTIALS = struct.Struct("3i")


def candidates(environment: Mapping[str, str], user: int) -> Iterator[Path]:
    """Sockets of Discord's that are there and the user's own, in the order in which they are tried.

    Where there is no runtime folder Discord takes the one for temporary files, in which anybody can put a socket: one
    of another user would be told which games are played, and by what secret others join.
    """
    named = (environment.get(name) for name in ("XDG_RUNTIME_DIR", "TMPDIR", "TMP", "TEMP"))
    for base in dict.fromkeys([*(each for each in named if each and os.path.isabs(each)), "/tmp"]):
        for folder in FOLDERS:
            for number in range(SOCKETS):
                path = Path(base, folder, f"discord-ipc-{number}")
                if owned(path, user):
                    yield path


def owned(path: Path, user: int) -> bool:
    """Whether a socket is there, and the user's own."""
    try:
        status = path.lstat()
    except OSError:
        return False
    return stat.S_ISSOCK(status.st_mode) and status.st_uid == user


def peer_user(connection: socket.socket) -> int:
    """Who listens at the other end, by the kernel's word (SO_PEERCRED, unix(7))."""
    data = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    return int(_CREDENTIALS.unpack(data)[1])
