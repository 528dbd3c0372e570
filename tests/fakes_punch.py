"""Birthday probing's sockets and table in memory, on a host of :mod:`tests.fakes_underlay`."""

from __future__ import annotations

from collections.abc import Callable

import attrs
from twisted.internet.defer import Deferred

from lanrage.core.links import Endpoint
from lanrage.errors import LanrageError
from tests.fakes_underlay import Host, Underlay

FIRST_SOCKET = 60000
"""Port of the first socket of a host."""


@attrs.define(eq=False)
class PunchHost(Host):
    """A machine whose ports can be rewritten and that has sockets of its own.

    :ivar rewritten: for a peer, WireGuard's port and the one that its packets leave from.
    :ivar sockets: what listens at a port, and to whom it is connected.
    """

    rewritten: dict[Endpoint, tuple[int, int]] = attrs.field(factory=dict)
    sockets: dict[int, tuple[Endpoint, Callable[[bytes], None]]] = attrs.field(factory=dict)

    def out(self, port: int, to: Endpoint) -> Endpoint:
        """See :class:`tests.fakes_underlay.Host`."""
        wireguard, local = self.rewritten.get(to, (0, 0))
        return Host.out(self, local if port == wireguard else port, to)

    def arrive(self, port: int, payload: bytes, source: Endpoint) -> None:
        """See :class:`tests.fakes_underlay.Host`."""
        wireguard, local = self.rewritten.get(source, (0, 0))
        if port == local:
            Host.arrive(self, wireguard, payload, source)
        elif port in self.sockets and self.sockets[port][0] == source:
            self.sockets[port][1](payload)
        else:
            Host.arrive(self, port, payload, source)


@attrs.define(eq=False)
class MemorySockets:
    """See :class:`lanrage.net.punch_sockets.PunchSockets`.

    :ivar refuses: opening fails with this.
    """

    underlay: Underlay
    host: PunchHost
    refuses: LanrageError | None = None
    ports: list[int] = attrs.field(factory=list)
    to: Endpoint = Endpoint("0.0.0.0", 1)

    def open(self, count: int, to: Endpoint, receive: Callable[[int, bytes], None]) -> None:
        """Open sockets towards an address."""
        if self.refuses is not None:
            raise self.refuses
        self.to = to
        free = (port for port in range(FIRST_SOCKET, 65536) if port not in self.host.sockets)
        for place in range(count):
            self.ports.append(next(free))
            self.host.sockets[self.ports[-1]] = (to, lambda payload, place=place: receive(place, payload))  # type: ignore[misc]

    def send(self, place: int, payload: bytes) -> None:
        """Send from one."""
        self.underlay.send(self.host, self.ports[place], payload, self.to)

    def keep(self, place: int) -> int:
        """Close all but one."""
        kept = self.ports.pop(place)
        self.close()
        self.ports = [kept]
        self.host.sockets[kept] = (self.to, lambda payload: None)
        return kept

    def close(self) -> None:
        """Close all."""
        for port in self.ports:
            self.host.sockets.pop(port, None)
        self.ports = []


@attrs.define(eq=False)
class MemoryTable:
    """See :class:`lanrage.net.punch_table.PunchTable`.

    :ivar refuses: adding fails with this, and finding out whether it would not.
    :ivar promises: only adding fails.
    :ivar held: while set, adding waits for it.
    :ivar closing: likewise closing.
    """

    host: PunchHost
    refuses: LanrageError | None = None
    held: Deferred[None] | None = None
    closing: Deferred[None] | None = None
    promises: bool = False

    async def ready(self, port: int) -> None:
        """Find out whether ways can be added."""
        del port
        if self.refuses is not None and not self.promises:
            raise self.refuses

    async def add(self, peer: Endpoint, local: int, port: int) -> None:
        """Let WireGuard send to `peer` from the port `local`."""
        if self.held is not None:
            await self.held
        if self.refuses is not None:
            raise self.refuses
        self.host.rewritten[peer] = (port, local)

    async def remove(self, peer: Endpoint) -> None:
        """Take a way back."""
        self.host.rewritten.pop(peer, None)

    async def close(self) -> None:
        """Take all back."""
        if self.closing is not None:
            await self.closing
        self.host.rewritten.clear()
