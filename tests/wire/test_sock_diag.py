"""The kernel's answers about sockets; real ones are in ``tests/net/test_udp_sockets.py``."""

from __future__ import annotations

import contextlib
import errno
import struct
from ipaddress import IPv4Address, ip_address

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.bound_rules import UdpSocket
from lanrage.errors import DecodeError
from lanrage.wire.sock_diag import (
    AF_INET,
    AF_INET6,
    MAPPED,
    SOCK_DIAG_BY_FAMILY,
    Found,
    ask,
    ask_tcp,
    read_found,
    read_owner,
)
from tests.strategies_lan import REAL, addresses, ports

DONE = struct.pack("=IHHIIi", 20, 3, 2, 1, 0, 0)
V6_ONLY = struct.pack("=HHB3x", 5, 11, 1)
SOCKETS = st.builds(UdpSocket, addresses(), ports(), st.integers(0, 2**32 - 1))


def message(family: int, source: bytes, port: int, device: int, attributes: bytes = b"") -> bytes:
    """A socket as <linux/inet_diag.h> lays it out."""
    body = struct.pack("!BBBBHH16s16s", family, 7, 0, 0, port, 0, source, bytes(16))
    body += struct.pack("=I", device) + bytes(28) + attributes
    return struct.pack("=IHHII", 16 + len(body), SOCK_DIAG_BY_FAMILY, 2, 1, 0) + body


def answered(found: UdpSocket) -> bytes:
    """The kernel's message of an IPv4 socket."""
    return message(AF_INET, found.address.packed + bytes(12), found.port, found.device)


class FoundTests(SynchronousTestCase):
    """Bytes and values."""

    @given(st.lists(SOCKETS, max_size=5))
    def test_sockets(self, sockets: list[UdpSocket]) -> None:
        """Each socket, in the kernel's order, and the end."""
        data = b"".join(map(answered, sockets))
        self.assertEqual(read_found(data), Found(tuple(sockets), False))
        self.assertEqual(read_found(data + DONE), Found(tuple(sockets), True))

    def test_ipv6(self) -> None:
        """IPv6 sockets that take IPv4: bound to a mapped address, or to any."""
        mapped = MAPPED + REAL.packed
        data = message(AF_INET6, mapped, 1, 2) + message(AF_INET6, bytes(16), 3, 0)
        data += message(AF_INET6, bytes(16), 4, 0, V6_ONLY) + message(AF_INET6, b"\xfd" + bytes(15), 5, 0)
        self.assertEqual(read_found(data).sockets, (UdpSocket(REAL, 1, 2), UdpSocket(IPv4Address(0), 3)))

    def test_errors(self) -> None:
        """The kernel's refusal is its error number."""
        with self.assertRaises(OSError) as caught:
            read_found(struct.pack("=IHHIIi", 20, 2, 0, 1, 0, -errno.ENOENT))
        self.assertEqual(caught.exception.errno, errno.ENOENT)

    @given(st.binary(max_size=150) | SOCKETS.map(answered), st.integers(0, 90), st.integers(0, 255))
    def test_any_bytes(self, data: bytes, place: int, value: int) -> None:
        """Any bytes are an answer, a refusal, or the one error."""
        try:
            read_found(data[:place] + bytes([value]) + data[place + 1 :])
        except (DecodeError, OSError):
            return

    def test_cut(self) -> None:
        """Answers that are cut short are none."""
        whole = answered(UdpSocket(REAL, 1))
        short = struct.pack("=IHHII", 18, 3, 0, 1, 0) + b"xx"
        odd = message(AF_INET6, bytes(16), 1, 0, struct.pack("=HH", 2, 9))
        for data in (whole[:-1], whole[:7], DONE[:-1], short, odd, struct.pack("=IHHII", 20, 20, 0, 1, 0) + b"five"):
            with self.assertRaises(DecodeError):
                read_found(data)

    def test_ask(self) -> None:
        """A question names family, port and device; lengths are right."""
        for request in (ask(AF_INET), ask(AF_INET6, 6000), ask(AF_INET, 0, 7)):
            self.assertEqual(int.from_bytes(request[:4], "little"), len(request))
        self.assertEqual(ask(AF_INET, 6000)[24:26], (6000).to_bytes(2, "big"))

    @given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1), st.integers(0, 91), st.integers(0, 255))
    def test_owner(self, user: int, inode: int, place: int, value: int) -> None:
        """Of one socket: its user, nobody's where no program holds it; any other bytes are the one error."""
        body = bytes(64) + struct.pack("=II", user, inode)
        data = struct.pack("=IHHII", 16 + len(body), 20, 0, 1, 0) + body
        self.assertEqual(user if inode else None, read_owner(data))
        self.assertRaises(DecodeError, read_owner, data + data)
        self.assertRaises(DecodeError, read_owner, b"")
        with contextlib.suppress(DecodeError, OSError):
            read_owner(data[:place] + bytes([value]) + data[place + 1 :])

    def test_ask_for_one(self) -> None:
        """Both ends, each family, no dump."""
        for family, host in ((AF_INET, "127.0.0.1"), (AF_INET6, "::1")):
            request = ask_tcp((ip_address(host), 6000), (ip_address(host), 7767))
            self.assertEqual((len(request), family), (int.from_bytes(request[:4], "little"), request[16]))
            self.assertEqual((6000, 7767), struct.unpack_from("!2H", request, 24))
            self.assertEqual(0x1, int.from_bytes(request[6:8], "little"))
