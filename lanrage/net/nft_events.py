"""nftables' notifications: that somebody removed tables, chains or rules (<linux/netfilter/nfnetlink.h>, group 7)."""

from __future__ import annotations

import errno
import socket
import struct
from collections.abc import Callable

from twisted.internet.interfaces import IReactorFDSet, IReadDescriptor
from twisted.python.failure import Failure
from zope.interface import implementer

from lanrage.net.nfnetlink import NETLINK_NETFILTER

NFTABLES_GROUP = 7
"""NFNLGRP_NFTABLES; joining it needs CAP_NET_ADMIN."""
SOL_NETLINK, ADD_MEMBERSHIP = 270, 1
"""<linux/netlink.h>"""
SUBSYSTEM = 10 << 8
REMOVALS = frozenset(SUBSYSTEM | message for message in (2, 5, 8))
"""DELTABLE, DELCHAIN, DELRULE (<linux/netfilter/nf_tables.h>)."""
LARGEST = 1 << 16
BATCH = 16
"""Reads before other readers get their turn."""
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


@implementer(IReadDescriptor)
class NftEvents:
    """Calls `removed` when something was removed, or when that may have been missed."""

    def __init__(self, reactor: IReactorFDSet, removed: Callable[[], None]) -> None:
        self._reactor, self._removed = reactor, removed
        self._socket: socket.socket | None = None

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
        self._socket = listening
        self._reactor.addReader(self)

    def close(self) -> None:
        """End; one that is closed is no error."""
        listening, self._socket = self._socket, None
        if listening is not None:
            self._reactor.removeReader(self)
            listening.close()

    def fileno(self) -> int:
        """The socket's descriptor, -1 when closed."""
        return -1 if self._socket is None else self._socket.fileno()

    def logPrefix(self) -> str:
        """Names this descriptor in the log."""
        return "nftables"

    def doRead(self) -> None:
        """Read what has come; tell at most once."""
        removal = False
        for _ in range(BATCH):
            if self._socket is None:
                return
            try:
                removal |= tells_removal(self._socket.recv(LARGEST))
            except OSError as error:
                removal |= error.errno == errno.ENOBUFS
                break
        if removal:
            self._removed()

    def connectionLost(self, reason: Failure) -> None:
        """The reactor gives the socket up (it does so at its stop)."""
        del reason
        self.close()
