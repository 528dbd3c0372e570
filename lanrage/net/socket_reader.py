"""A socket that the reactor watches: what all adapters that read packets and messages have in common."""

from __future__ import annotations

import socket
from typing import ClassVar

from twisted.internet.interfaces import IReactorFDSet, IReadDescriptor
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

BATCH = 64
"""Reads before other readers get their turn."""


@implementer(IReadDescriptor)
class SocketReader:
    """Base of an adapter with one socket that does not block; a subclass says how one read is done.

    :cvar prefix: names the descriptor in the log.
    """

    log = Logger()
    prefix: ClassVar[str]

    def __init__(self, reactor: IReactorFDSet) -> None:
        self._reactor = reactor
        self._socket: socket.socket | None = None

    def fileno(self) -> int:
        """The socket's descriptor, -1 when closed."""
        return -1 if self._socket is None else self._socket.fileno()

    def logPrefix(self) -> str:
        """Twisted: names this descriptor in the log."""
        return self.prefix

    def doRead(self) -> None:
        """Twisted: take what has come, at most :data:`BATCH` at once."""
        for _ in range(BATCH):
            if self._socket is None:
                return
            try:
                self._read_one(self._socket)
            except OSError:  # nothing left, or what the kernel tells of an earlier send
                return

    def connectionLost(self, reason: Failure) -> None:
        """Twisted: the reactor gives the socket up, at its stop or since the descriptor broke."""
        self.log.debug("the {prefix} socket is closed: {reason}", prefix=self.prefix, reason=reason.value)
        self._unwatch()

    def _watch(self, opened: socket.socket) -> None:
        """From now on the reactor reads this socket, which is ours to close."""
        self._socket = opened
        self._reactor.addReader(self)

    def _unwatch(self) -> None:
        """Close the socket; one that is closed is no error."""
        opened, self._socket = self._socket, None
        if opened is not None:
            self._reactor.removeReader(self)
            opened.close()

    def _read_one(self, opened: socket.socket) -> None:
        """Read once and deal with it; what deals with it must not raise.

        :raises OSError: when there is nothing to read.
        """
        raise NotImplementedError
