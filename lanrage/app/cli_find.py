"""Where the command line finds the process that it asks (``docs/cli.rst``, "Finding the process")."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterator

import attrs

from lanrage.app.role_sockets import ALONE, ROLE_SOCKETS, default_socket
from lanrage.core.setting import NODE
from lanrage.errors import BadInput, Unreachable

SYSTEM_STATE = "/var/lib/lanrage"
"""Where a service of the system keeps its state: in a folder of its role's name below, or, started by hand, here."""


@attrs.frozen
class Wanted:
    """What the user says of the process.

    :param socket: its path; empty = as the rest says.
    :param role: empty = a node, or whoever has its socket in the folder.
    :param folder: its state folder; empty = one of the usual ones.
    """

    socket: str = ""
    role: str = ""
    folder: str = ""

    def find(self) -> str:
        """The path of its socket; whether a node listens there is not known.

        :raises BadInput: field ``--role`` or ``--state-dir``.
        :raises Unreachable: nobody listens; the message says what to do.
        """
        if self.socket:
            return self.socket
        if self.folder and self.role == NODE:
            raise BadInput("--state-dir", "the socket of a node is in its run folder: name that by --socket")
        if self.folder:
            return self._in_folder()
        return default_socket() if self.role in ("", NODE) else self._usual()

    def _in_folder(self) -> str:
        found = alone_in(self.folder)
        if self.role:
            found = {role: path for role, path in found.items() if role == self.role}
        if len(found) > 1:
            raise BadInput("--role", f"{' and '.join(found)} run in {self.folder}: say which of them")
        if not found:
            asked = [ROLE_SOCKETS[role] for role in ((self.role,) if self.role else ALONE)]
            called = " and no ".join(each.called for each in asked)
            start = f"; {asked[0].start}" if self.role else ""
            raise Unreachable(
                f"no {called} that runs alone answers in {self.folder}, or it takes sudo to see it{start}"
            )
        return next(iter(found.values()))

    def _usual(self) -> str:
        places = list(usual_places(self.role))
        found = next(filter(somebody_at, places), None)
        if found is None:
            asked = ROLE_SOCKETS[self.role]
            ways = "name its folder by --state-dir, or use sudo; where all roles are one process ask that as a node"
            raise Unreachable(f"no {asked.called} answers at {' or '.join(places)}: {ways}; {asked.start}")
        return found


def somebody_at(path: str) -> bool:
    """Whether a process listens at a socket, as far as this user can see: one that a crash left is nobody's."""
    with socket.socket(socket.AF_UNIX) as knock:
        knock.setblocking(False)
        try:
            said = knock.connect_ex(path)
        except OSError:  # no socket has so long a path
            return False
    return said in (0, errno.EAGAIN) or (said in (errno.EACCES, errno.EPERM) and os.path.exists(path))


def alone_in(folder: str) -> dict[str, str]:
    """The sockets in a state folder at which roles that run alone listen, by role."""
    paths = {role: os.path.join(folder, ROLE_SOCKETS[role].socket) for role in ALONE}
    return {role: path for role, path in paths.items() if somebody_at(path)}


def usual_places(role: str) -> Iterator[str]:
    """Where the socket of a role that runs alone may be: a unit's, that of one started by root, the user's own."""
    own = os.path.join(os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share"), "lanrage")
    for folder in (os.path.join(SYSTEM_STATE, role), SYSTEM_STATE, own):
        yield os.path.join(folder, ROLE_SOCKETS[role].socket)


def others_here() -> str:
    """For an error, where nobody is at the socket that was asked: what else runs here; empty where nothing does."""
    found = [role for role in ALONE if any(map(somebody_at, usual_places(role)))]
    return "".join(f"; a {ROLE_SOCKETS[role].called} is here: lanrage --role {role}" for role in found)
