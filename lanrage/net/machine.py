"""This machine's addresses and routes, by rtnetlink in threads (docs/links.rst)."""

from __future__ import annotations

import errno
import socket
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Interface, IPv6Network
from typing import Any

from pyroute2 import IPRoute
from pyroute2.netlink.exceptions import NetlinkError
from twisted.internet.interfaces import IReactorThreads
from zope.interface import implementer

from lanrage.core.links import OWNER_MARK, Endpoint, LocalAddress
from lanrage.core.mapping import Gateway
from lanrage.errors import LanrageError, Refused, Unreachable
from lanrage.interfaces import IMachine
from lanrage.net.devices import refusals_named
from lanrage.net.ipv6 import enable_ipv6, has_ipv6
from lanrage.net.raw_sockets import source_for
from lanrage.net.threads import in_thread

IFF_UP, IFF_BROADCAST, IFF_LOOPBACK, IFF_LOWER_UP = 0x1, 0x2, 0x8, 0x10000
"""<linux/if.h>"""

UNIVERSE = 0
"""Scope of an address that is not only good on its own link (rtnetlink(7))."""
UNUSABLE = 0x08 | 0x20 | 0x40
"""IFA_F_DADFAILED, IFA_F_DEPRECATED, IFA_F_TENTATIVE (<linux/if_addr.h>)."""

MAIN_TABLE, LOCAL_TABLE = 254, 255
ROUTED = (1, 6, 7, 8)
"""Route types whose network a party must stay clear of: unicast, blackhole, unreachable, prohibit (rtnetlink(7))."""

NARROW_PREFIX, NARROW_PREFIX6 = 8, 9
"""A route wider than any private network (0.0.0.0/1 of a VPN), or as wide as all of them (fd00::/8), stands for
the default route, not for a network."""

Address = IPv4Address | IPv6Address


@implementer(IMachine)
class Machine:
    """The machine in whose network namespace this process runs."""

    def __init__(self, reactor: IReactorThreads) -> None:
        self._reactor = reactor

    async def local_addresses(self) -> list[LocalAddress]:
        """See :meth:`lanrage.interfaces.IMachine.local_addresses`."""
        return await in_thread(self._reactor, _local_addresses)

    async def ipv6_addresses(self) -> list[IPv6Interface]:
        """See :meth:`lanrage.interfaces.IMachine.ipv6_addresses`."""
        return await in_thread(self._reactor, _ipv6_addresses)

    async def networks(self) -> list[IPv4Network]:
        """See :meth:`lanrage.interfaces.IMachine.networks`."""
        return await in_thread(self._reactor, _networks)

    async def networks6(self) -> list[IPv6Network] | None:
        """See :meth:`lanrage.interfaces.IMachine.networks6`."""
        return await in_thread(self._reactor, _networks6)

    async def enable_ipv6(self, device: str) -> None:
        """See :meth:`lanrage.interfaces.IMachine.enable_ipv6`."""
        await in_thread(self._reactor, enable_ipv6, device)

    async def has_default_route(self) -> bool:
        """See :meth:`lanrage.interfaces.IMachine.has_default_route`."""
        return await in_thread(self._reactor, _has_default_route)

    async def default_gateway(self) -> Gateway | None:
        """See :meth:`lanrage.interfaces.IMachine.default_gateway`."""
        return await in_thread(self._reactor, _default_gateway)

    async def add_member_route(self, member: Address, device: str, source: Address) -> None:
        """See :meth:`lanrage.interfaces.IMachine.add_member_route`."""
        await in_thread(self._reactor, _add_member_route, member, device, source)

    async def remove_member_route(self, member: Address, device: str) -> None:
        """See :meth:`lanrage.interfaces.IMachine.remove_member_route`."""
        await in_thread(self._reactor, _remove_member_route, member, device)


def _links(route: IPRoute) -> dict[int, Any]:
    return {link["index"]: link for link in route.get_links()}


def _ours(link: Any) -> bool:
    return link is not None and link.get_attr("IFLA_IFALIAS") == OWNER_MARK


def _local_addresses() -> list[LocalAddress]:
    with IPRoute() as route:
        links = _links(route)
        entries = list(route.get_addr(family=socket.AF_INET))
    found = []
    for entry in entries:
        link = links.get(entry["index"])
        if link is None or _ours(link) or link["flags"] & IFF_LOOPBACK or not link["flags"] & IFF_UP:
            continue
        # Of a point-to-point device IFA_ADDRESS is the far end.
        address = IPv4Address(entry.get_attr("IFA_LOCAL") or entry.get_attr("IFA_ADDRESS"))
        network = IPv4Network(f"{entry.get_attr('IFA_ADDRESS')}/{entry['prefixlen']}", strict=False)
        broadcast = bool(link["flags"] & IFF_BROADCAST)
        carrier = bool(link["flags"] & IFF_LOWER_UP)
        found.append(LocalAddress(link.get_attr("IFLA_IFNAME"), entry["index"], address, network, broadcast, carrier))
    return found


