"""The nftables table of a bridged card as text (nft(8); ``docs/protocol-bridge.rst``).

Chain ``aim`` says where unicast goes that was sent to this machine in place of a device or of a member, ``mask`` as
whose it arrives, ``pass`` that nothing else is forwarded between the card and the tunnel. What this machine itself
listens to is never taken away from it.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address

import attrs

from lanrage.core.bridge_entries import Changes, Entry
from lanrage.core.frame_rules import SYSTEM_PORTS

FIRST_PORT = SYSTEM_PORTS.stop
"""The lowest port that is passed on by itself: those below are a machine's services, not its games'."""

ELEMENTS = 4096
"""Of each map; the port books hold fewer."""

ANSWERED = "5m"
"""How long an end that answered is reached at the port that it answered from; a lobby asks far more often."""


@attrs.frozen
class Place:
    """Where a bridge stands.

    :param card: name of the real card.
    :param address: this machine's address there.
    :param tunnel: name of the WireGuard device.
    :param party: this member's party address.
    :param alone: the card forwards for the bridge's sake alone, so nothing else is begun through it.
    """

    card: str
    address: IPv4Address
    tunnel: str
    party: IPv4Address
    alone: bool = True


def table_name(index: int) -> str:
    """The table of the card with this interface index."""
    return f"lanrage_bridge_{index}"


def ruleset(index: int, place: Place) -> str:
    """Commands that make the table. It must not exist yet.

    The flag ``owner`` binds it to the socket that makes it (:mod:`lanrage.net.nft`).
    """
    return f"table ip {table_name(index)} {{\n flags owner\n{_maps()}{_aims(place)}{_passes(place)}}}\n"


def _maps() -> str:
    """What the port books say, and who answered from where."""
    pair = "ipv4_addr . inet_service"
    answered = f"type inet_service : {pair}; flags dynamic, timeout; timeout {ANSWERED}; size {ELEMENTS}"
    return f"""
 set bridged {{ type ipv4_addr; size {ELEMENTS}; }}
 map at_party {{ type inet_service : {pair}; size {ELEMENTS}; }}
 map as_party {{ type {pair} : {pair}; size {ELEMENTS}; }}
 map at_lan {{ type inet_service : {pair}; size {ELEMENTS}; }}
 map as_lan {{ type {pair} : {pair}; size {ELEMENTS}; }}
 map recent {{ type ipv4_addr : ipv4_addr; size {ELEMENTS}; }}
 map front {{ type ipv4_addr : ipv4_addr; size 1; }}
 map device_answered {{ {answered}; }}
 map member_answered {{ {answered}; }}
"""


def _aims(place: Place) -> str:
    """Whom a packet is for that was sent to this machine, and as whose it arrives."""
    card, tunnel = f'"{place.card}"', f'"{place.tunnel}"'
    return f""" chain from_device {{
{_aim("at_lan", "member_answered", "ip saddr map @recent")} }}
 chain from_member {{
{_aim("at_party", "device_answered", "ip daddr map @front")} }}
 chain aim {{
  type nat hook prerouting priority dstnat - 1; policy accept;
  iifname {card} ip saddr @bridged ip daddr {place.address} jump from_device
  iifname {tunnel} ip daddr {place.party} jump from_member
 }}
 chain mask {{
  type nat hook postrouting priority srcnat - 1; policy accept;
  oifname {tunnel} meta l4proto udp snat ip to ip saddr . udp sport map @as_party
  oifname {tunnel} ip saddr @bridged snat ip to {place.party}
  oifname {card} ct status dnat meta l4proto udp snat ip to ip saddr . udp sport map @as_lan
  oifname {card} ct status dnat ip daddr @bridged snat ip to {place.address}
 }}
"""


def _aim(given: str, answered: str, otherwise: str) -> str:
    """This machine's own sockets first, then the ports that were given, then who answered there, then the rest."""
    return f"""  socket wildcard 0 return
  socket wildcard 1 return
  meta l4proto udp dnat ip to udp dport map @{given}
  th dport < {FIRST_PORT} return
  meta l4proto {{ tcp, udp }} dnat ip to th dport map @{answered}
  meta l4proto {{ tcp, udp }} dnat ip to {otherwise}
"""


def _passes(place: Place) -> str:
    """What is forwarded: between devices and members what was aimed at them. Else nobody begins anything.

    What others began stays: a card that forwards for somebody else's sake from now on is none of ours to shut.
    """
    card, tunnel = f'"{place.card}"', f'"{place.tunnel}"'
    new = "ct state { new, invalid, untracked } drop"
    closed = f"  iifname {card} {new}\n" if place.alone else ""
    return f""" chain to_party {{
{_pass("device_answered")} }}
 chain to_device {{
{_pass("member_answered")} }}
 chain pass {{
  type filter hook forward priority filter; policy accept;
  iifname {card} oifname {tunnel} ip saddr @bridged ct status dnat jump to_party
  iifname {tunnel} oifname {card} ip daddr @bridged ct status dnat jump to_device
  oifname {tunnel} {new}
  iifname {tunnel} {new}
{closed} }}
"""


def _pass(answered: str) -> str:
    """Segments fit the tunnel, and the port that an answer comes from is remembered."""
    return f"""  tcp flags & (syn | rst) == syn tcp option maxseg size set rt mtu
  udp sport >= {FIRST_PORT} update @{answered} {{ udp sport : ip saddr . udp sport }}
  accept
"""


def change(index: int, changes: Changes) -> str:
    """Commands that take elements out, which must be there, and then put others in; empty for none."""
    return _elements(index, "delete", changes.remove) + _elements(index, "add", changes.add)


def _elements(index: int, verb: str, entries: Iterable[Entry]) -> str:
    here = table_name(index)
    return "".join(f"{verb} element ip {here} {each.table} {{ {_element(each, verb)} }}\n" for each in entries)


def _element(entry: Entry, verb: str) -> str:
    key = " . ".join(map(str, entry.key))
    return key if verb == "delete" or not entry.value else f"{key} : {' . '.join(map(str, entry.value))}"
