"""IPv6 in a laboratory: a /64 of the documentation prefix for each ``six`` site, routed over the WAN (RFC 3849).

Routers are known to their neighbours by link-local addresses (RFC 4291, section 2.5.6), as at home, where they are
advertised. All addresses go without duplicate detection: a laboratory gives each out once, and nobody waits.
"""

from __future__ import annotations

from ipaddress import IPv6Address, IPv6Network

DOCUMENTATION = IPv6Network("2001:db8::/32")
"""For examples; nobody in the internet has it (RFC 3849)."""
FIRST_HOST = 0x10
"""The first host of site N is 2001:db8:N::10."""
UPSTREAM, DOWNSTREAM = "fe80::1", "fe80::2"
"""The two ends of a cable, and the router to its hosts."""


def prefix(index: int) -> IPv6Network:
    """The /64 of a site, ``2001:db8:N::`` with N in hexadecimal digits."""
    return IPv6Network((int(DOCUMENTATION.network_address) | index << 80, 64))


def host_address(index: int, place: int) -> IPv6Address:
    """The address of a host.

    :param index: of the site.
    :param place: the host's number in it, from 0.
    """
    return prefix(index)[FIRST_HOST + place]


def sysctls(routes: bool) -> dict[str, int]:
    """Kernel settings of a namespace with IPv6; of the default, too, which the kernel sets with ``all``.

    :param routes: it passes packets on.
    """
    return {"net.ipv6.conf.all.disable_ipv6": 0, "net.ipv6.conf.all.forwarding": int(routes)}


def wan_lines(index: int) -> list[str]:
    """``ip`` commands of the WAN router for the cable to a site's router."""
    port = f"r{index}"
    return [f"addr add {UPSTREAM}/64 dev {port} nodad", f"route add {prefix(index)} via {DOWNSTREAM} dev {port}"]


def router_lines(index: int) -> list[str]:
    """``ip`` commands of a site's router, whose cards ``wan`` and ``lan`` are there and up."""
    return [
        f"addr add {DOWNSTREAM}/64 dev wan nodad",
        f"route add ::/0 via {UPSTREAM} dev wan",
        f"addr add {UPSTREAM}/64 dev lan nodad",
        f"addr add {prefix(index)[1]}/64 dev lan nodad",
    ]


def host_lines(address: str) -> list[str]:
    """``ip`` commands of a host, whose card is up."""
    return [gain_line(address), f"route add ::/0 via {UPSTREAM} dev eth0"]


def gain_line(address: str) -> str:
    """The ``ip`` command by which a host gets its address."""
    return f"addr add {address}/64 dev eth0 nodad"


def lose_line(address: str) -> str:
    """The ``ip`` command by which it goes away."""
    return f"addr del {address}/64 dev eth0"


FIREWALL = """table ip6 lab {
 chain input { type filter hook input priority 0; policy drop;
  iifname lo accept; iifname lan accept; ct state established,related accept;
  icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept; }
 chain forward { type filter hook forward priority 0; policy drop;
  iifname lan accept; ct state established,related accept; }
}
"""
"""No translation: answers get in, and what nobody asked for does not (RFC 6092, section 3.2.2 for UDP)."""