def _ipv6_addresses() -> list[IPv6Interface]:
    with IPRoute() as route:
        links = _links(route)
        entries = list(route.get_addr(family=socket.AF_INET6))
    found = []
    for entry in entries:
        link = links.get(entry["index"])
        flags = entry.get_attr("IFA_FLAGS") or entry["flags"]
        if link is None or _ours(link) or link["flags"] & IFF_LOOPBACK or not link["flags"] & IFF_UP:
            continue
        if entry["scope"] == UNIVERSE and not flags & UNUSABLE:
            address = entry.get_attr("IFA_LOCAL") or entry.get_attr("IFA_ADDRESS")
            found.append(IPv6Interface(f"{address}/{entry['prefixlen']}"))
    return sorted(found)


def foreign_routes(route: IPRoute, family: int = socket.AF_INET) -> list[Any]:
    """Routes of all tables but the kernel's own, those on our devices left out."""
    ours = {index for index, link in _links(route).items() if _ours(link)}
    entries = route.get_routes(family=family)
    return [
        entry
        for entry in entries
        if _table(entry) != LOCAL_TABLE and entry["type"] in ROUTED and entry.get_attr("RTA_OIF") not in ours
    ]


def _table(entry: Any) -> int:
    table: int = entry.get_attr("RTA_TABLE") or entry["table"]
    return table


def _networks() -> list[IPv4Network]:
    with IPRoute() as route:
        entries = foreign_routes(route)
    networks = {
        IPv4Network((entry.get_attr("RTA_DST"), entry["dst_len"]), strict=False)
        for entry in entries
        if entry["dst_len"] >= NARROW_PREFIX
    }
    return sorted(networks)


def _networks6() -> list[IPv6Network] | None:
    if not has_ipv6():
        return None
    with IPRoute() as route:
        entries = foreign_routes(route, socket.AF_INET6)
    narrow = [entry for entry in entries if entry["dst_len"] >= NARROW_PREFIX6]
    return sorted({IPv6Network((entry.get_attr("RTA_DST"), entry["dst_len"]), strict=False) for entry in narrow})


def _has_default_route() -> bool:
    with IPRoute() as route:
        return any(entry["dst_len"] == 0 and entry["type"] == 1 for entry in foreign_routes(route))


def _default_gateway() -> Gateway | None:
    with IPRoute() as route:
        found = [entry for entry in foreign_routes(route) if entry["dst_len"] == 0 and entry["type"] == 1]
        found = [entry for entry in found if _table(entry) == MAIN_TABLE and entry.get_attr("RTA_GATEWAY")]
        if not found:
            return None
        best = min(found, key=lambda entry: entry.get_attr("RTA_PRIORITY") or 0)
        links = _links(route)
    address = IPv4Address(best.get_attr("RTA_GATEWAY"))
    link = links.get(best.get_attr("RTA_OIF"))
    try:
        source = source_for(Endpoint(str(address), 9))
    except OSError:
        return None
    return Gateway(address, link.get_attr("IFLA_IFNAME") if link is not None else "", IPv4Address(source))


def _add_member_route(member: Address, device: str, source: Address) -> None:
    with refusals_named("adding a route"), IPRoute() as route:
        index = _index(device)
        for entry in foreign_routes(route, _family(member)):
            here = (entry["dst_len"], entry.get_attr("RTA_DST"), _table(entry))
            if here == (member.max_prefixlen, str(member), MAIN_TABLE):
                raise Refused("subnet_clash", f"this machine has a route to {member} already, which is not LANrage's")
        try:
            route.route("replace", oif=index, prefsrc=str(source), **_destination(member))
        except NetlinkError as error:
            if error.code == errno.EINVAL:
                raise LanrageError(f"no device of this machine has the address {source} of its own route") from error
            raise


def _remove_member_route(member: Address, device: str) -> None:
    with refusals_named("removing a route"), IPRoute() as route:
        try:
            route.route("del", oif=_index(device), **_destination(member))
        except Unreachable:
            return
        except NetlinkError as error:
            if error.code not in (errno.ESRCH, errno.ENODEV):
                raise


def _family(member: Address) -> int:
    return socket.AF_INET if isinstance(member, IPv4Address) else socket.AF_INET6


def _destination(member: Address) -> dict[str, Any]:
    """What both calls say of a member's route; IPv6 knows no scopes of routes."""
    named = {"family": _family(member), "dst": f"{member}/{member.max_prefixlen}"}
    return named | {"scope": "link"} if isinstance(member, IPv4Address) else named


def _index(device: str) -> int:
    try:
        return socket.if_nametoindex(device)
    except OSError as error:
        raise Unreachable(f"the device {device} is gone") from error
