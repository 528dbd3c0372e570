"""Sharper cuts than the weather makes: a relay's ports alone, and a router's memory of who talks to whom."""

from __future__ import annotations

from pyroute2 import NFCTSocket

from lanrage.lab import netns, roles
from lanrage.lab.plan import Plan, Router

REBIND_FIRST, REBIND_COUNT = 30_000, 1_000
"""A router that rebinds maps to ports of this range, out of reach of WireGuard's own."""


def relay_ruleset(cut: bool) -> str:
    """A table of the WAN that drops what goes to and from a relay's ports; control and reflectors stay."""
    lines = ["table ip cut { }", "delete table ip cut"]
    if cut:
        lines += ["table ip cut {", " chain forward { type filter hook forward priority -5; policy accept;"]
        for address, ports in roles.RELAYS.values():
            lines.append(f"  ip daddr {address} udp dport {ports} drop; ip saddr {address} udp sport {ports} drop;")
        lines += [" }", "}"]
    return "\n".join([*lines, ""])


def cut_relays(plan: Plan, cut: bool) -> None:
    """Drop all relayed traffic, or no longer."""
    netns.nft(plan.wan, relay_ruleset(cut))


def rebind(router: Router, number: int = 0) -> None:
    """Let a router forget all mappings, and map to other ports from now on, as one does that restarts.

    :param number: each gives other ports.
    """
    first = REBIND_FIRST + number * REBIND_COUNT
    rule = f"oifname wan meta l4proto udp masquerade to :{first}-{first + REBIND_COUNT - 1}"
    netns.nft(router.netns, f"insert rule ip lab post {rule}\n")
    with netns.entered(router.netns), NFCTSocket() as conntrack:
        conntrack.flush()
