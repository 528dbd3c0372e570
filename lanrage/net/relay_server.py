"""The relay's UDP ports: each datagram is a control message for the table, or data that goes where the table says."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from lanrage.core.budget import Budget
from lanrage.core.links import Endpoint
from lanrage.core.relay import Message
from lanrage.core.relay_cookies import Line
from lanrage.core.relay_counters import Drop
from lanrage.core.relay_table import RelayTable
from lanrage.errors import DecodeError
from lanrage.net.stun_server import BURST, RATE
from lanrage.wire import relay_stun
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
        self._asked: Budget[str] = Budget(RATE, BURST)

    def received(self, datagram: bytes, line: Line) -> None:
        """One datagram from anybody."""
        if not line.port:
            self.table.counters.drop(Drop.MALFORMED)
            return
        if datagram[:4] == MAGIC:
            self._control(datagram, line)
            return
        if relay_stun.is_stun(datagram):
            self._measured(datagram, line)
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
        self.say(self.table.control(message, line, self.now(), self._wall()))

    def say(self, messages: Iterable[tuple[Line, Message]]) -> None:
        """Send what the table wants to be told."""
        for to, message in messages:
            self._send(encode(message), to)

    def _measured(self, datagram: bytes, line: Line) -> None:
        """A node asks how far the relay is."""
        counters = self.table.counters
        if not self._asked.allow(line.host, self.now()):
            counters.drop(Drop.CONTROL_LIMITED)
            return
        answer = relay_stun.answer(datagram, Endpoint(line.host, line.port))
        if answer is None:
            counters.drop(Drop.MALFORMED)
            return
        counters.measured += 1
        self._send(answer, line)

    def _send(self, datagram: bytes, to: Line) -> None:
        port = self.open.get(to.local)
        try:
            if port is not None:
                port.write(datagram, (to.host, to.port))
        except OSError:
            self.table.counters.drop(Drop.UNSENT)
