"""Which IPv6 multicast groups this machine's cards have joined: ``/proc/net/igmp6`` (Linux ``net/ipv6/mcast.c``)."""

from __future__ import annotations

from ipaddress import IPv6Address

import attrs

from lanrage.errors import DecodeError


@attrs.frozen
class Membership6:
    """One group on one card.

    :param index: the card's interface index.
    :param users: how many sockets, or the kernel itself, joined it there.
    """

    index: int
    group: IPv6Address
    users: int


def parse_igmp6(text: str) -> tuple[Membership6, ...]:
    """Read the table: a line has the index, the device, the group in 32 hexadecimal digits, the users, and more.

    :raises DecodeError: for a line of another form.
    """
    found = []
    for line in text.splitlines():
        words = line.split()
        try:
            found.append(Membership6(int(words[0]), IPv6Address(bytes.fromhex(words[2])), int(words[3])))
        except (ValueError, IndexError) as error:
            raise DecodeError(f"line {line!r} of the table of IPv6 groups cannot be read") from error
    return tuple(found)
