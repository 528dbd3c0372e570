"""Datagrams into a TCP connection, no faster than it takes them: what waits, waits where it can still be dropped.

A TCP connection that stalls would otherwise collect seconds of a game in buffers: the kernel's (megabytes, tuned to the
path), Twisted's (64 KiB), TLS's. All are kept short here, and a :class:`lanrage.core.datagram_queue.DatagramQueue` is
before them.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from twisted.internet.interfaces import IDelayedCall, IPushProducer, IReactorTime
from twisted.protocols.policies import ProtocolWrapper
from zope.interface import implementer

from lanrage.core.datagram_queue import DatagramQueue

UNSENT = 16 * 1024
"""Bytes that the kernel holds unsent (``TCP_NOTSENT_LOWAT``): a tenth of a second of 1 Mbit/s."""
BUFFER = 8 * 1024
"""Bytes that Twisted holds above those before it asks for a pause: a few datagrams."""
STALL_TIMEOUT = 20.0
"""Seconds in which nothing was taken: the connection is of no use to a game any more."""


def make_prompt(transport: Any) -> None:
    """Keep the buffers of a TCP connection short, whatever TLS is above it; what has none (a test's) is left alone."""
    while isinstance(transport, ProtocolWrapper):
        transport = transport.transport
    with suppress(OSError, AttributeError):
        handle = transport.getHandle()
        transport.bufferSize = BUFFER
        handle.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT)
        handle.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


@implementer(IPushProducer)
class Paced:
    """What is written to one connection.

    :param write: one frame into the connection.
    :param stalled: called once when nothing was taken for :data:`STALL_TIMEOUT`.
    """

    def __init__(self, clock: IReactorTime, write: Callable[[bytes], None], stalled: Callable[[], None]) -> None:
        self.queue = DatagramQueue()
        self._clock, self._write, self._stalled = clock, write, stalled
        self._paused = self._ended = False
        self._stall: IDelayedCall | None = None

    def send(self, channel: int, frame: bytes) -> None:
        """Write a frame, or let it wait for as long as it is worth it."""
        if self._ended:
            return
        if self._paused:
            self.queue.put(channel, frame, self._clock.seconds())
        else:
            self._write(frame)

    def pauseProducing(self) -> None:
        """The connection has enough for now."""
        self._paused = True
        if self._stall is None and not self._ended:
            self._stall = self._clock.callLater(STALL_TIMEOUT, self._give_up)

    def resumeProducing(self) -> None:
        """The connection takes more: the newest of what has waited."""
        self._paused = False
        self._stop_timer()
        while not self._paused and not self._ended:
            frame = self.queue.take(self._clock.seconds())
            if frame is None:
                return
            self._write(frame)

    def stopProducing(self) -> None:
        """The connection is gone."""
        self._ended = True
        self._stop_timer()
        self.queue.clear()

    def _give_up(self) -> None:
        self._stall = None
        self._stalled()

    def _stop_timer(self) -> None:
        if self._stall is not None and self._stall.active():
            self._stall.cancel()
        self._stall = None
