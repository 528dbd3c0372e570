"""Whose program is at the other end of a TCP connection within this machine: one question by sock_diag(7).

It needs no right and takes some ten microseconds, as the kernel looks the one socket up by its addresses.
"""

from __future__ import annotations

import socket
from contextlib import suppress
from ipaddress import ip_address
from typing import Any

from lanrage.errors import DecodeError
from lanrage.net.udp_sockets import LARGEST, NETLINK_SOCK_DIAG
from lanrage.wire.sock_diag import ask_tcp, read_owner


def user_of(peer: Any, own: Any) -> int | None:
    """The number of the user who opened a connection.

    :param peer: the other end (``IPv4Address`` or ``IPv6Address`` of Twisted).
    :param own: this end.
    :returns: ``None``: the kernel does not tell, or the connection is closed at the other end already.
    """
    with suppress(OSError, DecodeError, ValueError):
        question = ask_tcp((ip_address(peer.host), peer.port), (ip_address(own.host), own.port))
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, NETLINK_SOCK_DIAG) as asker:
            asker.setblocking(False)  # the kernel answers before the sending is over
            asker.send(question)
            return read_owner(asker.recv(LARGEST))
    return None
