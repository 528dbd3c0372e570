"""What birthday probing uses of the machine, and what it counts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

import attrs

from lanrage.core.links import Endpoint


class Sockets(Protocol):
    """See :class:`lanrage.net.punch_sockets.PunchSockets`."""

    def open(self, count: int, to: Endpoint, receive: Callable[[int, bytes], None]) -> None:
        """Open sockets towards an address."""

    def send(self, place: int, payload: bytes) -> None:
        """Send from one."""

    def keep(self, place: int) -> int:
        """Close all but one; its port."""

    def close(self) -> None:
        """Close all."""


class Table(Protocol):
    """See :class:`lanrage.net.punch_table.PunchTable`."""

    def ready(self, port: int) -> Awaitable[None]:
        """Find out whether ways can be added."""

    def add(self, peer: Endpoint, local: int, port: int) -> Awaitable[None]:
        """Let WireGuard send to `peer` from the port `local`."""

    def remove(self, peer: Endpoint) -> Awaitable[None]:
        """Take a way back."""

    def close(self) -> Awaitable[None]:
        """Take all back."""


@attrs.frozen
class PunchKit:
    """What touches the machine.

    :param sockets: makes the sockets of one round.
    """

    sockets: Callable[[], Sockets]
    table: Table


@attrs.define
class PunchCounters:
    """What was spent, and what came of it.

    :ivar why_off: why this machine cannot take part as the end that opens sockets; empty while it can.
    """

    rounds: int = 0
    packets: int = 0
    hits: int = 0
    why_off: str = ""
