"""The nftables table of a bridged card as text (nft(8); ``docs/protocol-bridge.rst``).

Chain ``aim`` says where unicast goes that was sent to this machine in place of a device or of a member, ``mask`` as whose it
arrives, ``pass`` that nothing else is forwarded between the card and the tunnel. What this machine itself listens to is
never taken away from it.
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
"""How long an end that answered is reached at the port that it answered from; longer than any lobby stays open unasked."""


@attrs.frozen
class Place:
    """Where a bridge stands.

    :param card: name of the real card.
    :param address: this machine's address there.
    :param tunnel: name of the WireGuard device.
    :param party: this member's party address.
    :param alone: the card forwards for the bridge's sake alone, so all else that it would forward is dropped.
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
    here, card, tunnel = table_name(index), f'"{place.card}"', f'"{place.tunnel}"'
    pair = "ipv4_addr . inet_service"
    closed = f"\n  iifname {card} drop" if place.alone else ""
    return f"""table ip {here} {{
 flags owner
 set bridged {{ type ipv4_addr; size {ELEMENTS}; }}
 map at_party {{ type inet_service : {pair}; size {ELEMENTS}; }}
 map as_party {{ type {pair} : {pair}; size {ELEMENTS}; }}
 map at_lan {{ type inet_service : {pair}; size {ELEMENTS}; }}
 map as_lan {{ type {pair} : {pair}; size {ELEMENTS}; }}
 map recent {{ type ipv4_addr : ipv4_addr; size {ELEMENTS}; }}
 map front {{ type ipv4_addr : ipv4_addr; size 1; }}
 map device_answered {{ type inet_service : {pair}; flags dynamic, timeout; timeout {ANSWERED}; size {ELEMENTS}; }}
 map member_answered {{ type inet_service : {pair}; flags dynamic, timeout; timeout {ANSWERED}; size {ELEMENTS}; }}
 chain from_device {{
  socket wildcard 0 return
  socket wildcard 1 return
  meta l4proto udp dnat ip to udp dport map @at_lan
  th dport < {FIRST_PORT} return
  meta l4proto {{ tcp, udp }} dnat ip to th dport map @member_answered
  meta l4proto {{ tcp, udp }} dnat ip to ip saddr map @recent
 }}
 chain from_member {{
  socket wildcard 0 return
  socket wildcard 1 return
  meta l4proto udp dnat ip to udp dport map @at_party
  th dport < {FIRST_PORT} return
  meta l4proto {{ tcp, udp }} dnat ip to th dport map @device_answered
  meta l4proto {{ tcp, udp }} dnat ip to ip daddr map @front
 }}
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
 chain to_party {{
  tcp flags & (syn | rst) == syn tcp option maxseg size set rt mtu
  udp sport >= {FIRST_PORT} update @device_answered {{ udp sport : ip saddr . udp sport }}
  accept
 }}
 chain to_device {{
  tcp flags & (syn | rst) == syn tcp option maxseg size set rt mtu
  udp sport >= {FIRST_PORT} update @member_answered {{ udp sport : ip saddr . udp sport }}
  accept
 }}
 chain pass {{
  type filter hook forward priority filter; policy accept;
  iifname {card} oifname {tunnel} ip saddr @bridged ct status dnat jump to_party
  iifname {tunnel} oifname {card} ip daddr @bridged ct status dnat jump to_device
  oifname {tunnel} drop
  iifname {tunnel} drop{closed}
 }}
}}
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
