"""Where the parts of the LAN plane put themselves in: decisions on a frame, and what a part may ask of the plane.

A plane without parts carries every frame that the rules let through to every member. Each part (leases, interest,
limits, the visibility probe) replaces decisions of :class:`Outgoing` and :class:`Incoming`, and takes the messages of
its kind; none knows of another.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from ipaddress import IPv4Address
from typing import Protocol

import attrs

from lanrage.core.lan_frames import Drop, Frame, PartyLan
from lanrage.wire.frames import Kind

# Protocols have methods without a body.
# pylint: disable=missing-function-docstring

Taker = Callable[[bytes, IPv4Address, float], Drop | None]
"""Takes a message of one kind from a member (its bytes, the member's party address, the time); a reason refuses it."""


def _no_refusal(_frame: Frame, _now: float) -> Drop | None:
    return None


def _not_leased(_frame: Frame, _data: bytes, _now: float) -> Collection[IPv4Address]:
    return ()


def _wanted(_member: IPv4Address, _frame: Frame, _now: float) -> bool:
    return True


def _admitted(_frame: Frame, _origin: IPv4Address, _now: float) -> Drop | None:
    return None


def _not_repeated(_frame: Frame, _origin: IPv4Address, _now: float) -> bool:
    return False


@attrs.define
class Outgoing:
    """Decisions on a frame that this machine sent and the rules let through, in this order.

    :ivar limit: why it is shed, or ``None``.
    :ivar leased: the members that repeat it by themselves (the frame as value and as bytes); asked once.
    :ivar wanted: whether a member has any use for it; asked for each member.
    """

    limit: Callable[[Frame, float], Drop | None] = _no_refusal
    leased: Callable[[Frame, bytes, float], Collection[IPv4Address]] = _not_leased
    wanted: Callable[[IPv4Address, Frame, float], bool] = _wanted


@attrs.define
class Incoming:
    """Decisions on what members sent.

    :ivar admit: why a frame of this member that the rules let through is shed, or ``None``.
    :ivar repeated: whether this machine has already repeated the frame that this member carried, by a lease.
    :ivar takers: who takes the messages of each kind but :attr:`~lanrage.wire.frames.Kind.FRAME`.
    """

    admit: Callable[[Frame, IPv4Address, float], Drop | None] = _admitted
    repeated: Callable[[Frame, IPv4Address, float], bool] = _not_repeated
    takers: dict[Kind, Taker] = attrs.field(factory=dict)


class Plane(Protocol):
    """What a part may ask of the plane: :class:`lanrage.app.lan.LanPlane`."""

    outgoing: Outgoing
    incoming: Incoming

    @property
    def lan(self) -> PartyLan: ...

    def say(self, kind: Kind, message: bytes, to: Collection[IPv4Address]) -> None: ...

    def inject(self, frame: bytes, origin: IPv4Address) -> bool: ...

    def now(self) -> float: ...

    def path_dead(self, member: IPv4Address) -> bool: ...


class LanPart(Protocol):
    """A part of the plane, started after its card, port and ways are open, stopped before they close."""

    def start(self) -> None: ...

    def stop(self) -> Awaitable[None] | None: ...

    def set_members(self, lan: PartyLan) -> None: ...

    def counters(self) -> dict[str, int]: ...
