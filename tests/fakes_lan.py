"""The LAN plane's neighbours in memory: card, port, capture, ways for multicast."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Interface

import attrs
from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer

from lanrage.core.lan_frames import Udp
from lanrage.interfaces import ILanCard


@implementer(ILanCard)
@attrs.define
class MemoryCard:
    """A card that keeps what the machine would receive."""

    name: str = "lanrage0"
    opened: IPv4Interface | None = None
    receive: Callable[[bytes], None] | None = None
    written: list[bytes] = attrs.field(factory=list)
    full: bool = False
    waits: Deferred[None] | None = None
    lost: Callable[[], None] | None = None

    async def open(
        self, address: IPv4Interface, receive: Callable[[bytes], None], lost: Callable[[], None] | None = None
    ) -> None:
        """See :meth:`lanrage.interfaces.ILanCard.open`; waits for :attr:`waits`, if set."""
        self.opened, self.receive, self.lost = address, receive, lost
        if self.waits is not None:
            await self.waits

    def write(self, frame: bytes) -> bool:
        """See :meth:`lanrage.interfaces.ILanCard.write`."""
        if not self.full:
            self.written.append(frame)
        return not self.full

    async def close(self) -> None:
        """See :meth:`lanrage.interfaces.ILanCard.close`."""
        self.opened = self.receive = None


@attrs.define
class MemoryPort:
    """A port that keeps what was sent.

    :ivar error: what the kernel answers to each send.
    :ivar fails: raised by :meth:`open`.
    """

    strangers: int = 0
    receive: Callable[[bytes, str], None] | None = None
    sent: list[tuple[str, bytes]] = attrs.field(factory=list)
    error: int = 0
    fails: Exception | None = None

    def open(self, receive: Callable[[bytes, str], None]) -> None:
        """See :meth:`lanrage.net.lan_port.LanPort.open`."""
        if self.fails is not None:
            raise self.fails
        self.receive = receive

    def send(self, payload: bytes, to: str) -> int:
        """See :meth:`lanrage.net.lan_port.LanPort.send`."""
        if not self.error:
            self.sent.append((to, payload))
        return self.error

    def close(self) -> None:
        """See :meth:`lanrage.net.lan_port.LanPort.close`."""
        self.receive = None


@attrs.define
class MemoryCapture:
    """A capture that shows what it is given."""

    receive: Callable[[int, bytes], None] | None = None

    def open(self, receive: Callable[[int, bytes], None]) -> None:
        """See :class:`lanrage.app.lan.Capture`."""
        self.receive = receive

    def close(self) -> None:
        """See :class:`lanrage.app.lan.Capture`."""
        self.receive = None


@attrs.define
class MemoryWays:
    """Ways for multicast that keep what they were given."""

    running: bool = False
    delivered: list[Udp] = attrs.field(factory=list)

    def start(self) -> None:
        """See :meth:`lanrage.net.multicast.MulticastWays.start`."""
        self.running = True

    def stop(self) -> Deferred[None]:
        """See :meth:`lanrage.net.multicast.MulticastWays.stop`."""
        self.running = False
        return succeed(None)

    def deliver(self, datagram: Udp) -> None:
        """See :meth:`lanrage.net.multicast.MulticastWays.deliver`."""
        self.delivered.append(datagram)
