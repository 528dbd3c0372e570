"""``/proc/net/arp``: the MACs of this machine's neighbours (proc(5))."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import IPv4Address

import attrs

COMPLETE = 0x2
"""ATF_COM (<linux/if_arp.h>): the entry has a MAC."""

_ROW = re.compile(
    r"(?P<address>[0-9.]{7,15})\s+0x[0-9a-f]+\s+0x(?P<flags>[0-9a-f]+)\s+"
    r"(?P<mac>[0-9a-f]{2}(?::[0-9a-f]{2}){5})\s+\S+\s+(?P<device>\S+)"
)


@attrs.frozen
class ArpRow:
    """One neighbour.

    :param mac: 6 bytes.
    """

    address: IPv4Address
    mac: bytes
    device: str


def parse_arp(text: str) -> Iterator[ArpRow]:
    """The neighbours whose MAC is known; what is no row is passed over."""
    for line in text.splitlines():
        row = _ROW.match(line)
        if row is None or not int(row["flags"], 16) & COMPLETE:
            continue
        try:
            address = IPv4Address(row["address"])
        except ValueError:
            continue
        yield ArpRow(address, bytes.fromhex(row["mac"].replace(":", "")), row["device"])
