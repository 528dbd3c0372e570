"""This machine's UDP sockets that hear anybody: ``/proc/net/udp`` and ``/proc/net/udp6`` (Linux ``net/ipv4/udp.c``)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address
from typing import Literal

import attrs

from lanrage.errors import DecodeError

LOCAL_COLUMN = 1
STATE_COLUMN = 3
INODE_COLUMN = 9
UNCONNECTED = "07"
"""TCP_CLOSE: the state of a UDP socket that is not connected to one sender."""

IPV4_DIGITS = 8


@attrs.frozen
class UdpSocket:
    """A UDP socket that is not connected to one sender.

    :param address: where it is bound; an IPv6 socket bound to no address hears IPv4 too, unless it was told not to,
        which the table does not say. One bound to an IPv6 group counts as bound to no address.
    """

    inode: int
    address: IPv4Address
    port: int


def parse_unconnected(text: str) -> frozenset[int]:
    """The inodes of the sockets that are not connected; the kernel's own (WireGuard's) have none.

    :param text: the file's content.
    :raises DecodeError: for a line that is no row of the table.
    """
    try:
        return frozenset(int(row[INODE_COLUMN]) for row in _rows(text)) - {0}
    except (ValueError, IndexError) as error:
        raise DecodeError("the table of UDP sockets cannot be read") from error


def parse_sockets(text: str, byteorder: Literal["little", "big"]) -> frozenset[UdpSocket]:
    """The sockets that are not connected and may hear all; the kernel's own are left out.

    :param text: of either table.
    :param byteorder: of this machine: the kernel prints addresses as the numbers that their words are in memory.
    :raises DecodeError: for a line that is no row of the table.
    """
    found: set[UdpSocket] = set()
    try:
        for row in _rows(text):
            host, _, port = row[LOCAL_COLUMN].partition(":")
            address = _address(host, byteorder)
            inode = int(row[INODE_COLUMN])
            if address is not None and inode:
                found.add(UdpSocket(inode, address, int(port, 16)))
    except (ValueError, IndexError, OverflowError, struct.error) as error:
        raise DecodeError("the table of UDP sockets cannot be read") from error
    return frozenset(found)


def _rows(text: str) -> Iterator[list[str]]:
    rows = (line.split() for line in text.splitlines()[1:])
    return (row for row in rows if row[STATE_COLUMN] == UNCONNECTED)


def _address(digits: str, byteorder: Literal["little", "big"]) -> IPv4Address | None:
    """The IPv4 address under which it hears; ``None`` for one that is bound to one IPv6 address of the machine."""
    if len(digits) == IPV4_DIGITS:
        return IPv4Address(int(digits, 16).to_bytes(4, byteorder))
    words = struct.unpack("!4I", bytes.fromhex(digits))
    address = IPv6Address(b"".join(word.to_bytes(4, byteorder) for word in words))
    return IPv4Address(0) if address.is_unspecified or address.is_multicast else address.ipv4_mapped
