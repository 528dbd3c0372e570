"""Which IPv6 multicast groups games use: all but those by which routers, name services and the kernel talk."""

from __future__ import annotations

from ipaddress import IPv6Address

CARRIED_SCOPES = range(2, 15)
"""Link-local to global (RFC 4291, 2.7; RFC 7346). 0 and 15 are reserved, 1 never leaves a machine."""

NEVER = frozenset(
    {
        0x2,  # all routers
        0x4,  # DVMRP,
        0x5,  # OSPF,
        0x6,  # and its designated routers,
        0x9,  # RIP,
        0xA,  # EIGRP,
        0xC,  # SSDP and WS-Discovery: names gateways and printers
        0xD,  # PIM
        0x12,  # VRRP: takes a router's place
        0x16,  # MLDv2 routers
        0x1A,  # RPL
        0x6A,  # all snoopers
        0xFB,  # mDNS: lists a machine's services to near-strangers
        0x10002,  # DHCP servers and relays
        0x10003,  # DHCP servers (site), LLMNR (link): whoever answers first is the name
    }
)
"""Numbers of permanent groups that are not carried, in any scope (IANA, IPv6 Multicast Address Space Registry)."""

SOLICITED_NODE = 0x1_FF00_0000
"""ff02::1:ff00:0/104 (RFC 4291, 2.7.1): neighbour discovery."""

_GROUP_BITS = 112
_SOLICITED_BITS = 24


def is_game_group6(group: IPv6Address) -> bool:
    """Whether frames to this multicast group are carried without being asked for."""
    second = group.packed[1]
    if second & 15 not in CARRIED_SCOPES:
        return False
    number = int(group) & (1 << _GROUP_BITS) - 1
    permanent = not second >> 4
    return not (permanent and (number in NEVER or number >> _SOLICITED_BITS == SOLICITED_NODE >> _SOLICITED_BITS))
