"""A UNIX socket that local programs speak to: who is at the other end, and which process may listen (unix(7))."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import stat
import struct
from pathlib import Path

import attrs

from lanrage.errors import BadInput, Refused, StoreError

SOCKET_MODE = 0o660
"""Owner and group may speak to the node; it can change the machine's network, so others may not."""
PRIVATE_MODE = 0o600
"""Its owner alone may speak: what listens in a state folder, whose files are nobody else's either."""
FOLDER_MODE = 0o750
"""Others do not even reach the socket, which closes the moment between its making and its mode."""
SO_PEERGROUPS = 59
"""Not in Python's socket module; the kernel has it since 4.13 (asm-generic/socket.h)."""
GROUP_BYTES = 4
"""A group id is 32 bits wide."""
GROUPS_READ = 256
"""Python's getsockopt takes 1,024 bytes; a process of more groups than this counts by its primary one alone."""


@attrs.frozen
class PeerCredentials:
    """The process at the other end of a UNIX socket, as the kernel vouches for it.

    :param groups: its primary and supplementary groups.
    """

    pid: int
    uid: int
    groups: frozenset[int]


def peer_credentials(connection: socket.socket) -> PeerCredentials:
    """Ask the kernel who connected; credentials are those at the time of the connect.

    :raises OSError: when `connection` is no connected UNIX socket.
    """
    pid, uid, gid = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    try:
        raw = connection.getsockopt(socket.SOL_SOCKET, SO_PEERGROUPS, GROUP_BYTES * GROUPS_READ)
    except OSError as error:
        if error.errno != errno.ERANGE:
            raise
        raw = b""
    groups = struct.unpack(f"{len(raw) // GROUP_BYTES}I", raw)
    return PeerCredentials(pid, uid, frozenset((gid, *groups)))


def may_speak(peer: PeerCredentials, owner: int, group: int | None) -> bool:
    """Root, the process's own user, and members of the socket's group may; ``None``: of no group."""
    return peer.uid in (0, owner) or group in peer.groups


class FolderLock:
    """Held by the one node of a run folder while it lives, by other roles until they listen; the kernel lets go of it
    when the process ends.

    It is a lock on the folder itself, so it leaves no file behind that a crash could make stale.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._descriptor: int | None = None

    def take(self) -> None:
        """Take the lock.

        :raises Refused: ``node_running`` when another process holds it.
        :raises StoreError: when the folder cannot be opened.
        """
        try:
            descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise StoreError(f"{self._folder} cannot be opened: {error.strerror}") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            raise Refused(
                "node_running", f"a process of LANrage is at work in {self._folder.absolute()} already; stop it first"
            ) from error
        self._descriptor = descriptor

    def release(self) -> None:
        """Let go; a lock that is not held is no error."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)


def remove_stale(path: Path) -> bool:
    """Remove the socket file of a dead process; call it with the folder's lock held.

    :returns: whether there was one.
    :raises BadInput: field ``socket``, when something else lies there or somebody still listens.
    :raises StoreError: when it cannot be removed.
    """
    try:
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise BadInput("socket", f"{path} is there and is no socket; it is left alone")
        with socket.socket(socket.AF_UNIX) as knock:
            knock.setblocking(False)
            if knock.connect_ex(os.fspath(path)) in (0, errno.EAGAIN):
                raise Refused("node_running", f"another program listens at {path}; stop it first")
        path.unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise StoreError(f"{path} cannot be replaced: {error.strerror}") from error
    return True
