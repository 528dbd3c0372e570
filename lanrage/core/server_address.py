"""How people name a server: its address, or words of its name (``docs/servers.rst``)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from lanrage.core.play_ports import LAST_PORT
from lanrage.core.server_filter import Listed, found
from lanrage.errors import BadInput

HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
"""An IPv4 address or a host's name (:rfc:`1123`, section 2.1); neither begins with a dash, so no program takes it for
an option."""
NEAR_SHOWN = 5
"""Servers that an error names."""


def parse_place(text: str, field: str) -> tuple[str, int]:
    """Read ``ADDRESS:PORT``.

    :raises BadInput: names `field` and the rule.
    """
    host, _, port = text.rpartition(":")
    number = int(port) if port.isascii() and port.isdigit() and len(port) <= len(str(LAST_PORT)) else 0
    if not HOST.fullmatch(host) or not 1 <= number <= LAST_PORT:
        raise BadInput(field, f"{text[:80]!r} is not ADDRESS:PORT with an IPv4 address, a host's or a member's name")
    return host, number


def find_server(servers: Iterable[Listed], text: str) -> Listed:
    """The server at ``ADDRESS:PORT``; else the one that the user calls so; else that of the member of this name; else
    the one that calls itself so; else the one whose description holds these words. What a server says of itself takes
    the place of nothing that the user or the party named.

    :raises BadInput: field ``server``: there is none, or more than one of equal right.
    """
    known, wanted = list(servers), text.casefold()
    tiers: tuple[Callable[[Listed], bool], ...] = (
        lambda each: wanted in _places(each),
        lambda each: each.alias.casefold() == wanted,
        lambda each: each.member.casefold() == wanted,
        lambda each: each.name.casefold() == wanted,
        lambda each: found(text, f"{each.name} {each.game} {each.member}".casefold()),
    )
    fitting = next(filter(None, ([each for each in known if tier(each)] for tier in tiers)), [])
    if not fitting:
        raise BadInput("server", f"{text!r} is no server that is there; lanrage servers list shows all")
    if len(fitting) > 1:
        near = ", ".join(f"{each.server.origin.address}:{each.server.port}" for each in fitting[:NEAR_SHOWN])
        raise BadInput("server", f"{text!r} fits {len(fitting)} servers; name one of {near}")
    return fitting[0]


def _places(listed: Listed) -> set[str]:
    port = listed.server.port
    return {f"{listed.server.origin.address}:{port}".casefold(), f"{listed.member}:{port}".casefold()}
