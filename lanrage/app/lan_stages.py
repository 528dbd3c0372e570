"""Where the parts of the LAN plane put themselves in: decisions on a frame, and what a part may ask of the plane.

A plane without parts carries every frame that the rules let through to every member. Each part (leases, interest,
limits, the visibility probe) replaces decisions of :class:`Outgoing` and :class:`Incoming`, and takes the messages of
its kind; none knows of another.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sized
from ipaddress import IPv4Address
from typing import Protocol

import attrs

from lanrage.core.lan_frames import Drop, Frame, PartyLan
from lanrage.wire.frames import Kind

# Protocols have methods without a body.
# pylint: disable=missing-function-docstring

Taker = Callable[[bytes, IPv4Address, float], Drop | None]
"""Takes a message of one kind from a member (its bytes, the member's party address, the time); a reason refuses it."""


Addresses = Collection[IPv4Address]


@attrs.frozen
class Travelled:
    """How a frame came.

    :param origin: party address of the member that it is from.
    :param nonce: boot nonce of the origin.
    :param sequence: number of the frame there.
    :param hops: how many members may still carry it, from 1.
    :param data: the frame's bytes.
    """

    origin: IPv4Address
    nonce: int
    sequence: int
    hops: int
    data: bytes


def _no_refusal(_frame: Frame, _now: float) -> Drop | None:
    return None


def _not_leased(_frame: Frame, _data: bytes, _now: float) -> bool:
    return False


def _wanted(_member: IPv4Address, _frame: Frame, _now: float) -> bool:
    return True


def _admitted(_frame: Frame, _origin: IPv4Address, _now: float) -> Drop | None:
    return None


def _all_directly(members: Addresses, _now: float) -> tuple[Addresses, Addresses]:
    return members, ()


def _not_relayed(_origin: IPv4Address, _sender: IPv4Address) -> bool:
    return False


@attrs.define
class Outgoing:
    """Decisions on a frame that this machine sent and the rules let through, in this order.

    :ivar limit: why it is shed, or ``None``.
    :ivar leased: whether the members repeat it by themselves (the frame as value and as bytes).
    :ivar wanted: whether a member has any use for it; asked for each member.
    :ivar around: of the members that want it, those to whom this machine sends it itself, and those who get it with
        one hop more, to bring it to the rest.

    Told of what happens, and deciding nothing:

    :ivar sending: each frame that is not shed, before anything of it leaves.
    :ivar carried: each frame that was handed to the tunnel, and for whom the kernel took it.
    """

    limit: Callable[[Frame, float], Drop | None] = _no_refusal
    leased: Callable[[Frame, bytes, float], bool] = _not_leased
    wanted: Callable[[IPv4Address, Frame, float], bool] = _wanted
    around: Callable[[Addresses, float], tuple[Addresses, Addresses]] = _all_directly
    sending: list[Callable[[Frame, float], None]] = attrs.field(factory=list)
    carried: list[Callable[[Frame, Addresses], None]] = attrs.field(factory=list)


@attrs.define
class Incoming:
    """Decisions on what members sent.

    :ivar admit: why a frame of this member that the rules let through is shed, or ``None``.
    :ivar takers: who takes the messages of each kind but :attr:`~lanrage.wire.frames.Kind.FRAME`.
    :ivar relays: whether a frame of one member (the first) may come from another (the second).

    Told of what happens, and deciding nothing:

    :ivar came: each frame of a member that the rules let through, with the hops that it has left.
    :ivar written: each frame that the LAN card took.
    """

    admit: Callable[[Frame, IPv4Address, float], Drop | None] = _admitted
    takers: dict[Kind, Taker] = attrs.field(factory=dict)
    relays: Callable[[IPv4Address, IPv4Address], bool] = _not_relayed
    came: list[Callable[[Frame, Travelled], None]] = attrs.field(factory=list)
    written: list[Callable[[Frame, IPv4Address], None]] = attrs.field(factory=list)


class Plane(Protocol):
    """What a part may ask of the plane: :class:`lanrage.app.lan.LanPlane`."""

    outgoing: Outgoing
    incoming: Incoming
    host: IPv4Address | None

    @property
    def lan(self) -> PartyLan: ...

    @property
    def rooms(self) -> Sized: ...

    def say(self, kind: Kind, message: bytes, to: Collection[IPv4Address]) -> None: ...

    def inject(self, frame: bytes, origin: IPv4Address) -> bool: ...

    def pass_on(self, frame: Travelled, to: Collection[IPv4Address]) -> int: ...

    def now(self) -> float: ...


class LanPart(Protocol):
    """A part of the plane, started after its card, port and ways are open, stopped before they close."""

    def start(self) -> None: ...

    def stop(self) -> Awaitable[None] | None: ...

    def set_members(self, lan: PartyLan) -> None: ...

    def counters(self) -> dict[str, int]: ...
