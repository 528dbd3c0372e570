"""Where the parts of the LAN plane put themselves in: decisions on a frame, and what a part may ask of the plane.

A plane without parts carries every frame that the rules let through to every member. Each part (leases, interest,
limits, the visibility probe) replaces decisions of :class:`Outgoing` and :class:`Incoming`, and takes the messages of
its kind; none knows of another.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable
from ipaddress import IPv4Address
from typing import Protocol

import attrs
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from lanrage.core.lan_frames import Drop, Frame, PartyLan, Udp
from lanrage.wire.frames import Kind

# Protocols have methods without a body.
# pylint: disable=missing-function-docstring

log = Logger()

Taker = Callable[[bytes, IPv4Address, float], Drop | None]
"""Takes a message of one kind from a member (its bytes, the member's party address, the time); a reason refuses it."""


def _not_taken(_frame: bytes) -> bool:
    return False


def _not_looked_at(_datagram: Udp, _card: int, _now: float) -> Deferred[None] | None:
    return None


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


def _not_leased(_frame: Frame, _data: bytes, _now: float) -> Collection[IPv4Address]:
    return ()


def _wanted(_member: IPv4Address, _frame: Frame, _now: float) -> bool:
    return True


def _not_near(_member: IPv4Address, _card: int) -> bool:
    return False


def _admitted(_frame: Frame, _origin: IPv4Address, _now: float) -> Drop | None:
    return None


def _sockets_alone() -> bool:
    return False


def _not_shown(_frame: Frame, _origin: IPv4Address, _now: float) -> None:
    return


def _not_repeated(_frame: Frame, _origin: IPv4Address, _now: float) -> bool:
    return False


def _all_directly(members: Addresses, _now: float) -> tuple[Addresses, Addresses]:
    return members, ()


def _not_relayed(_origin: IPv4Address, _sender: IPv4Address) -> bool:
    return False


@attrs.define
class Outgoing:
    """What parts see of frames that this machine sent, and their decisions on what the rules let through, in order.

    :ivar take: whether a part deals with a frame of the LAN card by itself, before the rules.
    :ivar look: is shown each datagram that the rules let through as the game sent it (its real source), with the
        card's interface index (0: the LAN card). The datagram waits for what it returns, which never fails.
    :ivar limit: why it is shed, or ``None``.
    :ivar left_to_lan: whether a member hears the real card (by interface index) on which it was sent; asked for each
        member. Such a frame is not left to leases either.
    :ivar leased: the members that repeat it by themselves (the frame as value and as bytes); asked once.
    :ivar wanted: whether a member has any use for it; asked for each member.
    :ivar around: of the members that want it, those to whom this machine sends it itself, and those who get it with
        one hop more, to bring it to the rest.

    Told of what happens, and deciding nothing:

    :ivar sending: each frame that is not shed, before anything of it leaves.
    :ivar carried: each frame that was handed to the tunnel, and for whom the kernel took it.
    """

    take: Callable[[bytes], bool] = _not_taken
    look: Callable[[Udp, int, float], Deferred[None] | None] = _not_looked_at
    limit: Callable[[Frame, float], Drop | None] = _no_refusal
    left_to_lan: Callable[[IPv4Address, int], bool] = _not_near
    leased: Callable[[Frame, bytes, float], Collection[IPv4Address]] = _not_leased
    wanted: Callable[[IPv4Address, Frame, float], bool] = _wanted
    around: Callable[[Addresses, float], tuple[Addresses, Addresses]] = _all_directly
    sending: list[Callable[[Frame, float], None]] = attrs.field(factory=list)
    carried: list[Callable[[Frame, Addresses], None]] = attrs.field(factory=list)


@attrs.define
class Incoming:
    """Decisions on what members sent.

    :ivar admit: why a frame of this member that the rules let through is shed, or ``None``.
    :ivar shown: what else on this machine's network gets a frame that was admitted.
    :ivar hears_all: whether there is such, so that this machine's sockets do not tell what is of use here.
    :ivar repeated: whether this machine has already repeated the frame that this member carried, by a lease.
    :ivar takers: who takes the messages of each kind but :attr:`~lanrage.wire.frames.Kind.FRAME`.
    :ivar relays: whether a frame of one member (the first) may come from another (the second).

    Told of what happens, and deciding nothing:

    :ivar came: each frame of a member that the rules let through, with the hops that it has left.
    :ivar written: each frame that the LAN card took.
    """

    admit: Callable[[Frame, IPv4Address, float], Drop | None] = _admitted
    shown: Callable[[Frame, IPv4Address, float], None] = _not_shown
    hears_all: Callable[[], bool] = _sockets_alone
    repeated: Callable[[Frame, IPv4Address, float], bool] = _not_repeated
    takers: dict[Kind, Taker] = attrs.field(factory=dict)
    relays: Callable[[IPv4Address, IPv4Address], bool] = _not_relayed
    came: list[Callable[[Frame, Travelled], None]] = attrs.field(factory=list)
    written: list[Callable[[Frame, IPv4Address], None]] = attrs.field(factory=list)


class RoomsOpen(Protocol):
    """Rooms of games beside the LAN card: :class:`lanrage.app.lan_rooms.Rooms`."""

    on_change: list[Callable[[], object]]

    def __len__(self) -> int: ...


class Plane(Protocol):
    """What a part may ask of the plane: :class:`lanrage.app.lan.LanPlane`."""

    outgoing: Outgoing
    incoming: Incoming
    on_network: list[Callable[[], object]]
    pair_key: Callable[[IPv4Address], bytes | None]
    host: IPv4Address | None

    @property
    def lan(self) -> PartyLan: ...

    def carry(self, frame: Frame, card: int) -> None: ...
    @property
    def rooms(self) -> RoomsOpen: ...

    def say(self, kind: Kind, message: bytes, to: Collection[IPv4Address]) -> None: ...

    def inject(self, frame: bytes, origin: IPv4Address) -> bool: ...

    def pass_on(self, frame: Travelled, to: Collection[IPv4Address]) -> int: ...

    def now(self) -> float: ...

    def path_dead(self, member: IPv4Address) -> bool: ...


def tell_all(listeners: Iterable[Callable[..., None]], *what: object) -> None:
    """Tell parts of what happens; one that fails keeps no frame from going on."""
    for tell in listeners:
        try:
            tell(*what)
        except Exception:  # pylint: disable=broad-exception-caught
            log.failure("a part of the LAN plane failed")


class LanPart(Protocol):
    """A part of the plane, started after its card, port and ways are open, stopped before they close."""

    def start(self) -> None: ...

    def stop(self) -> Awaitable[None] | None: ...

    def set_members(self, lan: PartyLan) -> None: ...

    def counters(self) -> dict[str, int]: ...
