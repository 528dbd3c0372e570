"""``lanrage service status``: what systemd says of each role, or, without it, who answers (``docs/cli.rst``)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lanrage.app.cli_find import somebody_at, usual_places
from lanrage.app.role_sockets import SYSTEM_SOCKET, own_socket
from lanrage.app.service_place import NO_SYSTEMD, Place
from lanrage.core.service_files import PIECES, VENDOR, ServiceRole, is_ours, parse_properties, unit_of

SYSTEM_ROLES: tuple[ServiceRole, ...] = ("node", "control", "relay")
PROPERTIES = {
    "LoadState": "load",
    "ActiveState": "active",
    "SubState": "sub",
    "UnitFileState": "enabled",
    "MainPID": "pid",
    "NRestarts": "restarts",
    "MemoryCurrent": "memory",
    "StatusText": "says",
    "ActiveEnterTimestamp": "since",
    "Result": "result",
}
"""Property of systemd: what ``--json`` calls it."""
NUMBERS = ("pid", "restarts", "memory")


def status(place: Place, answers: Callable[[str], bool] = somebody_at) -> dict[str, Any]:
    """Of each role: where its unit is and who wrote it, whether it runs, and what it says of itself.

    :param answers: whether somebody is at a socket.
    """
    rows = [_row(place, role, next(filter(answers, _sockets(role)), "")) for role in SYSTEM_ROLES]
    why = "" if place.systemd else f"{NO_SYSTEMD}: nothing is started by itself, and units have no state"
    return {"systemd": place.systemd, "why": why, "services": rows}


def _row(place: Place, role: ServiceRole, socket: str) -> dict[str, Any]:
    path, by = _file(place, role)
    row: dict[str, Any] = {"role": role, "unit": unit_of(role), "file": path, "by": by, "answers_at": socket}
    empty = {name: None if name in NUMBERS else "" for name in PROPERTIES.values()}
    if not place.systemd:
        return row | empty
    names = ",".join(PROPERTIES)
    said = parse_properties(place.said("systemctl", "show", f"--property={names}", unit_of(role)))
    return row | empty | {PROPERTIES[name]: _value(name, text) for name, text in said.items() if name in PROPERTIES}


def _value(name: str, text: str) -> str | int | None:
    if PROPERTIES[name] not in NUMBERS:
        return text
    return int(text) if text.isdigit() and int(text) < 1 << 63 else None  # what systemd does not know is 2^64 - 1


def _file(place: Place, role: ServiceRole) -> tuple[str, str]:
    """Where the unit is, and whose: ``install``, ``package``, ``hand``; empty where there is none."""
    own = next(piece.target for piece in PIECES if piece.target.endswith(f"/{unit_of(role)}"))
    for path, text in place.standing([own]).items():
        return path, "install" if is_ours(text) else "hand"
    units = [f"{folder}/{unit_of(role)}" for folder in VENDOR]
    return next(((path, "package") for path in units if place.at(path).is_file()), ("", ""))


def _sockets(role: ServiceRole) -> list[str]:
    return [SYSTEM_SOCKET, own_socket()] if role == "node" else list(usual_places(role))


def sentence(row: dict[str, Any], systemd: bool) -> str:
    """One role in words, without what it says of itself."""
    if not row["file"] and not row["answers_at"]:
        return f"{row['role']}: not installed"
    if not systemd or not row["file"]:
        here = f"a process answers at {row['answers_at']}" if row["answers_at"] else "no process answers"
        unit = f"unit {row['file']}" if row["file"] else "no unit"
        return f"{row['role']}: {here}; {unit}"
    words = [f"{row['role']}: {row['active'] or 'unknown'} ({row['sub'] or '?'})"]
    words += [f"since {row['since']}"] if row["since"] else []
    words += [f"process {row['pid']}"] if row["pid"] else []
    words += [f"{row['memory'] / (1 << 20):.0f} MiB"] if row["memory"] else []
    words += [f"started again {row['restarts']} times"] if row["restarts"] else []
    words += [
        "at each start of the machine" if row["enabled"] == "enabled" else f"unit is {row['enabled'] or 'not known'}"
    ]
    words += [f"failed by {row['result']}"] if row["active"] == "failed" else []
    return ", ".join(words)
