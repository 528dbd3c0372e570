"""The nftables rules that mark games' traffic (nft(8), RFC 2474); they count nothing and refuse nothing.

WireGuard seals the packets of the tunnel and copies of their class only the ECN bits, so a mark on them ends there. The
packets in which they are sealed are marked by their own rule, by WireGuard's port. What bears a mark already keeps it:
a game that chose its class, and WireGuard's own handshakes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from lanrage.core.game_profile import TrafficClass
from lanrage.core.game_tuning import Marked
from lanrage.core.links import check_device_name
from lanrage.core.play_ports import Span

OUTSIDE = -320
"""Priority in ``output``: before birthday probing's table (-310) gives some packets another source port."""
INSIDE = -150
"""Priority in ``postrouting``: that of mangling, before rules that choose a source port."""
INTERACTIVE = "0:6"
"""TC_PRIO_INTERACTIVE (<linux/pkt_sched.h>): the first band of pfifo_fast, of prio and of fq."""
BULK = "0:2"
"""TC_PRIO_BULK: the last band of these."""


def table_name(device: str) -> str:
    """The table that belongs to a tunnel device, whose name is unique on the machine."""
    return "lanrage-games-" + re.sub(r"[^A-Za-z0-9_.-]", "_", device)


def ruleset(
    devices: tuple[str, str],
    port: int,
    marks: Iterable[Marked],
    outer: TrafficClass | None,
    tc_class: tuple[int, int] | None = None,
) -> str:
    """The whole table in one transaction, in place of the one before. The kernel removes it when its maker ends.

    :param devices: tunnel and LAN card.
    :param port: WireGuard's own.
    :param outer: of the packets in which the tunnel's are sealed; ``None`` leaves them as they are.
    :param tc_class: the class (major, minor) of a card's queue for urgent packets; ``None`` takes the first band.
    :raises BadInput: for what is no device's name.
    """
    table = f"inet {table_name(devices[0])}"
    out_by = "oifname {{ {} }}".format(", ".join(f'"{check_device_name(each)}"' for each in devices))
    head = f"""add table {table} {{ flags owner; }}
delete table {table}
add table {table} {{ flags owner; }}
"""
    rules: list[str] = []
    for marked in marks:
        ports = ", ".join(map(_element, marked.ports))
        for side in ("sport", "dport"):
            for family in ("ip", "ip6"):
                rules.append(
                    f"inside {out_by} meta l4proto . th {side} {{ {ports} }} {_mark(family, marked.traffic, None)}"
                )
    if outer is not None:
        rules += [f"outside udp sport {port} {_mark(family, outer, tc_class)}" for family in ("ip", "ip6")]
    chains = (("inside", "postrouting", INSIDE), ("outside", "output", OUTSIDE))
    made = [
        f"add chain {table} {name} {{ type filter hook {hook} priority {priority}; }}\n"
        for name, hook, priority in chains
        if any(rule.startswith(name) for rule in rules)
    ]
    return head + "".join(made) + "".join(f"add rule {table} {rule}\n" for rule in rules)


def _mark(family: str, traffic: TrafficClass, tc_class: tuple[int, int] | None) -> str:
    """Of packets that bear no mark: the queue's class or band, then the mark."""
    if traffic is TrafficClass.REALTIME:
        band = f"{tc_class[0]:x}:{tc_class[1]:x}" if tc_class is not None else INTERACTIVE
    else:
        band = BULK
    return f"{family} dscp 0 meta priority set {band} {family} dscp set {traffic.value}"


def _element(span: Span) -> str:
    ports = str(span.first) if span.first == span.last else f"{span.first}-{span.last}"
    return f"{span.proto} . {ports}"
