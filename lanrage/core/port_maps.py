"""What is asked of a router and what it answers, whatever it speaks (PCP, NAT-PMP, UPnP IGD)."""

from __future__ import annotations

import enum

import attrs


class Method(enum.StrEnum):
    """How routers are asked, the newest first."""

    PCP = "pcp"
    """Port Control Protocol, RFC 6887."""
    NAT_PMP = "nat-pmp"
    """NAT Port Mapping Protocol, RFC 6886."""
    UPNP = "upnp"
    """UPnP Internet Gateway Device, WANIPConnection."""


class Transport(enum.StrEnum):
    """Of the port."""

    UDP = "udp"
    TCP = "tcp"


PROTOCOL_NUMBERS = {Transport.UDP: 17, Transport.TCP: 6}
"""IANA's protocol numbers."""


@attrs.frozen(order=True)
class Wanted:
    """A port of this machine that shall be reached from outside.

    :param port: of this machine.
    :param suggested: the port outside that would be best; 0 = any.
    """

    transport: Transport
    port: int
    suggested: int = 0


@attrs.frozen
class Granted:
    """What a router granted.

    :param address: the router's address outside, in its text form; empty where the router did not tell.
    :param port: outside.
    :param lifetime: seconds; 0 = without an end.
    """

    method: Method
    wanted: Wanted
    address: str
    port: int
    lifetime: int
