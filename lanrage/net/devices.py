"""Our network devices by rtnetlink: found, marked as ours, brought up, removed. All calls block; run them in a thread.

pyroute2's sockets are opened, used and closed inside one call (docs/links.rst).
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
from collections.abc import Iterator

import attrs
from pyroute2 import IPRoute
from pyroute2.netlink.exceptions import NetlinkError

from lanrage.core.links import OWNER_MARK, TUNNEL_MTU
from lanrage.core.rights import LOADS_TUN, OPENS_TUN, STARTS_NODE
from lanrage.errors import BadInput, LanrageError, MissingRight, Unreachable
from lanrage.net.sysctl import set_device

NET_ADMIN_HINT = (
    f"let the system's node have it, `sudo {' '.join(STARTS_NODE)}`; `lanrage rights show` names the other ways"
)
"""How a user grants what LANrage needs (docs/rights.rst)."""

NO_TUN = f"there is no /dev/net/tun: load its module ({' '.join(LOADS_TUN)}), or give the container the device"
"""How a user gets TUN and TAP devices."""

TUN_DENIED = f"This user may not open /dev/net/tun: {' '.join(OPENS_TUN)}, as udev does by default"
"""Likewise, where the device's mode is what is missing."""

OUR_KINDS = ("wireguard", "tun", "veth")
"""Of the devices that a journal may name."""

REFUSED = (errno.EPERM, errno.EACCES)
GONE = (errno.ENODEV, errno.ENXIO)


def port_taken(port: int) -> BadInput:
    """WireGuard's port belongs to another program."""
    return BadInput("wireguard-port", f"UDP port {port} is in use by another program; set another one, or 0 for any")


@attrs.frozen
class Device:
    """A network device of this machine.

    :param index: the kernel's number of it.
    :param alias: its mark of ownership, empty where it has none.
    :param kind: the kernel's word for its kind, for example ``wireguard`` or ``tun``; empty for a real card.
    """

    name: str
    index: int
    alias: str
    kind: str

    @property
    def ours(self) -> bool:
        """Whether we made it."""
        return self.alias == OWNER_MARK


@contextlib.contextmanager
def refusals_named(what: str) -> Iterator[None]:
    """Translate the kernel's refusals into sentences.

    :param what: the refused action, as in "making a network device".
    :raises MissingRight: for EPERM and EACCES; tells how to grant the right.
    :raises Unreachable: for ENODEV: somebody removed the device.
    :raises LanrageError: for every other refusal.
    """
    try:
        yield
    except (NetlinkError, OSError) as error:
        code = error.code if isinstance(error, NetlinkError) else error.errno or 0
        if code in REFUSED:
            raise net_admin_missing(what) from error
        kind = Unreachable if code in GONE else LanrageError
        raise kind(f"{what} failed: {os.strerror(code)}") from error


def net_admin_missing(what: str) -> MissingRight:
    """The error that says what needs CAP_NET_ADMIN and how to grant it."""
    return MissingRight(f"{what} needs CAP_NET_ADMIN: {NET_ADMIN_HINT}")


def find_device(route: IPRoute, name: str) -> Device | None:
    """The device of this name in our network namespace, if there is one."""
    try:
        index = socket.if_nametoindex(name)
        link = route.get_links(index)[0]
    except (OSError, NetlinkError, IndexError):
        return None
    kind = link.get_nested("IFLA_LINKINFO", "IFLA_INFO_KIND")
    return Device(name, index, link.get_attr("IFLA_IFALIAS") or "", kind or "")


def remove_leftover(route: IPRoute, name: str, field: str) -> None:
    """Make room for a device of ours.

    :param field: the setting that names the device, for the error.
    :raises BadInput: when somebody else's device has the name.
    """
    device = find_device(route, name)
    if device is None:
        return
    if not device.ours:
        raise BadInput(field, f"the device {name} exists and is not LANrage's; remove it or set another name")
    _delete(route, device.index)


def remove_device(name: str, marked: bool = True) -> None:
    """Remove a device of ours; one that is gone, or that is not ours, is left alone.

    :param marked: false also takes one of a kind that we make without any mark, as a crash between making and marking
        leaves it.
    """
    with refusals_named(f"removing the device {name}"), IPRoute() as route:
        device = find_device(route, name)
        if device is None:
            return
        half_made = not marked and not device.alias and device.kind in OUR_KINDS
        if device.ours or half_made:
            _delete(route, device.index)


def _delete(route: IPRoute, index: int) -> None:
    try:
        route.link("del", index=index)
    except NetlinkError as error:
        if error.code != errno.ENODEV:
            raise


def raise_device(route: IPRoute, name: str, mtu: int) -> None:
    """Mark a tunnel that we made, set its MTU in bytes and bring it up; IPv6's own chatter stays out of it."""
    index = socket.if_nametoindex(name)
    set_device("ipv6", name, "disable_ipv6", "1")
    route.link("set", index=index, ifalias=OWNER_MARK, mtu=mtu)
    route.link("set", index=index, state="up")


WIREGUARD_BYTES = 80
"""What WireGuard adds to a packet over IPv6: 40 of IP, 8 of UDP, 32 of its own."""


def set_tunnel_mtu(name: str, mtu: int) -> int:
    """Change the MTU of a tunnel that we made, in bytes, as far as the cards towards the internet carry it.

    :return: what it is now.
    :raises BadInput: field ``mtu``: less than IPv6 needs (RFC 8200, section 5).
    :raises Unreachable: the device is gone, or is not ours.
    """
    if mtu < TUNNEL_MTU:
        raise BadInput("mtu", f"an MTU of {mtu} is less than the {TUNNEL_MTU} bytes that IPv6 needs")
    with refusals_named(f"changing the MTU of {name}"), IPRoute() as route:
        device = find_device(route, name)
        if device is None or not device.ours:
            raise Unreachable(f"the WireGuard device {name} is gone")
        mtu = max(TUNNEL_MTU, min(mtu, _carried(route, mtu)))
        route.link("set", index=device.index, mtu=mtu)
        return mtu


def _carried(route: IPRoute, otherwise: int) -> int:
    """The largest packet of a tunnel that every card with a default route carries whole."""
    routes = [each for family in (socket.AF_INET, socket.AF_INET6) for each in route.get_default_routes(family)]
    cards = {index for each in routes if (index := each.get_attr("RTA_OIF")) is not None}
    mtus = [route.get_links(index)[0].get_attr("IFLA_MTU") for index in cards]
    return min(mtus, default=otherwise + WIREGUARD_BYTES) - WIREGUARD_BYTES
