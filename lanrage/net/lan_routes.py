"""Leases routes to the LAN card and takes them back, by rtnetlink. Blocks; run it in a thread.

They go with the card, so a crash leaves none.
"""

from __future__ import annotations

import errno
import socket
from ipaddress import IPv4Network
from typing import Any

from pyroute2 import IPRoute
from pyroute2.netlink.exceptions import NetlinkError

from lanrage.core.route_leases import LEASABLE, RouteLeases, leases
from lanrage.net.devices import refusals_named
from lanrage.net.machine import foreign_routes

METRIC = 4666
"""Of our routes: a route of somebody else to the same place, whose metric is customarily far less, comes before."""


def lease_routes(card: str, mode: RouteLeases) -> frozenset[IPv4Network]:
    """Make the card's leased routes what the other routes of this machine ask for.

    :return: the routes that are leased now.
    :raises MissingRight: without CAP_NET_ADMIN.
    :raises Unreachable: when the card is gone.
    """
    with refusals_named("leading broadcasts to the LAN card"), IPRoute() as route:
        index = socket.if_nametoindex(card)
        wanted = leases(mode, [_network(entry) for entry in foreign_routes(route)])
        there = _leased(route, index)
        for network in there - wanted:
            _change(route, "del", network, index)
        for network in wanted - there:
            _change(route, "add", network, index)
    return wanted


def _network(entry: Any) -> IPv4Network:
    return IPv4Network((entry.get_attr("RTA_DST") or "0.0.0.0", entry["dst_len"]), strict=False)


def _leased(route: IPRoute, index: int) -> set[IPv4Network]:
    entries = route.get_routes(family=socket.AF_INET, oif=index)
    ours = [each for each in entries if each.get_attr("RTA_PRIORITY") == METRIC]
    return {_network(each) for each in ours} & set(LEASABLE)


def _change(route: IPRoute, verb: str, network: IPv4Network, index: int) -> None:
    try:
        route.route(verb, dst=str(network), oif=index, scope="link", priority=METRIC)
    except NetlinkError as error:
        if error.code not in (errno.EEXIST, errno.ESRCH):  # somebody was faster
            raise
