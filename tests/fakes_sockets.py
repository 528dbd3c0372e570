"""The neighbours of the parts for games' sockets, in memory."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from ipaddress import IPv4Address

import attrs
from twisted.internet.defer import Deferred, succeed

from lanrage.core.bound_rules import UdpSocket
from lanrage.errors import LanrageError


@attrs.define
class MemorySockets:
    """The machine's sockets, as the test opens them.

    :ivar error: raised by each question.
    :ivar questions: how many there were.
    """

    opened: list[UdpSocket] = attrs.field(factory=list)
    error: Exception | None = None
    questions: int = 0

    def on_port(self, port: int) -> list[UdpSocket]:
        """See :class:`lanrage.net.udp_sockets.UdpSockets`."""
        return [each for each in self._ask() if each.port == port]

    def on_device(self, index: int) -> list[UdpSocket]:
        """See :class:`lanrage.net.udp_sockets.UdpSockets`."""
        return [each for each in self._ask() if each.device == index]

    def _ask(self) -> list[UdpSocket]:
        self.questions += 1
        if self.error is not None:
            raise self.error
        return self.opened


@attrs.define
class MemorySide:
    """The tunnel's side, which keeps what was sent.

    :ivar refusal: raised by :meth:`listen`.
    """

    heard: Callable[[bytes], None] | None = None
    sent: list[tuple[bytes, IPv4Address]] = attrs.field(factory=list)
    ports: frozenset[int] = frozenset()
    error: int = 0
    refusal: LanrageError | None = None

    def open(self, heard: Callable[[bytes], None]) -> None:
        """See :class:`lanrage.net.tunnel_side.TunnelSide`."""
        self.heard = heard

    def send(self, packet: bytes, to: IPv4Address) -> int:
        """See :class:`lanrage.net.tunnel_side.TunnelSide`."""
        self.sent.append((packet, to))
        return self.error

    def listen(self, ports: Collection[int]) -> None:
        """See :class:`lanrage.net.tunnel_side.TunnelSide`."""
        if self.refusal is not None:
            raise self.refusal
        self.ports = frozenset(ports)

    def close(self) -> None:
        """See :class:`lanrage.net.tunnel_side.TunnelSide`."""
        self.heard, self.ports = None, frozenset()


@attrs.define
class MemoryTable:
    """The rules, as they were asked for.

    :ivar waits: what the last change waits for.
    """

    ports: frozenset[int] = frozenset()
    places: dict[int, IPv4Address] = attrs.field(factory=dict)
    waits: Deferred[None] = attrs.field(factory=lambda: succeed(None))

    def open(self) -> None:
        """See :class:`lanrage.net.lan_table.LanTable`."""

    def serve(self, ports: frozenset[int]) -> Deferred[None]:
        """See :class:`lanrage.net.lan_table.LanTable`."""
        self.ports = ports
        return self.waits

    def translate(self, places: Mapping[int, IPv4Address]) -> Deferred[None]:
        """See :class:`lanrage.net.lan_table.LanTable`."""
        self.places = dict(places)
        return self.waits

    def close(self) -> Deferred[None]:
        """See :class:`lanrage.net.lan_table.LanTable`."""
        self.ports, self.places = frozenset(), {}
        return succeed(None)
