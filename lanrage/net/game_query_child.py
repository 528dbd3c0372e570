"""The process that asks by `opengsq`, run as a script: ``game_query_child.py CLASS.METHOD HOST PORT SECONDS``.

Writes JSON (:class:`lanrage.net.game_query_far.Told`) and ends; says nothing where nothing was answered. It imports
nothing of this package: it runs isolated from the environment, where only what is installed is found.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import resource
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass
from importlib import import_module
from typing import Any

MEMORY_BYTES, CPU_S = 512 << 20, 5
"""More than any answer needs: the library reads strangers' lengths."""

NAMES: Mapping[str, Sequence[str]] = {
    "name": ("hostname", "server_name", "servername", "sv_hostname", "si_name", "host_name", "name"),
    "map": ("mapname", "map_name", "map", "si_map", "level"),
    "mode": ("gametype", "game_type", "g_gametype", "gamemode", "game_mode", "si_gametype"),
    "version": ("gamever", "version", "game_version", "shortversion"),
    "players": ("num_players", "numplayers", "clients", "sv_numclients", "players"),
    "players_limit": ("max_players", "maxplayers", "maxclients", "sv_maxclients", "si_maxplayers"),
    "password": ("password", "passworded", "password_protected", "g_needpass", "needpass", "si_usepass"),
}
"""Fact: what the many protocols call it, the best first."""


def flat(status: Any) -> dict[str, Any]:
    """Everything that was told, one key deep; the lists of players are counted."""
    told = asdict(status) if is_dataclass(status) and not isinstance(status, type) else dict(status)
    inner = told.get("info")
    if isinstance(inner, Mapping):
        told = {**told, **inner}
    return {str(key).lower(): value for key, value in told.items() if value is not None}


def read(status: Any, seconds: float) -> dict[str, Any]:
    """The facts among all that was told."""
    told = flat(status)
    found = {fact: next((told[name] for name in names if name in told), None) for fact, names in NAMES.items()}
    texts = {fact: str(found[fact] or "")[:400] for fact in ("name", "map", "mode", "version")}
    password = found["password"]
    return {
        "seconds": seconds,
        **texts,
        "players": number(found["players"]),
        "players_limit": number(found["players_limit"]),
        "password": None if password is None else str(password).lower() in ("1", "true", "yes"),
    }


def number(value: Any) -> int | None:
    """A count that was told as a number, a text or a list."""
    if isinstance(value, list):
        return len(value)
    with contextlib.suppress(TypeError, ValueError, OverflowError):
        return int(value)
    return None


async def ask(method: str, host: str, port: int, timeout: float) -> dict[str, Any]:
    """Ask by the library, which may raise anything."""
    name, _, call = method.partition(".")
    protocol = getattr(import_module("opengsq.protocols"), name)(host, port, timeout)
    begin = time.monotonic()
    status = await asyncio.wait_for(getattr(protocol, call)(), timeout)
    return read(status, time.monotonic() - begin)


def main(arguments: Sequence[str]) -> int:
    """The program; 1 without an answer."""
    method, host, port, timeout = arguments
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    try:
        told = asyncio.run(ask(method, host, int(port), float(timeout)))
    except Exception:  # pylint: disable=broad-exception-caught  # a stranger's answer in a stranger's library
        return 1
    os.write(1, json.dumps(told).encode())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
