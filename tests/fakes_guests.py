"""What guests need, in memory: a tunnel device's side, what the ledger says, and the part of a fake node."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address
from typing import Any

import attrs
import msgspec

from lanrage.app.guest_results import GuestAdded, GuestRemoved, GuestShown, GuestsShown
from lanrage.core.party_guests import Guest

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
class MemorySource:
    """See :class:`lanrage.app.guest_session.GuestSource`.

    :param clock: tells the time of the world, too.
    """

    clock: Callable[[], float]
    all: list[Guest] = attrs.field(factory=list)

    def guests(self) -> list[Guest]:
        """Those whose time is not over."""
        return [guest for guest in self.all if guest.expires > self.clock()]

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
