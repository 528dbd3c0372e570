"""Netlink messages that ask for a counter of nftables and forget a flow of connection tracking.

Sources: <linux/netlink.h>, <linux/netfilter/nfnetlink.h>, nf_tables.h and nfnetlink_conntrack.h. Headers are in the
machine's byte order, attributes' values in network order.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from ipaddress import IPv4Address

from lanrage.errors import DecodeError

NLMSG_ERROR = 2
REQUEST, ACK = 1, 4
DELETE_FLOW, GET_OBJECT, NEW_OBJECT = 1 << 8 | 2, 10 << 8 | 19, 10 << 8 | 18
"""Subsystem (1 connection tracking, 10 nftables) and message."""
INET = 2
"""AF_INET."""
UDP = 17
NESTED = 1 << 15
_HEADER = struct.Struct("=IHHII")
_FAMILY = struct.Struct("=BBH")


def forget_flow(number: int, source: tuple[str, int], target: tuple[str, int]) -> bytes:
    """A request to delete the UDP flow, in either direction, whose packets go from `source` to `target`.

    :param number: answers carry it.
    """
    addresses = _attribute(1, IPv4Address(source[0]).packed) + _attribute(2, IPv4Address(target[0]).packed)
    ports = _attribute(1, bytes([UDP])) + _attribute(2, source[1].to_bytes(2, "big"))
    ports += _attribute(3, target[1].to_bytes(2, "big"))
    body = _attribute(1 | NESTED, _attribute(1 | NESTED, addresses) + _attribute(2 | NESTED, ports))
    return _message(DELETE_FLOW, number, body)


def ask_counter(number: int, table: str, name: str, family: int = INET) -> bytes:
    """A request for the named counter of a table of this family."""
    body = _attribute(1, table.encode() + b"\0") + _attribute(2, name.encode() + b"\0")
    return _message(GET_OBJECT, number, body + _attribute(3, (1).to_bytes(4, "big")), family)


def read_answers(data: bytes) -> Iterator[tuple[int, int | tuple[int, int]]]:
    """What a datagram from the kernel says: number, and error (0 = done) or a counter's (packets, bytes).

    :raises DecodeError: for bytes that are no such messages.
    """
    while data:
        if len(data) < _HEADER.size:
            raise DecodeError("a netlink message is cut short")
        length, kind, _, number, _ = _HEADER.unpack_from(data)
        if not _HEADER.size <= length <= len(data):
            raise DecodeError("a netlink message is cut short")
        body, data = data[_HEADER.size : length], data[-(-length // 4) * 4 :]
        if kind == NLMSG_ERROR and len(body) >= 4:
            yield number, -int(struct.unpack_from("=i", body)[0])
        elif kind == NEW_OBJECT:
            yield number, _counter(body[_FAMILY.size :])


def _counter(body: bytes) -> tuple[int, int]:
    values = dict(_attributes(dict(_attributes(body)).get(4, b"")))
    return int.from_bytes(values.get(2, b""), "big"), int.from_bytes(values.get(1, b""), "big")


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    while len(data) >= 4:
        length, kind = struct.unpack_from("=HH", data)
        if not 4 <= length <= len(data):
            raise DecodeError("a netlink attribute is cut short")
        yield kind & ~NESTED, data[4:length]
        data = data[-(-length // 4) * 4 :]


def _attribute(kind: int, value: bytes) -> bytes:
    padding = bytes(-len(value) % 4)
    return struct.pack("=HH", 4 + len(value), kind) + value + padding


def _message(kind: int, number: int, body: bytes, family: int = INET) -> bytes:
    head = _HEADER.pack(_HEADER.size + _FAMILY.size + len(body), kind, REQUEST | ACK, number, 0)
    return head + _FAMILY.pack(family, 0, 0) + body
