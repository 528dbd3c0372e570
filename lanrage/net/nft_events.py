"""nftables' notifications: that somebody removed tables, chains or rules (<linux/netfilter/nfnetlink.h>, group 7)."""

from __future__ import annotations

import errno
import socket
import struct
from collections.abc import Callable

from twisted.internet.interfaces import IReactorFDSet

from lanrage.net.nfnetlink import NETLINK_NETFILTER
from lanrage.net.socket_reader import SocketReader

NFTABLES_GROUP = 7
"""NFNLGRP_NFTABLES; joining it needs CAP_NET_ADMIN."""
SOL_NETLINK, ADD_MEMBERSHIP = 270, 1
"""<linux/netlink.h>"""
SUBSYSTEM = 10 << 8
REMOVALS = frozenset(SUBSYSTEM | message for message in (2, 5, 8))
"""DELTABLE, DELCHAIN, DELRULE (<linux/netfilter/nf_tables.h>)."""
LARGEST = 1 << 16
_HEADER = struct.Struct("=IHHII")


def tells_removal(data: bytes) -> bool:
    """Whether one of a datagram's messages says that something was removed; what is no message says nothing."""
    while len(data) >= _HEADER.size:
        length, kind = _HEADER.unpack_from(data)[:2]
        if kind in REMOVALS:
            return True
        if length < _HEADER.size:
            return False
        data = data[-(-length // 4) * 4 :]
    return False


class NftEvents(SocketReader):
    """Calls `removed` when something was removed, or when that may have been missed."""

    prefix = "nftables"

    def __init__(self, reactor: IReactorFDSet, removed: Callable[[], None]) -> None:
        super().__init__(reactor)
        self._removed = removed
        self._removal = False

    def open(self) -> None:
        """Begin.

        :raises OSError: where the kernel refuses.
        """
        kind = socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
        listening = socket.socket(socket.AF_NETLINK, kind, NETLINK_NETFILTER)
        try:
            listening.bind((0, 0))
            listening.setsockopt(SOL_NETLINK, ADD_MEMBERSHIP, NFTABLES_GROUP)
        except OSError:
            listening.close()
            raise
        self._watch(listening)

    def close(self) -> None:
        """End; one that is closed is no error."""
        self._unwatch()

    def doRead(self) -> None:
        """Twisted: read what has come; tell at most once."""
        self._removal = False
        super().doRead()
        if self._removal:
            self._removed()

    def _read_one(self, opened: socket.socket) -> None:
        try:
            self._removal |= tells_removal(opened.recv(LARGEST))
        except OSError as error:
            self._removal |= error.errno == errno.ENOBUFS
            raise
