"""Which files a service of the system consists of, where each belongs, and what is to be done to it; pure.

The files themselves are in ``lanrage/data/service`` (``docs/operations/service.rst``).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Literal

import attrs

from lanrage.errors import BadInput

ServiceRole = Literal["node", "control", "relay", "agent"]
ROLES: tuple[ServiceRole, ...] = ("node", "control", "relay", "agent")
OPTIONS = ("socket", "kernel")
"""What may be wished beyond a role: systemd holds the control server's port; the relay forwards in the kernel."""

SHIPPED_BIN = "/usr/lib/lanrage/bin/"
"""Where the programs are by the files as they are shipped: that of the Debian package."""
MARK = "# Written by `lanrage service install`, and removed by `lanrage service uninstall`: change it by a drop-in."
"""First line of each file that is written: by it, and by nothing else, a file is known as ours."""
UNITS = "/etc/systemd/system"
VENDOR = ("/usr/lib/systemd/system", "/lib/systemd/system", "/usr/lib/systemd/user")
"""Where a package puts its units."""
SEALED = ("/home", "/root", "/run/user")
"""Folders that ``ProtectHome=yes`` hides from a unit."""
_PLAIN = re.compile(r"/[A-Za-z0-9._+/-]*\Z")
"""A path that means itself in a unit: without blanks, quotes, ``%`` and ``$``."""

State = Literal["new", "same", "changed", "foreign"]


@attrs.frozen
class Piece:
    """One file.

    :param source: its name below ``lanrage/data/service``.
    :param target: where it belongs.
    :param roles: of the services that need it.
    :param option: needed only where this is wished.
    :param beside: needed only where this folder is there: somebody reads the file.
    """

    source: str
    target: str
    roles: tuple[ServiceRole, ...]
    option: str = ""
    beside: str = ""

    @property
    def drop_in(self) -> bool:
        """Whether it adds to a unit, and so also to one that a package brought."""
        return ".service.d/" in self.target


SYSTEM: tuple[ServiceRole, ...] = ("node", "control", "relay")
PIECES = (
    Piece("sysusers.d/lanrage.conf", "/etc/sysusers.d/lanrage.conf", SYSTEM),
    Piece("tmpfiles.d/lanrage.conf", "/etc/tmpfiles.d/lanrage.conf", SYSTEM),
    *(Piece(f"systemd/lanrage-{role}.service", f"{UNITS}/lanrage-{role}.service", (role,)) for role in SYSTEM),
    Piece("systemd/lanrage-control.socket", f"{UNITS}/lanrage-control.socket", ("control",), "socket"),
    Piece(
        "systemd/lanrage-control-socket.conf", f"{UNITS}/lanrage-control.service.d/socket.conf", ("control",), "socket"
    ),
    Piece("systemd/lanrage-relay-kernel.conf", f"{UNITS}/lanrage-relay.service.d/kernel.conf", ("relay",), "kernel"),
    Piece(
        "NetworkManager/lanrage.conf",
        "/etc/NetworkManager/conf.d/lanrage.conf",
        ("node",),
        beside="/etc/NetworkManager/conf.d",
    ),
    Piece(
        "networkd/00-lanrage.network",
        "/etc/systemd/network/00-lanrage.network",
        ("node",),
        beside="/etc/systemd/network",
    ),
    Piece("user/lanrage-agent.service", "/etc/systemd/user/lanrage-agent.service", ("agent",)),
)
"""All files that are ever written, in the order in which they are."""


@attrs.frozen
class Change:
    """What is to be done to one file.

    :param path: where.
    :param text: what shall stand there.
    :param state: ``new``: nothing is there; ``same``; ``changed``: ours, with another text; ``foreign``: not ours.
    """

    path: str
    text: str
    state: State


def unit_of(role: ServiceRole, option: str = "") -> str:
    """The unit that is started for a role."""
    return f"lanrage-{role}.{'socket' if option == 'socket' else 'service'}"


def wanted(roles: Collection[str], options: Collection[str], folders: Collection[str]) -> Iterator[Piece]:
    """The files that services need.

    :param folders: those of ``Piece.beside`` that are there.
    """
    for piece in PIECES:
        needed = any(role in roles for role in piece.roles)
        if needed and (not piece.option or piece.option in options) and (not piece.beside or piece.beside in folders):
            yield piece


def check_bin(folder: str) -> str:
    """A folder of programs that a unit can start.

    :raises BadInput: field ``bin``.
    """
    if not _PLAIN.match(folder):
        raise BadInput("bin", f"{folder!r} must be an absolute path of letters, digits and . _ + -")
    inside = next((each for each in SEALED if folder == each or folder.startswith(f"{each}/")), None)
    if inside is not None:
        raise BadInput(
            "bin",
            f"{folder} is below {inside}, which a service may not see; install into /opt/lanrage, say: "
            "python3 -m venv /opt/lanrage && /opt/lanrage/bin/pip install lanrage",
        )
    return folder.rstrip("/")


def render(text: str, folder: str) -> str:
    """A shipped file for programs in `folder`, under our mark; pages of documentation are the package's alone."""
    lines = [line for line in text.splitlines() if not line.startswith("Documentation=file:")]
    return "\n".join((MARK, *lines, "")).replace(SHIPPED_BIN, f"{folder}/")


def is_ours(text: str) -> bool:
    """Whether a file was written by us."""
    return text.startswith(MARK)


def changes(texts: Mapping[str, str], standing: Mapping[str, str]) -> list[Change]:
    """What is to be done.

    :param texts: what shall stand, by path.
    :param standing: what stands there, by path; a file that is not there is not in it.
    """
    return [Change(path, text, _state(text, standing.get(path))) for path, text in texts.items()]


def _state(text: str, there: str | None) -> State:
    if there is None:
        return "new"
    if there == text:
        return "same"
    return "changed" if is_ours(there) else "foreign"


def removable(standing: Mapping[str, str], roles: Collection[str]) -> list[str]:
    """The files to be removed with the services of `roles`, the last written first; what other roles need stays.

    :param standing: what is at the targets of :data:`PIECES`, by path.
    """
    ours = {path for path, text in standing.items() if is_ours(text)}
    left = {
        role
        for piece in PIECES
        if piece.target in ours and len(piece.roles) == 1 and piece.target.endswith(".service")
        for role in piece.roles
        if role not in roles
    }
    gone = (
        piece.target
        for piece in PIECES
        if piece.target in ours and set(piece.roles) & set(roles) and not set(piece.roles) & left
    )
    return list(gone)[::-1]


def parse_properties(text: str) -> dict[str, str]:
    """What ``systemctl show`` says, by property."""
    return {name: value for name, equals, value in (line.partition("=") for line in text.splitlines()) if equals}


def packaged(role: ServiceRole, files: Iterable[str]) -> bool:
    """Whether a package brought the unit of a role.

    :param files: paths that are there.
    """
    return any(f"{folder}/{unit_of(role)}" in files for folder in VENDOR)
