"""Which multicast groups this machine's cards have joined: ``/proc/net/igmp`` (Linux ``net/ipv4/igmp.c``)."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import Literal

import attrs

from lanrage.errors import DecodeError


@attrs.frozen
class Membership:
    """One group on one card.

    :param index: the card's interface index.
    :param device: its name.
    :param users: how many sockets joined it there.
    """

    index: int
    device: str
    group: IPv4Address
    users: int


def parse_igmp(text: str, byteorder: Literal["little", "big"]) -> tuple[Membership, ...]:
    """Read the table.

    :param text: the file's content.
    :param byteorder: of this machine: the kernel prints a group as the number that its bytes are in memory.
    :raises DecodeError: for a line that fits neither form.
    """
    found: list[Membership] = []
    index, device = 0, ""
    for line in text.splitlines()[1:]:
        words = line.split()
        if not words:
            continue
        try:
            if line[0].isspace():
                group = IPv4Address(int(words[0], 16).to_bytes(4, byteorder))
                found.append(Membership(index, device, group, int(words[1])))
            else:
                index, device = int(words[0]), words[1].rstrip(":")
        except (ValueError, IndexError, OverflowError) as error:
            raise DecodeError(f"line {line!r} of the table of groups cannot be read") from error
    return tuple(found)
