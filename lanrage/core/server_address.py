"""How people name a server: its address, or words of its name (``docs/servers.rst``)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv4Network

from lanrage.core.play_ports import LAST_PORT
from lanrage.core.server_filter import Listed, found
from lanrage.errors import BadInput

UNSPECIFIED, RESERVED = IPv4Network("0.0.0.0/8"), IPv4Network("240.0.0.0/4")
HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
"""An IPv4 address or a host's name (:rfc:`1123`, section 2.1); neither begins with a dash, so no program takes it for
an option."""
DOTTED = re.compile(r"[0-9]+(?:\.[0-9]+)+")
"""Numbers that are meant as an address; the system would read some that are none as another one."""
NEAR_SHOWN = 5
"""Servers that an error names."""


def parse_place(text: str, field: str) -> tuple[str, int]:
    """Read ``ADDRESS:PORT``.

    :raises BadInput: names `field` and the rule.
    """
    host, _, port = text.rpartition(":")
    number = int(port) if port.isascii() and port.isdigit() and len(port) <= len(str(LAST_PORT)) else 0
    if DOTTED.fullmatch(host):
        refused = address_refused(host)
        if refused:
            raise BadInput(field, f"{host[:80]} {refused}")
    if not HOST.fullmatch(host) or not 1 <= number <= LAST_PORT:
        raise BadInput(field, f"{text[:80]!r} is not ADDRESS:PORT with an IPv4 address, a host's or a member's name")
    return host, number


def address_refused(address: str) -> str:
    """Why no server is at an address, in words; empty: one may be."""
    try:
        host = IPv4Address(address)
    except ValueError:
        return "is no IPv4 address"
    if host.is_multicast or host in RESERVED or host in UNSPECIFIED:
        return "is no address of one machine"
    return ""


def name_refused(name: str, address: str) -> bool:
    """Whether a host's name leads nowhere where a server may be: this machine's own addresses have a name of their own,
    and another one that leads there is a trap."""
    own = name.casefold().rstrip(".") == "localhost" or name.casefold().rstrip(".").endswith(".localhost")
    return bool(address_refused(address)) or (IPv4Address(address).is_loopback and not own)


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
