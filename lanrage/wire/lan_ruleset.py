"""The nftables rules beside the LAN plane (nft(8)): for sockets that a datagram to the party address does not reach.

The rules look at single packets and keep no state: addresses are exchanged before connection tracking of what comes and
after that of what leaves, so it sees one flow with the game's real address, and no flow of before is in the way.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from ipaddress import IPv4Address

BEFORE_TRACKING, AFTER_TRACKING = -310, 310
"""Priorities: connection tracking is at -200, rules that choose a source address end at 100."""

WHOLE = "coming ct state invalid"
"""Does nothing by itself: while a rule asks for connection tracking, the kernel joins the parts of a split datagram
before any rule sees it."""


def table_name(device: str) -> str:
    """The table that belongs to a tunnel device, whose name is unique on the machine."""
    return "lanrage-lan-" + re.sub(r"[^A-Za-z0-9_.-]", "_", device)


def ruleset(device: str, party: IPv4Address, bound: Collection[int], translated: Mapping[int, IPv4Address]) -> str:
    """The whole table in one transaction, in place of the one before. The kernel removes it when its maker ends.

    :param device: the tunnel's name.
    :param party: this member's party address.
    :param bound: ports of sockets that are bound to the LAN card: what comes for them by the tunnel goes to them, and
        so it meets no other socket and no refusal.
    :param translated: the real address to which a game bound its socket, by port.
    """
    table = f"ip {table_name(device)}"
    in_by, out_by = f'iifname "{device}" ip daddr {party} udp', f'oifname "{device}" ip saddr'
    rules = [WHOLE] if translated else []
    rules += [f"coming {in_by} dport {{ {', '.join(map(str, sorted(bound)))} }} drop"] if bound else []
    for port, real in sorted(translated.items()):
        rules.append(f"coming {in_by} dport {port} ip daddr set {real}")
        rules.append(f"leaving {out_by} {real} udp sport {port} ip saddr set {party}")
    head = f"""add table {table} {{ flags owner; }}
delete table {table}
add table {table} {{ flags owner; }}
add chain {table} coming {{ type filter hook prerouting priority {BEFORE_TRACKING}; }}
add chain {table} leaving {{ type filter hook postrouting priority {AFTER_TRACKING}; }}
"""
    return head + "".join(f"add rule {table} {rule}\n" for rule in rules)
