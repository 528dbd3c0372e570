"""The nftables table of a room as text: which packets belong to the game in it (``docs/run.rst``, nft(8)).

The party address is this machine's and the room's at once. A packet that leaves the room is copied into the tunnel,
one that comes by the tunnel is copied into the room unless a socket of this machine is for it; the original ends here.
A copy goes out as if this machine had sent it (``nft_dup``): so nothing is forwarded, tracked, or judged by the reverse
path, and no setting of the machine changes.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address

from lanrage.core.room import TRANSIT, RoomPlan

PRIORITY = "raw - 10"
"""Before connection tracking: what ends here must not leave a flow behind."""


def table_name(device: str) -> str:
    """The table of the room whose card ends in this device, a name that is unique on the machine."""
    return "lanrage_room_" + "".join(char if char.isalnum() else "_" for char in device)


def ruleset(plan: RoomPlan, device: str, tunnel: str, owned_ports: Iterable[int], opened: str = "") -> str:
    """Commands that make the table, which must not exist yet; the flag ``owner`` binds it to this process.

    :param device: the end of the room's card on this machine.
    :param owned_ports: UDP ports that are the node's alone, so that what comes from them is the node's word.
    :param opened: the card that forwards for the sake of the room alone; empty for none.
    """
    here, me = table_name(device), plan.address.ip
    ports = ", ".join(map(str, sorted(owned_ports)))
    way_in = f'dup to {TRANSIT} device "{device}"'
    rules = [
        f"add table ip {here} {{ flags owner; }}",
        f"add chain ip {here} leaving",
        f"add chain ip {here} coming",
        f"add chain ip {here} enter {{ type filter hook prerouting priority {PRIORITY}; policy accept; }}",
        f'add rule ip {here} enter iifname "{device}" goto leaving',
        f'add rule ip {here} enter iifname "{tunnel}" ip daddr {me} goto coming',
        f"add rule ip {here} enter ip daddr {TRANSIT} drop",
        f"add rule ip {here} leaving ip saddr != {me} drop",
        f"add rule ip {here} leaving udp sport {{ {ports} }} drop",
        f"add rule ip {here} leaving ip daddr {{ {plan.address.network.broadcast_address}, 224.0.0.0/3 }} drop",
        f'add rule ip {here} leaving ip daddr {plan.address.network} dup to ip daddr device "{tunnel}" drop',
        *(_internet(here, device, me, opened) if plan.internet else ()),
        f"add rule ip {here} leaving drop",
        # Later fragments have no ports: they go both ways, and whoever lacks the first one forgets them.
        f"add rule ip {here} coming ip frag-off & 0x1fff != 0 {way_in} accept",
        f"add rule ip {here} coming icmp type echo-request accept",
        f"add rule ip {here} coming icmp type echo-reply {way_in} accept",
        f"add rule ip {here} coming socket transparent {{ 0, 1 }} accept",
        f"add rule ip {here} coming {way_in} drop",
    ]
    return "\n".join(rules) + "\n"


def _internet(here: str, device: str, me: IPv4Address, opened: str) -> list[str]:
    """What is for elsewhere goes on as the transit address's, by this machine's routes, masked as its own."""
    guard = [f'add rule ip {here} enter iifname "{opened}" fib daddr type unicast drop'] if opened else []
    return [
        *guard,
        f"add chain ip {here} mask {{ type nat hook postrouting priority srcnat; policy accept; }}",
        f"add chain ip {here} back {{ type filter hook postrouting priority 300; policy accept; }}",
        f'add rule ip {here} mask ip saddr {TRANSIT} oifname != "{device}" masquerade',
        f'add rule ip {here} back oifname "{device}" ip daddr {TRANSIT} ip daddr set {me}',
        f"add rule ip {here} leaving ip daddr != {{ 169.254.0.0/16, 127.0.0.0/8 }} ip saddr set {TRANSIT} accept",
    ]
