"""The rooms of games beside the LAN card: what members send reaches both, what a game sends there is carried too."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from ipaddress import IPv4Address
from typing import Protocol

import attrs
from twisted.logger import Logger

from lanrage.core.room import RoomPlan

# Protocols have methods without a body.
# pylint: disable=missing-function-docstring

log = Logger()


class Room(Protocol):
    """A room's card: :class:`lanrage.net.room_card.RoomCard`."""

    @property
    def index(self) -> int: ...

    def open(
        self,
        plan: RoomPlan,
        namespace: int,
        receive: Callable[[bytes], None],
        members: Callable[[], Iterable[IPv4Address]],
        outward: str = "",
    ) -> Awaitable[None]: ...

    def write(self, frame: bytes) -> bool: ...

    def close(self) -> Awaitable[None]: ...


@attrs.define
class Rooms:
    """The cards that hear what the LAN card hears.

    :param write_card: gives a frame to the LAN card; false where it was not taken.
    :ivar on_change: called when a room was opened or closed.
    """

    write_card: Callable[[bytes], bool]
    on_change: list[Callable[[], object]] = attrs.field(factory=list)
    _open: dict[Room, Callable[[], None]] = attrs.field(factory=dict)
    _networks: dict[Room, int] = attrs.field(factory=dict)

    def __len__(self) -> int:
        """How many are open: while there is one, this machine's tables do not show every game's sockets."""
        return len(self._open)

    @property
    def networks(self) -> frozenset[int]:
        """The network namespaces of those that are open, by their inodes."""
        return frozenset(self._networks.values())

    def add(self, room: Room, closed: Callable[[], None], network: int = 0) -> None:
        """From now on it hears what members send.

        :param closed: called when it is closed, by whomever.
        :param network: inode of its network namespace.
        """
        self._open[room] = closed
        self._networks[room] = network
        self._tell()

    def write(self, frame: bytes) -> bool:
        """Let the LAN card and all rooms receive a frame; whether one of them took it."""
        taken = self.write_card(frame)
        for room in self._open:
            taken = room.write(frame) or taken
        return taken

    async def remove(self, room: Room) -> None:
        """Close a room; one that is closed is no error."""
        closed = self._open.pop(room, None)
        self._networks.pop(room, None)
        if closed is not None:
            closed()
            self._tell()
            await room.close()

    def _tell(self) -> None:
        for tell in self.on_change:
            tell()

    async def close(self) -> None:
        """Close all."""
        for room in list(self._open):
            try:
                await self.remove(room)
            except Exception:  # pylint: disable=broad-exception-caught  # one that fails keeps no other open
                log.failure("a room failed to close")
