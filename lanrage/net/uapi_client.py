"""Asks wireguard-go over its UNIX socket: one request a connection, each with a timeout (docs/links.rst)."""

from __future__ import annotations

import contextlib
import os
import socket
import struct

from twisted.internet.defer import Deferred
from twisted.internet.defer import TimeoutError as DeferredTimeout
from twisted.internet.endpoints import UNIXClientEndpoint
from twisted.internet.error import ConnectError, ConnectionClosed
from twisted.internet.interfaces import IReactorTime
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure

from lanrage.errors import DecodeError, Unreachable
from lanrage.wire.uapi import END, MAX_MESSAGE, Reply, decode_reply

SOCKET_FOLDER = "/var/run/wireguard"
"""Where wireguard-go puts its sockets, whatever its network namespace: device names are unique on the machine."""

REPLY_TIMEOUT_S = 5.0
"""wireguard-go answers within a millisecond; a busy machine may take longer."""


def socket_path(name: str, folder: str = SOCKET_FOLDER) -> str:
    """The path of a device's socket."""
    return os.path.join(folder, f"{name}.sock")


class _Exchange(Protocol):
    """Sends a request and gathers the reply up to its empty line."""

    def __init__(self, request: bytes) -> None:
        self.reply: Deferred[bytes] = Deferred(lambda _: self._abort())
        self._request = request
        self._received = b""

    def connectionMade(self) -> None:
        assert self.transport is not None
        self.transport.write(self._request)

    def dataReceived(self, data: bytes) -> None:
        self._received += data
        if END in self._received or len(self._received) > MAX_MESSAGE:
            if not self.reply.called:
                self.reply.callback(self._received)
            self._abort()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if not self.reply.called:
            self.reply.errback(reason)

    def _abort(self) -> None:
        if self.transport is not None:
            self.transport.loseConnection()


class _Once(Factory):
    """Makes one exchange, without a word in the log for each."""

    noisy = False

    def __init__(self, exchange: _Exchange) -> None:
        self._exchange = exchange

    def buildProtocol(self, addr: object) -> _Exchange:
        """Twisted: the one exchange."""
        del addr
        return self._exchange


async def ask(reactor: IReactorTime, path: str, request: bytes) -> Reply:
    """Send a request and read its reply.

    :raises Unreachable: when nobody answers at that path in time, or what answers is no WireGuard.
    """
    exchange = _Exchange(request)
    try:
        await UNIXClientEndpoint(reactor, path, timeout=int(REPLY_TIMEOUT_S)).connect(_Once(exchange))
        return decode_reply(await exchange.reply.addTimeout(REPLY_TIMEOUT_S, reactor))
    except (ConnectError, ConnectionClosed, DeferredTimeout, DecodeError) as error:
        raise Unreachable(f"no WireGuard program answers at {path}: {error}") from error


def listener(path: str) -> int | None:
    """The pid of the program that answers at a socket; ``None`` where none does. Blocks, for a local connect only."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(REPLY_TIMEOUT_S)
        probe.connect(path)
        credentials = probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        pid: int = struct.unpack("3i", credentials)[0]
        return pid
    return None
