"""Operations on devices that take part through a member, for the table in :mod:`lanrage.app.operations`."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Annotated, Any

from msgspec import Meta
from zope.interface import Interface

from lanrage.app.guest_results import GuestAdded, GuestRemoved, GuestsShown
from lanrage.app.operation import NameText, Nothing, Operation, Request
from lanrage.core.party_guests import LIFE_LIMIT

GUEST_HOURS = 168.0
"""A week: from one game night to the next."""
GUEST_HOURS_LIMIT = LIFE_LIMIT // 3600
ServedBy = Annotated[
    str,
    Meta(max_length=64, description="the name of a member, or at least 4 digits of its fingerprint; empty: this one"),
]


class AddGuest(Request, frozen=True):
    """Arguments of ``party.guest_add``."""

    name: NameText
    expires_hours: Annotated[
        float, Meta(gt=0, le=GUEST_HOURS_LIMIT, description=f"more than 0, at most {GUEST_HOURS_LIMIT}")
    ] = GUEST_HOURS
    via: ServedBy = ""
    address: Annotated[
        str, Meta(max_length=260, description="HOST or HOST:PORT of the serving member; empty: as it is known")
    ] = ""
    plain: Annotated[bool, Meta(description="true: the device keeps 255.255.255.255 and multicast to itself")] = False


class RemoveGuest(Request, frozen=True):
    """Arguments of ``party.guest_remove``."""

    name: NameText
    via: ServedBy = ""


class IGuestNode(Interface):
    """What a node does for devices without LANrage; see :class:`lanrage.app.operations.INode`."""

    # Interface methods have no self and no body.
    # pylint: disable=no-self-argument,no-method-argument

    def add_guest(*, name: str, expires_hours: float, via: str, address: str, plain: bool) -> Awaitable[dict[str, Any]]:
        """Bring a guest; the result is a :class:`GuestAdded`.

        :param via: the member that serves it; empty: this one.
        """

    def list_guests() -> Awaitable[dict[str, Any]]:
        """All guests; the result is a :class:`GuestsShown`."""

    def remove_guest(*, name: str, via: str) -> Awaitable[dict[str, Any]]:
        """Dismiss a guest; the result is a :class:`GuestRemoved`.

        :param via: only the way through this member; empty: all.
        """


GUESTS = (
    Operation(
        "party.guest_add",
        AddGuest,
        GuestAdded,
        "add_guest",
        "Let a device with the stock WireGuard application take part, through this node or another member's.",
        "lanrage party guest add phone --expires 12",
    ),
    Operation(
        "party.guest_list",
        Nothing,
        GuestsShown,
        "list_guests",
        "Show the party's guests, and when those of this node were here.",
        "lanrage party guest list",
        reads=True,
    ),
    Operation(
        "party.guest_remove",
        RemoveGuest,
        GuestRemoved,
        "remove_guest",
        "Let a guest in no more, at once, with all its ways in.",
        "lanrage party guest remove phone",
    ),
)
"""Rows of the table."""
