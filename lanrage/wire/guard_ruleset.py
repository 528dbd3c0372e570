"""The party firewall's nftables table as text (nft(8)); it says what :func:`lanrage.core.exposure.judge` says.

An accept here ends this table alone: another table's drop stays a drop. So a machine's own firewall is never weakened.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from lanrage.core.exposure import CARRIER_PORT, ICMP_TYPES, OWN_PORTS, Exposure, GuardRules
from lanrage.core.lan_limits import ARRIVALS_BURST, ARRIVALS_RATE
from lanrage.core.links import check_device_name
from lanrage.core.play_ports import PROTOS, Span

FAMILY = "inet"
REFUSED = "refused"
"""The counter of packets that did not come in."""
PASSES = "passes"
"""The set of pairs of devices (from, to) between which packets are forwarded. Parts of ours add to it."""
ASKING_SECONDS = 30
"""How long answers are awaited at a port that sent a search to all: a server browser's patience."""
ASKING_LIMIT = 1024
"""Ports that search at once; beyond them answers to new searches stay out until old ones end."""
GUESTS = "guests"
"""The set of guests' party addresses, which WireGuard's allowed networks prove."""
SENDERS = "senders"
"""The set of members that carry frames, with what each may still send."""
SENDERS_LIMIT, SENDERS_SECONDS = 256, 60
"""Members of a full party four times over, and seconds after which one that is silent is forgotten."""
_FLOOD = f"limit rate over {ARRIVALS_RATE:.0f}/second burst {ARRIVALS_BURST:.0f} packets"
"""A member's flood ends in the kernel, so that it does not fill the room in which the others' datagrams wait."""
_PORTS = "meta l4proto . th dport"


def table_name(device: str) -> str:
    """The table that guards a tunnel device, whose name is unique on the machine."""
    return "lanrage-guard-" + re.sub(r"[^A-Za-z0-9_.-]", "_", device)


def ruleset(tunnel: str, card: str, rules: GuardRules, passes: Iterable[tuple[str, str]] = ()) -> str:
    """Commands that put the table there, or in the place of what is there, at once.

    Devices are matched by name: they need not exist yet.

    :param passes: pairs of devices, see :data:`PASSES`.
    :raises BadInput: for what is no device's name.
    """
    table = table_name(tunnel)
    return f"""table {FAMILY} {table}
delete table {FAMILY} {table}
table {FAMILY} {table} {{
{_sets((tunnel, card), rules, passes)} chain {REFUSED} {{
  counter name {REFUSED} drop
 }}
 chain services {{
{_services(rules.exposure)}
 }}
 chain input {{
  type filter hook input priority filter - 5; policy accept;
  iifname != @ours accept
{_from_guests(tunnel, rules)}  udp dport {CARRIER_PORT} update @{SENDERS} {{ ip saddr {_FLOOD} }} goto {REFUSED}
  ct state established,related accept
  udp dport {{ {", ".join(map(str, OWN_PORTS))} }} accept
{_icmp()}
  goto services
 }}
 chain forward {{
  type filter hook forward priority filter - 5; policy accept;
{_strangers_to_guests(tunnel, rules)}  iifname != @ours accept
{_between_guests_and_members(tunnel, rules)}  ct state established,related accept
  iifname . oifname @{PASSES} ct status dnat accept
{_containers(rules)}  goto {REFUSED}
 }}
{_searches(rules.exposure)}{_no_redirects(tunnel, rules)}}}
"""


def let_pass(tunnel: str, verb: str, one: str, other: str) -> str:
    """Commands that add or delete a pair of :data:`PASSES`; it is there, or gone, already without an error.

    :param verb: ``add`` or ``delete``.
    """
    pair = f'"{check_device_name(one)}" . "{check_device_name(other)}"'
    element = f"element {FAMILY} {table_name(tunnel)} {PASSES} {{ {pair} }}\n"
    return f"add {element}" + (f"delete {element}" if verb == "delete" else "")


def drop(table: str) -> str:
    """Commands that remove the table, whether it is there or not."""
    return f"add table {FAMILY} {table}\ndelete table {FAMILY} {table}\n"


def _sets(devices: Iterable[str], rules: GuardRules, passes: Iterable[tuple[str, str]]) -> str:
    names = ", ".join(f'"{check_device_name(each)}"' for each in devices)
    pairs = [f'"{check_device_name(one)}" . "{check_device_name(other)}"' for one, other in sorted(set(passes))]
    return f""" counter {REFUSED} {{ }}
 set ours {{ type ifname; elements = {{ {names} }}; }}
{_ports("wanted", rules.wanted)}
{_ports("kept", rules.kept)}
{_ports("play", rules.play)}
 set {GUESTS} {{ type ipv4_addr; {_elements(list(map(str, sorted(rules.guests))))}}}
 set {PASSES} {{ type ifname . ifname; {_elements(pairs)}}}
 set {SENDERS} {{ type ipv4_addr; size {SENDERS_LIMIT}; flags dynamic,timeout; timeout {SENDERS_SECONDS}s; }}
 set asking {{ type inet_service; size {ASKING_LIMIT}; flags dynamic,timeout; timeout {ASKING_SECONDS}s; }}
"""


