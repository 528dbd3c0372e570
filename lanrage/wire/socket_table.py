"""Where sockets listen or are bound: the tables ``tcp``, ``tcp6``, ``udp`` and ``udp6`` of ``/proc/PID/net`` (proc(5)).

They show the network namespace of that process, without entering it. Of this process' own one, sock_diag(7) tells the
same in a hundredth of the time: for ``tcp`` the kernel walks through all of its hash table.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Literal

import attrs

from lanrage.core.play_ports import Proto
from lanrage.errors import DecodeError
from lanrage.wire.sock_diag import AF_INET, ask, read_bodies

ByteOrder = Literal["little", "big"]

TABLES: tuple[tuple[str, Proto], ...] = (("tcp", "tcp"), ("tcp6", "tcp"), ("udp", "udp"), ("udp6", "udp"))
"""File and protocol."""

_WAITING: dict[Proto, str] = {"tcp": " 0A ", "udp": " 07 "}
"""TCP_LISTEN, and TCP_CLOSE of a UDP socket without a peer (<net/tcp_states.h>), between the columns' blanks."""
_NUMBERS: dict[Proto, int] = {"tcp": 6, "udp": 17}
"""Numbers of the protocols (IANA)."""
_DESCRIPTION = struct.Struct("!B3xH2x16s44x")
_INODE_NUMBER = struct.Struct("=I")
_LOCAL, _STATE, _INODE = 1, 3, 9


@attrs.frozen
class Bound:
    """A socket that others may send to.

    :param inode: what its descriptors are called; 0 for the kernel's own.
    :param inside: it hears this machine alone.
    :param address: that it is bound to; an IPv4 one within IPv6 as IPv4.
    """

    proto: Proto
    port: int
    inode: int
    inside: bool
    address: str = ""


def parse_bound(text: str, proto: Proto, byteorder: ByteOrder = "little") -> Iterator[Bound]:
    """The sockets of a table that listen, or are bound and have no peer.

    :param byteorder: of this machine: the kernel prints addresses as the numbers that their words are in memory.
    :raises DecodeError: for a line that is no row of the table.
    """
    waiting = _WAITING[proto]
    for line in text.splitlines()[1:]:
        if waiting not in line:
            continue
        columns = line.split()
        try:
            if columns[_STATE] != waiting.strip():
                continue
            host, _, port = columns[_LOCAL].partition(":")
            yield _bound(proto, int(port, 16), int(columns[_INODE]), _address(host, byteorder))
        except (ValueError, IndexError) as error:
            raise DecodeError("a table of sockets cannot be read") from error


def ask_bound(family: int, proto: Proto) -> bytes:
    """Ask the kernel for the sockets of a family that listen, or are bound and have no peer (sock_diag(7))."""
    return ask(family, protocol=_NUMBERS[proto], states=1 << int(_WAITING[proto], 16))


def read_bound(data: bytes, proto: Proto) -> tuple[list[Bound], bool]:
    """A datagram of the kernel's answer, and whether it is the last.

    :raises DecodeError: for bytes that are no such answer.
    :raises OSError: with the error number that the kernel answered with.
    """
    bodies, done = read_bodies(data)
    return [_described(body, proto) for body in bodies], done


def _described(body: bytes, proto: Proto) -> Bound:
    family, port, source = _DESCRIPTION.unpack_from(body)
    (inode,) = _INODE_NUMBER.unpack_from(body, _DESCRIPTION.size)  # the ports in network order, this in the machine's
    address = ip_address(source[:4] if family == AF_INET else source)
    return _bound(proto, port, inode, address)


def _address(host: str, byteorder: ByteOrder) -> IPv4Address | IPv6Address:
    words = [bytes.fromhex(host[at : at + 8]) for at in range(0, len(host), 8)]
    return ip_address(b"".join(word if byteorder == "big" else word[::-1] for word in words))


def _bound(proto: Proto, port: int, inode: int, address: IPv4Address | IPv6Address) -> Bound:
    """Inside is 127/8, ``::1`` and 127/8 within IPv6."""
    plain = (address.ipv4_mapped if isinstance(address, IPv6Address) else None) or address
    return Bound(proto, port, inode, plain.is_loopback, str(plain))
