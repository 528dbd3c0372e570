"""Where the process of a role is asked, and what people call it (``docs/api.rst``)."""

from __future__ import annotations

import os

import attrs

from lanrage.core.setting import ALL, CONTROL, NODE, RELAY


@attrs.frozen
class Asked:
    """How a process of a role is spoken of.

    :param called: by people.
    :param socket: the name of its socket's file.
    :param start: how to start one.
    :param permit: how to get leave to speak to it.
    """

    called: str
    socket: str
    start: str
    permit: str


def _start(role: str, unit: str) -> str:
    by_hand = f"sudo twistd -n lanrage {role}".strip()
    return f"start one with: sudo systemctl start {unit} (or, by hand: {by_hand})"


ROLE_SOCKETS = {
    NODE: Asked("node", "node.sock", _start("", "lanrage-node"), "use sudo, or join the group of its socket"),
    CONTROL: Asked("control server", "control.sock", _start(CONTROL, "lanrage-control"), "use sudo"),
    RELAY: Asked("relay", "relay.sock", _start(RELAY, "lanrage-relay"), "use sudo"),
}
"""By role. A process of all roles is asked as a node. A node's socket is in its run folder, the others' in the state
folder: who may write that may do all that the socket lets one do."""

SYSTEM_SOCKET = "/run/lanrage/node.sock"
"""Of the system service's node."""

ALONE = (CONTROL, RELAY)
"""The roles that are asked at a socket of their own where they run alone."""


def asked_as(role: str) -> Asked:
    """How the process of a role is spoken of."""
    return ROLE_SOCKETS[NODE if role == ALL else role]


def asked_at(path: str) -> Asked:
    """Who should be at a socket, by the name of its file: a node where that says nothing."""
    name = os.path.basename(path)
    return next((each for each in ROLE_SOCKETS.values() if each.socket == name), ROLE_SOCKETS[NODE])


def own_socket() -> str:
    """The socket of a node that this user runs; as :func:`lanrage.app.config.default_run_folder` has it for a user."""
    runtime, data = os.environ.get("XDG_RUNTIME_DIR"), os.environ.get("XDG_DATA_HOME")
    if runtime:
        return os.path.join(runtime, "lanrage", "node.sock")
    return os.path.join(data or os.path.expanduser("~/.local/share"), "lanrage", "run", "node.sock")


def default_socket() -> str:
    """The system service's socket; a user's own node's where that is there and the other is not."""
    own = own_socket()
    return own if os.path.exists(own) and not os.path.exists(SYSTEM_SOCKET) else SYSTEM_SOCKET
