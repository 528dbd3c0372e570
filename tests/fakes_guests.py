"""What guests need, in memory: a tunnel device's side, what the ledger says, and the part of a fake node."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address
from typing import Any

import attrs
import msgspec

from lanrage.app.guest_results import GuestAdded, GuestRemoved, GuestShown, GuestsShown
from lanrage.app.party_channel import ChannelExtra
from lanrage.core.party_guests import Guest, Resting
from lanrage.wire import party_channel as wire

CONFIG = "[Interface]\nPrivateKey = c2VjcmV0\n"
PHONE = GuestShown("phone", "10.66.0.254", "Ann", 1.8e9, True, 12.0, 4096, 8192)
DECK = GuestShown("deck", "10.66.0.253", "Ben", 1.8e9, False)


@attrs.define
class MemorySide:
    """See :class:`lanrage.net.guest_port.GuestPort`.

    :ivar heard: whom it hears now.
    :ivar sent: (guest, packet).
    :ivar broken: raised when it is opened.
    :ivar deaf: guests that WireGuard has no endpoint for.
    """

    receive: Callable[[bytes], None] | None = None
    heard: frozenset[IPv4Address] = frozenset()
    sent: list[tuple[IPv4Address, bytes]] = attrs.field(factory=list)
    broken: Exception | None = None
    deaf: set[IPv4Address] = attrs.field(factory=set)

    @property
    def is_open(self) -> bool:
        """Opened and not closed."""
        return self.receive is not None

    def open(self, receive: Callable[[bytes], None]) -> None:
        """See :meth:`GuestPort.open`."""
        if self.broken is not None:
            raise self.broken
        self.receive = receive

    def hear(self, guests: frozenset[IPv4Address], broadcast: IPv4Address) -> None:
        """See :meth:`GuestPort.hear`."""
        assert broadcast == IPv4Address("10.66.0.255")
        self.heard = guests

    def send(self, packet: bytes, guest: IPv4Address) -> bool:
        """See :meth:`GuestPort.send`."""
        if guest not in self.deaf:
            self.sent.append((guest, packet))
        return guest not in self.deaf

    def close(self) -> None:
        """See :meth:`GuestPort.close`."""
        self.receive, self.heard = None, frozenset()


@attrs.define
class MemoryDismissals:
    """See :class:`lanrage.app.guest_session.Pending`; nothing is told by itself.

    :ivar left: what an earlier session left.
    """

    left: frozenset[bytes] = frozenset()
    pending: frozenset[bytes] = frozenset()
    changed: Callable[[], object] = lambda: None
    running: bool = False

    async def load(self) -> None:
        """See :class:`Pending`."""
        self.pending |= self.left
        self.running = True

    async def add(self, key: bytes) -> None:
        """See :class:`Pending`."""
        self.pending |= {key}

    async def told(self, key: bytes) -> None:
        """See :class:`Pending`."""
        self.pending -= {key}

    def later(self) -> None:
        """See :class:`Pending`."""

    def stop(self) -> None:
        """See :class:`Pending`."""
        self.running = False


@attrs.define
class MemoryChannel:
    """See :class:`lanrage.app.guest_serving.Channel`.

    :ivar said: (to whom, what).
    """

    extras: list[ChannelExtra] = attrs.field(factory=list)
    said: list[tuple[bytes, wire.Message]] = attrs.field(factory=list)

    def say(self, identity: bytes, message: wire.Message) -> None:
        """See :class:`Channel`."""
        self.said.append((identity, message))


@attrs.define
class MemorySource:
    """See :class:`lanrage.app.guest_session.GuestSource`.

    :param clock: tells the time of the world, too.
    :ivar resting: keys of guests that take no part.
    :ivar broken: raised by the next question.
    """

    clock: Callable[[], float]
    all: list[Guest] = attrs.field(factory=list)
    resting: set[bytes] = attrs.field(factory=set)
    allows: bool = True
    broken: Exception | None = None
    dismissals: MemoryDismissals = attrs.field(factory=MemoryDismissals)

    def guests(self) -> list[tuple[Guest, Resting | None]]:
        """Those whose time is not over."""
        broken, self.broken = self.broken, None
        if broken is not None:
            raise broken
        living = [guest for guest in self.all if guest.expires > self.clock()]
        return [(guest, Resting.BRINGER if guest.key in self.resting else None) for guest in living]

    def serves(self) -> bool:
        """What the settings say."""
        return self.allows

    def now(self) -> float:
        """The clock's."""
        return self.clock()


class FakeGuests:
    """The part of a fake node that has guests."""

    def _enter(self, *call: Any) -> None:
        raise NotImplementedError

    async def add_guest(
        self, *, name: str, expires_hours: float, via: str, address: str, plain: bool
    ) -> dict[str, Any]:
        """See :class:`IGuestNode`."""
        self._enter("add_guest", name, expires_hours, via, address, plain)
        doubt = "" if address else "it is not known yet whether its router lets strangers in"
        return _plain(GuestAdded(PHONE, CONFIG, address or "192.0.2.7:51820", doubt, ["Ben"]))

    async def list_guests(self) -> dict[str, Any]:
        """See :class:`IGuestNode`."""
        self._enter("list_guests")
        return _plain(GuestsShown([PHONE, DECK]))

    async def remove_guest(self, *, name: str, via: str) -> dict[str, Any]:
        """See :class:`IGuestNode`."""
        self._enter("remove_guest", name, via)
        return _plain(GuestRemoved(name, 1, "do this again later" if via else ""))


def _plain(value: msgspec.Struct) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(value)
    return plain
