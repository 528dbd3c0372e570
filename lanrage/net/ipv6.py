"""IPv6 on our own devices, and what this machine has of it (docs/links.rst). All calls block; run them in a thread."""

from __future__ import annotations

import contextlib
import socket
from ipaddress import IPv6Address, IPv6Interface
from pathlib import Path
from typing import Any

from pyroute2 import IPRoute
from pyroute2.netlink.exceptions import NetlinkError

from lanrage.net.devices import refusals_named
from lanrage.net.sysctl import ROOT, set_device

IFA_F_NODAD = 0x02
"""<linux/if_addr.h>: the address is used at once; nobody on the card could answer for it anyway."""

LOCAL_TABLE = 255
KERNELS, BEHIND = 256, 1024
"""Metric of the routes that the kernel makes (<linux/ipv6_route.h>), and of ours."""

SETTINGS = {
    "addr_gen_mode": "1",  # no link-local address, and so none of its chatter
    "accept_ra": "0",
    "accept_redirects": "0",
    "disable_ipv6": "0",
}
"""Of our own devices, in this order (Linux Documentation/networking/ip-sysctl)."""


def has_ipv6(root: Path = ROOT) -> bool:
    """Whether the kernel has IPv6, and nobody switched it off for the machine."""
    try:
        return int((root / "ipv6/conf/all/disable_ipv6").read_text()) == 0
    except (OSError, ValueError):
        return False


def enable_ipv6(device: str) -> None:
    """Let one of our devices carry IPv6, without addresses and multicast of the kernel's own making.

    :raises MissingRight: when its settings may not be written.
    """
    for key, value in SETTINGS.items():
        set_device("ipv6", device, key, value)
    with refusals_named("leading IPv6 multicast"), IPRoute() as route:
        _remove_multicast(route, socket.if_nametoindex(device))


def add_address(device: str, address: IPv6Interface) -> None:
    """Let one of our devices, which is up, carry IPv6 and its multicast, and give it an address.

    :raises LanrageError: when the kernel refuses it.
    """
    enable_ipv6(device)
    with refusals_named("giving the LAN card its IPv6 address"), IPRoute() as route:
        index = socket.if_nametoindex(device)
        route.addr(
            "add",
            index=index,
            family=socket.AF_INET6,
            address=str(address.ip),
            prefixlen=address.network.prefixlen,
            flags=IFA_F_NODAD,
        )
        _remove_multicast(route, index)  # it came back with the address
        route.route("add", priority=BEHIND, **_multicast(index))


def _remove_multicast(route: IPRoute, index: int) -> None:
    """Take away the kernel's route of multicast by our device.

    Multicast of programs that name no device goes by the first of equal routes. That is the real card's, but only until
    it is down for a moment; then ours would draw the real LAN's multicast.
    """
    with contextlib.suppress(NetlinkError):  # a device that is down has none
        route.route("del", priority=KERNELS, **_multicast(index))


def _multicast(index: int) -> dict[str, Any]:
    return {"family": socket.AF_INET6, "dst": "ff00::/8", "oif": index, "table": LOCAL_TABLE, "type": "multicast"}


def own_addresses6() -> frozenset[IPv6Address]:
    """All IPv6 addresses of this machine, link-local ones too."""
    with IPRoute() as route:
        entries = list(route.get_addr(family=socket.AF_INET6))
    return frozenset(IPv6Address(entry.get_attr("IFA_LOCAL") or entry.get_attr("IFA_ADDRESS")) for entry in entries)
