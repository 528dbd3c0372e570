"""The operation behind ``lanrage run``, for the table in :mod:`lanrage.app.operations` (``docs/run.rst``)."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Annotated, Any

from msgspec import Meta
from zope.interface import Interface

from lanrage.app.caller import Caller
from lanrage.app.operation import Operation, Request
from lanrage.app.results import Result


class RoomOpened(Result, frozen=True):
    """A room has the party's card.

    :param device: the card's name in the room; it has no address there yet.
    :param address: the party address with the prefix length of the party's network.
    :param gateway: where a default route leads; empty without internet.
    """

    device: str
    address: str
    mtu: int
    gateway: str


class OpenRoom(Request, frozen=True):
    """Arguments of ``run.open``."""

    internet: Annotated[bool, Meta(description="true or false: with the internet beside the party")] = False


class IRoomNode(Interface):
    """What a node does for a game in a room; see :class:`lanrage.app.operations.INode`."""

    # Interface methods have no self and no body.
    # pylint: disable=no-self-argument,no-method-argument

    def open_room(*, internet: bool, caller: Caller) -> Awaitable[dict[str, Any]]:
        """Plug the party's card into the caller's network namespace; the result is a :class:`RoomOpened`.

        The card is there until the caller's connection ends.
        """


RUN = (
    Operation(
        "run.open",
        OpenRoom,
        RoomOpened,
        "open_room",
        "Plug the party's card into a network namespace of the caller's, sent as a descriptor with the call, "
        "until the connection ends.",
        "lanrage run -- GAME",
        held=True,
        local=True,
    ),
)
"""The operation of ``lanrage run``."""