def _ports(name: str, spans: Iterable[Span]) -> str:
    each = [f"{span.proto} . {_range(span)}" for span in spans]
    return f" set {name} {{ type inet_proto . inet_service; flags interval; {_elements(each)}}}"


def _elements(each: list[str]) -> str:
    return f"elements = {{ {', '.join(each)} }}; " if each else ""


def _services(exposure: Exposure) -> str:
    if exposure is Exposure.ALL:
        return "  accept"
    rules = [f"{_PORTS} @wanted accept", "meta l4proto != { tcp, udp } goto refused", f"{_PORTS} @kept goto refused"]
    if exposure is Exposure.GUARDED:
        rules.append("accept")
    else:
        rules += [f"{_PORTS} @play accept", "udp dport @asking accept", f"goto {REFUSED}"]
    return "\n".join(f"  {rule}" for rule in rules)


def _icmp() -> str:
    return "\n".join(f"  {name} type {{ {', '.join(map(str, types))} }} accept" for name, types in ICMP_TYPES.items())


def _from_guests(tunnel: str, rules: GuardRules) -> str:
    """Guests are judged as members are, but at the party address alone, and LANrage's own ports are not for them.

    What they send to all the LAN plane brings in by the card, judged as a member's.
    """
    if not rules.guests or rules.home is None:
        return ""
    guest = f'  iifname "{tunnel}" ip saddr @{GUESTS}'
    return f"""{guest} fib daddr type {{ broadcast, multicast }} drop
{guest} ip daddr != {rules.home} goto {REFUSED}
{guest} udp dport {{ {", ".join(map(str, OWN_PORTS))} }} goto {REFUSED}
"""


def _strangers_to_guests(tunnel: str, rules: GuardRules) -> str:
    """What is behind this machine's other devices reaches no guest, although the machine may be a router."""
    if not rules.guests:
        return ""
    return f'  iifname != "{tunnel}" oifname "{tunnel}" ip daddr @{GUESTS} goto {REFUSED}\n'


def _between_guests_and_members(tunnel: str, rules: GuardRules) -> str:
    """From the tunnel to the tunnel, whose only routes are those of members and guests; and no other way.

    LANrage's own ports at other members are not for guests either: those members know of no guests of ours.
    """
    if not rules.guests:
        return ""
    through = f'  iifname "{tunnel}" oifname "{tunnel}"'
    return f"""{through} ip saddr @{GUESTS} udp dport {{ {", ".join(map(str, OWN_PORTS))} }} goto {REFUSED}
{through} ip saddr @{GUESTS} accept
{through} ip daddr @{GUESTS} accept
  ip saddr @{GUESTS} goto {REFUSED}
"""


def _no_redirects(tunnel: str, rules: GuardRules) -> str:
    """The kernel tells who sends by one device what leaves by the same that there is a shorter way: there is none."""
    if not rules.guests:
        return ""
    return f""" chain redirects {{
  type filter hook output priority filter - 5; policy accept;
  oifname "{tunnel}" icmp type redirect drop
 }}
"""


def _containers(rules: GuardRules) -> str:
    """What another table translated, a container's published port: judged by the port that the member sent it to."""
    if rules.exposure is Exposure.ALL:
        return "  ct status dnat accept\n"
    lines = []
    for proto in PROTOS:
        ports = ", ".join(_range(span) for span in rules.wanted if span.proto == proto)
        if ports:
            lines.append(f"  ct status dnat meta l4proto {proto} ct original proto-dst {{ {ports} }} accept\n")
    return "".join(lines)


def _range(span: Span) -> str:
    return f"{span.first}-{span.last}" if span.last > span.first else str(span.first)


def _searches(exposure: Exposure) -> str:
    """Remember the ports from which this machine's games search for others: their answers come there."""
    if exposure is not Exposure.GAMES:
        return ""
    return f""" chain output {{
  type filter hook output priority filter - 5; policy accept;
  meta l4proto udp fib daddr type {{ broadcast, multicast }} {_PORTS} @play update @asking {{ udp sport }}
  meta l4proto udp fib daddr type {{ broadcast, multicast }} {_PORTS} @wanted update @asking {{ udp sport }}
 }}
"""
