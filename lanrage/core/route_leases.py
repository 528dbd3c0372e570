"""Routes by which unbound broadcasts and multicasts leave where no other leads (``docs/protocol-lan.rst``)."""

from __future__ import annotations

from collections.abc import Collection
from enum import Enum
from ipaddress import IPv4Network

LEASABLE = (IPv4Network("255.255.255.255/32"), IPv4Network("224.0.0.0/4"))
"""Where a game sends that names no card: without a route it gets ENETUNREACH."""


class RouteLeases(Enum):
    """When routes to the LAN card are leased: setting ``lan.routes``."""

    AUTO = "auto"  # where no route of this machine leads there: it has no default route
    ALWAYS = "always"  # also beside a default route: what names no card goes to the party, and not to the real LAN
    OFF = "off"


def leases(mode: RouteLeases, foreign: Collection[IPv4Network]) -> frozenset[IPv4Network]:
    """The routes that are to lead to the LAN card.

    :param foreign: where this machine's other routes lead, the default route as ``0.0.0.0/0``. None of them is
        replaced.
    """
    if mode is RouteLeases.OFF:
        return frozenset()
    if mode is RouteLeases.ALWAYS:
        return frozenset(LEASABLE) - frozenset(foreign)
    return frozenset(each for each in LEASABLE if not any(each.subnet_of(other) for other in foreign))
