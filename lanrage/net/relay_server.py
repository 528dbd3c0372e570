"""The relay's UDP ports: each datagram is a control message for the table, or data that goes where the table says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from lanrage.core.relay_cookies import Line
from lanrage.core.relay_counters import Drop
from lanrage.core.relay_table import RelayTable
from lanrage.errors import DecodeError
from lanrage.wire.relay import MAGIC, UNKNOWN_BYTES, decode, encode


class Outlet(Protocol):
    """Sends from one of the relay's ports."""

    def write(self, datagram: bytes, to: tuple[str, int]) -> None:
        """Send one datagram.

        :raises OSError: when the kernel does not take it.
        """


class RelayPorts:
    """All ports of one relay, which share one table.

    :param now: seconds of a clock that only moves forward.
    :param wall: seconds since the epoch.
    """

    def __init__(self, table: RelayTable, now: Callable[[], float], wall: Callable[[], float]) -> None:
        self.table, self.now, self._wall = table, now, wall
        self.open: dict[int, Outlet] = {}

    def received(self, datagram: bytes, line: Line) -> None:
        """One datagram from anybody."""
        if not line.port:
            self.table.counters.drop(Drop.MALFORMED)
            return
        if datagram[:4] == MAGIC:
            self._control(datagram, line)
            return
        now = self.now()
        to = self.table.forward(line, len(datagram), now)
        if to is not None:
            self._send(datagram, to)
        elif len(datagram) > UNKNOWN_BYTES:
            for back, message in self.table.unknown(line, now):
                self._send(encode(message), back)

    def _control(self, datagram: bytes, line: Line) -> None:
        try:
            message = decode(datagram)
        except DecodeError:
            self.table.counters.drop(Drop.MALFORMED)
            return
        for to, answer in self.table.control(message, line, self.now(), self._wall()):
            self._send(encode(answer), to)

    def _send(self, datagram: bytes, to: Line) -> None:
        port = self.open.get(to.local)
        try:
            if port is not None:
                port.write(datagram, (to.host, to.port))
        except OSError:
            self.table.counters.drop(Drop.UNSENT)
