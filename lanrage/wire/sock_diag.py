"""Questions to the kernel about this machine's sockets, and its answers (sock_diag(7), <linux/inet_diag.h>).

Headers are in the machine's byte order, ports and addresses in network order.
"""

from __future__ import annotations

import errno
import struct
from ipaddress import IPv4Address, IPv6Address

import attrs

from lanrage.core.bound_rules import UDP, UdpSocket
from lanrage.errors import DecodeError

AF_INET, AF_INET6 = 2, 10
FAMILIES = (AF_INET, AF_INET6)
SOCK_DIAG_BY_FAMILY = 20
NLMSG_ERROR, NLMSG_DONE = 2, 3
REQUEST_DUMP = 0x301
"""NLM_F_REQUEST | NLM_F_DUMP."""
REQUEST_ONE = 0x1
"""NLM_F_REQUEST: of the one socket that is named."""
TCP = 6
"""IPPROTO_TCP."""
NO_COOKIE = struct.pack("=III", 0, 0xFFFFFFFF, 0xFFFFFFFF)
"""The end of a socket's id: any device, INET_DIAG_NOCOOKIE."""

ALL_STATES = 0xFFFFFFFF
REQUEST_BYTECODE = 1
DEVICE_CONDITION = 9
"""INET_DIAG_REQ_BYTECODE, INET_DIAG_BC_DEV_COND: the kernel itself leaves out sockets of other devices."""

V6_ONLY = 11
"""INET_DIAG_SKV6ONLY: the socket takes no IPv4."""

MAPPED = bytes(10) + b"\xff\xff"
"""Before an IPv4 address in an IPv6 socket (RFC 4291, 2.5.5.2)."""

_HEADER = struct.Struct("=IHHII")
_REQUEST = struct.Struct("=BBBxI")
_SOCKET_ID = struct.Struct("!2H16s16s")
_TAIL = struct.Struct("=I8x")
_MESSAGE = struct.Struct("!B3xH2x16s16x")
_MESSAGE_BYTES = 72
_DEVICE_AT = _MESSAGE.size
_OWNER = struct.Struct("=II")
_OWNER_AT = 64
"""Where idiag_uid and idiag_inode are."""
_ATTRIBUTE = struct.Struct("=HH")


@attrs.frozen
class Found:
    """A datagram of answers.

    :param done: it is the last one.
    """

    sockets: tuple[UdpSocket, ...]
    done: bool


def ask(family: int, port: int = 0, device: int = 0, *, protocol: int = UDP, states: int = ALL_STATES) -> bytes:
    """Ask for the sockets of a family.

    :param port: only those that are bound to it; 0 for all.
    :param device: only those that are bound to the device with this interface index; 0 for all.
    :param states: a bit for each state of <net/tcp_states.h> that counts.
    """
    body = _REQUEST.pack(family, protocol, 0, states) + _SOCKET_ID.pack(port, 0, bytes(16), bytes(16))
    body += _TAIL.pack(0)
    if device:
        # One operation of 8 bytes; a false answer jumps behind the end, which leaves the socket out.
        code = struct.pack("=BBHI", DEVICE_CONDITION, 8, 12, device)
        body += _ATTRIBUTE.pack(_ATTRIBUTE.size + len(code), REQUEST_BYTECODE) + code
    return _HEADER.pack(_HEADER.size + len(body), SOCK_DIAG_BY_FAMILY, REQUEST_DUMP, 1, 0) + body


Where = tuple[IPv4Address | IPv6Address, int]
"""An address and a port."""


def ask_tcp(own: Where, peer: Where) -> bytes:
    """Ask for the one TCP socket of this machine with these two ends, both of one family."""
    family = AF_INET if own[0].version == 4 else AF_INET6
    ends = own[0].packed.ljust(16, b"\0"), peer[0].packed.ljust(16, b"\0")
    body = _REQUEST.pack(family, TCP, 0, ALL_STATES) + _SOCKET_ID.pack(own[1], peer[1], *ends) + NO_COOKIE
    return _HEADER.pack(_HEADER.size + len(body), SOCK_DIAG_BY_FAMILY, REQUEST_ONE, 1, 0) + body


def read_owner(data: bytes) -> int | None:
    """The number of the user of the one socket in an answer; ``None``: no program holds it any more.

    :raises DecodeError: for bytes that are no such answer.
    :raises OSError: with the error number that the kernel answered with; ``ENOENT``: there is no such socket.
    """
    bodies, _ = read_bodies(data)
    if len(bodies) != 1:
        raise DecodeError("an answer about one socket tells of another number of them")
    user, inode = _OWNER.unpack_from(bodies[0], _OWNER_AT)
    return int(user) if inode else None


def read_found(data: bytes) -> Found:
    """Read a datagram of the kernel.

    :raises DecodeError: for bytes that are no such answer.
    :raises OSError: with the error number that the kernel answered with.
    """
    bodies, done = read_bodies(data)
    found = (_socket(body) for body in bodies)
    return Found(tuple(each for each in found if each is not None), done)


def read_bodies(data: bytes) -> tuple[list[bytes], bool]:
    """The descriptions in a datagram of the kernel (``struct inet_diag_msg`` and more), and whether it is the last.

    :raises DecodeError: for bytes that are no such answer.
    :raises OSError: with the error number that the kernel answered with.
    """
    found: list[bytes] = []
    done = False
    while data and not done:
        if len(data) < _HEADER.size:
            raise DecodeError("an answer about sockets is cut short")
        length, kind = _HEADER.unpack_from(data)[:2]
        if not _HEADER.size <= length <= len(data):
            raise DecodeError("an answer about sockets is cut short")
        body, data = data[_HEADER.size : length], data[(length + 3) & ~3 :]
        if kind in (NLMSG_ERROR, NLMSG_DONE):
            _raise(body)
            done = True
        elif kind == SOCK_DIAG_BY_FAMILY:
            if len(body) < _MESSAGE_BYTES:
                raise DecodeError("a socket's description is cut short")
            found.append(body)
    return found, done


def _raise(body: bytes) -> None:
    if len(body) < 4:
        raise DecodeError("an answer about sockets has no error number")
    code = -int(struct.unpack_from("=i", body)[0])
    if code > 0:
        raise OSError(code, errno.errorcode.get(code, "an unknown error"))


def _socket(body: bytes) -> UdpSocket | None:
    family, port, source = _MESSAGE.unpack_from(body)
    (device,) = struct.unpack_from("=I", body, _DEVICE_AT)
    address = _address(family, source, body[_MESSAGE_BYTES:])
    return None if address is None else UdpSocket(address, port, device)


def _address(family: int, source: bytes, attributes: bytes) -> IPv4Address | None:
    """The IPv4 address that a socket is bound to; ``None`` for one that takes no IPv4."""
    if family == AF_INET:
        return IPv4Address(source[:4])
    if source.startswith(MAPPED):
        return IPv4Address(source[len(MAPPED) :])
    return IPv4Address(0) if source == bytes(16) and not _v6_only(attributes) else None


def _v6_only(attributes: bytes) -> bool:
    while len(attributes) >= _ATTRIBUTE.size:
        length, kind = _ATTRIBUTE.unpack_from(attributes)
        if length < _ATTRIBUTE.size:
            raise DecodeError("an attribute of a socket is cut short")
        if kind == V6_ONLY:
            return attributes[_ATTRIBUTE.size : length] == b"\x01"
        attributes = attributes[(length + 3) & ~3 :]
    return False
