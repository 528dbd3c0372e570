"""The relay's nftables table as text: what the kernel forwards, what it leaves to the process (nft(8)).

Of what comes in at the relay's ports, lines that are mapped pass within their limit, are tracked, and get their new
destination and source from the maps. All else for this machine is not tracked: control messages and STUN, which the
process answers from the very port; data of strangers, which so leave nothing in the kernel; data of pairs that are not
mapped (yet), so that no flow of before is in the way when they are.
"""

from __future__ import annotations

from collections.abc import Iterable

from lanrage.core.kernel_pairs import Mapped
from lanrage.core.relay_bindings import RelayLimits
from lanrage.wire.relay import MAGIC
from lanrage.wire.stun import COOKIE

LONGEST = 2048 + 28
"""Bytes of the longest packet that is forwarded, its headers of 28 included: what userspace has room for."""
PASSED, LIMITED = "passed", "limited"
"""The counters: packets taken for forwarding, and those dropped above their line's limit."""
SPARE = 64
"""Elements beyond those of the table's bindings: what changes places is there twice for a moment, and the self-test."""
_SETS = ("known", "m_fwd", "m_src")
_KEY = "ipv4_addr . inet_service . inet_service"
_LINE = "ip saddr . udp sport . udp dport"
_FAST = "ip saddr . @th,0,32"
"""The same in eight bytes, both ports read at once. This is asked of every packet, and a set of fixed size without
timeouts answers soonest: the two were worth 4 % of all that a packet costs, sender included."""
_CONTROL, _STUN = f"@th,64,32 0x{MAGIC.hex()}", f"@th,96,32 {COOKIE:#010x}"
"""The first four bytes of the payload, and those behind them."""


def table_name(first_port: int) -> str:
    """The table of the relay whose ports begin there; a machine may run several relays."""
    return f"lanrage_relay_{first_port}"


def ruleset(ports: tuple[int, int], limits: RelayLimits) -> str:
    """Commands that make the table, its maps empty. It must not exist yet.

    The flag ``owner`` binds it to the socket that makes it (:mod:`lanrage.net.nft`). ``opened`` holds the cards that
    forward for our sake alone: there, nothing else passes.
    """
    span = "{}-{}".format(*ports)
    size = limits.bindings + SPARE
    limit = f"limit rate {max(1, round(limits.packets))}/second burst {max(1, round(limits.packets_burst))} packets"
    here = table_name(ports[0])
    return f"""add table ip {here} {{ flags owner; }}
add counter ip {here} {PASSED}
add counter ip {here} {LIMITED}
add set ip {here} opened {{ type iface_index; size 256; }}
add set ip {here} known {{ typeof {_FAST}; size {size}; {limit}; }}
add map ip {here} m_fwd {{ type {_KEY} : ipv4_addr . inet_service; flags timeout; size {size}; }}
add map ip {here} m_src {{ type {_KEY} : ipv4_addr . inet_service; flags timeout; size {size}; }}
add chain ip {here} own
add chain ip {here} rest
add chain ip {here} enter {{ type filter hook prerouting priority raw; policy accept; }}
add chain ip {here} leave {{ type filter hook output priority raw; policy accept; }}
add chain ip {here} aim {{ type nat hook prerouting priority dstnat - 1; policy accept; }}
add chain ip {here} mask {{ type nat hook postrouting priority srcnat - 1; policy accept; }}
add rule ip {here} own fib daddr type local notrack
add rule ip {here} rest {_CONTROL} goto own
add rule ip {here} rest {_STUN} @th,64,8 0 goto own
add rule ip {here} rest {_FAST} @known counter name {PASSED} accept
add rule ip {here} rest {_LINE} @m_fwd counter name {LIMITED} drop
add rule ip {here} rest goto own
add rule ip {here} enter udp dport {span} meta length > {LONGEST} counter name {LIMITED} drop
add rule ip {here} enter meta l4proto udp {_CONTROL.replace(" ", " != ")} {_STUN.replace(" ", " != ")} \
{_FAST} @known counter name {PASSED} accept
add rule ip {here} enter udp dport {span} goto rest
add rule ip {here} enter iif @opened fib daddr type unicast drop
add rule ip {here} leave udp sport {span} notrack
add rule ip {here} leave icmp type redirect ct status dnat drop
add rule ip {here} aim udp dport {span} fib daddr type local dnat ip to {_LINE} map @m_fwd
add rule ip {here} mask meta l4proto udp ct status dnat ct original proto-dst {span} \
snat ip to ip saddr . udp sport . ct original proto-dst map @m_src
"""


def add(first_port: int, entries: Iterable[Mapped]) -> str:
    """Commands that put lines in, which must not be there; empty for none."""
    return _elements(first_port, "add", list(entries), data=True)


def remove(first_port: int, entries: Iterable[Mapped]) -> str:
    """Commands that take lines out, also those that the kernel forgot meanwhile: they are put in first, all at once."""
    gone = list(entries)
    return _elements(first_port, "add", gone, data=True) + _elements(first_port, "delete", gone, data=False)


def renew(first_port: int, entries: Iterable[Mapped]) -> str:
    """Commands that give lines more time; their allowances go on where they were."""
    lines = list(entries)
    maps = tuple(name for name in _SETS if name != "known")
    again = _elements(first_port, "add", lines, data=True, names=maps)
    return again + _elements(first_port, "delete", lines, data=False, names=maps) + again


def clear(first_port: int) -> str:
    """Commands that take all lines out."""
    here = table_name(first_port)
    return "".join(f"flush {'set' if name == 'known' else 'map'} ip {here} {name}\n" for name in _SETS)


def set_opened(first_port: int, indexes: Iterable[int]) -> str:
    """Commands that name the cards (by index) that forward for our sake alone."""
    here = table_name(first_port)
    cards = ", ".join(map(str, sorted(indexes)))
    return f"flush set ip {here} opened\n" + (f"add element ip {here} opened {{ {cards} }}\n" if cards else "")


def drop(first_port: int) -> str:
    """Commands that remove the table, whether it is there or not."""
    here = table_name(first_port)
    return f"add table ip {here}\ndelete table ip {here}\n"


def _elements(first_port: int, verb: str, entries: list[Mapped], *, data: bool, names: Iterable[str] = _SETS) -> str:
    if not entries:
        return ""
    text = ""
    for name in names:
        each = ", ".join(_element(name, entry, data) for entry in entries)
        text += f"{verb} element ip {table_name(first_port)} {name} {{ {each} }}\n"
    return text


def _element(name: str, entry: Mapped, data: bool) -> str:
    if name == "known":
        return f"{entry.line.host} . {entry.line.port << 16 | entry.line.local:#010x}"
    key = f"{entry.line.host} . {entry.line.port} . {entry.line.local}"
    if not data:
        return key
    if entry.seconds:
        key += f" timeout {entry.seconds}s"
    if name == "m_fwd":
        return f"{key} : {entry.peer.host} . {entry.peer.port}"
    return f"{key} : {entry.peer_own} . {entry.peer.local}" if name == "m_src" else key
