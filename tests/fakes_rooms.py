"""A node's rooms in memory, and a room's card that keeps what it would hear."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address
from typing import Any

import attrs
import msgspec

from lanrage.app.caller import Caller
from lanrage.app.operations_run import RoomOpened
from lanrage.core.room import RoomPlan


def opened() -> RoomOpened:
    """What a node says of a room."""
    return RoomOpened("eth0", "10.66.0.1/24", 1280, "")


class FakeRooms:
    """Notes what it was given, and answers as the real one does."""

    def _enter(self, *call: Any) -> None:
        raise NotImplementedError

    async def open_room(self, *, internet: bool, caller: Caller) -> dict[str, Any]:
        """See :class:`IRoomNode`."""
        descriptor = caller.take("namespace")
        inode = os.fstat(descriptor).st_ino
        os.close(descriptor)
        caller.when_gone(lambda: self._enter("room_gone"))
        self._enter("open_room", internet, inode)
        plain: dict[str, Any] = msgspec.to_builtins(opened())
        return plain


@attrs.define(eq=False)
class MemoryRoom:
    """A room's card.

    :ivar fails: raised by :meth:`open`.
    :ivar full: it takes no frame.
    """

    index: int = 9
    plan: RoomPlan | None = None
    outward: str = ""
    receive: Callable[[bytes], None] | None = None
    members: Callable[[], Iterable[IPv4Address]] | None = None
    fails: Exception | None = None
    fails_to_close: Exception | None = None
    full: bool = False
    written: list[bytes] = attrs.field(factory=list)
    closed: int = 0

    async def open(
        self,
        plan: RoomPlan,
        namespace: int,
        receive: Callable[[bytes], None],
        members: Callable[[], Iterable[IPv4Address]],
        outward: str = "",
    ) -> None:
        """See :class:`lanrage.app.lan_rooms.Room`."""
        os.fstat(namespace)  # it is open
        if self.fails is not None:
            raise self.fails
        self.plan, self.outward, self.receive, self.members = plan, outward, receive, members

    def write(self, frame: bytes) -> bool:
        """See :class:`lanrage.app.lan_rooms.Room`."""
        if not self.full:
            self.written.append(frame)
        return not self.full

    async def close(self) -> None:
        """See :class:`lanrage.app.lan_rooms.Room`."""
        self.closed += 1
        self.receive = None
        if self.fails_to_close is not None:
            raise self.fails_to_close
