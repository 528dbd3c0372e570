"""Keeps the LAN card in the IPv6 groups that games joined on real cards (``docs/protocol-lan.rst``).

An IPv6 socket hears a group that it joined on whatever card, as long as that card takes the group's frames (Linux
``inet6_mc_check`` compares addresses alone). So it is enough that somebody is a member on the LAN card: this socket is.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Collection
from contextlib import suppress
from ipaddress import IPv6Address
from pathlib import Path

import attrs
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from lanrage.core.groups6 import is_game_group6
from lanrage.errors import DecodeError
from lanrage.net.multicast import LOOK_SECONDS, LOOPBACK_INDEX
from lanrage.wire.igmp6 import parse_igmp6

IGMP6_TABLE = "/proc/net/igmp6"

MAX_GROUPS = 256
"""Groups at once; a machine with more joined has other purposes than games."""

ALL_NODES = IPv6Address("ff02::1")
"""Every card is in it."""

_MREQ6 = struct.Struct("@16sI")

log = Logger()


def _open() -> socket.socket:
    return socket.socket(socket.AF_INET6, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)


@attrs.define
class CardGroups6:
    """Joins and leaves on the LAN card as games do on real cards.

    :param clock: calls :meth:`look` every :data:`~lanrage.net.multicast.LOOK_SECONDS`.
    :param card_index: interface index of the LAN card.
    :param excluded: other indices that are no real cards: the tunnel.
    :param read: gives the table's content.
    :param make_socket: a socket that can be a member.
    :ivar joined: groups that the LAN card is in because of us.
    """

    clock: IReactorTime
    card_index: int
    excluded: Collection[int] = ()
    read: Callable[[], str] = lambda: Path(IGMP6_TABLE).read_text(encoding="ascii")
    make_socket: Callable[[], socket.socket] = _open
    joined: frozenset[IPv6Address] = attrs.field(default=frozenset(), init=False)
    _member: socket.socket | None = attrs.field(default=None, init=False)
    _blind: bool = attrs.field(default=False, init=False)
    _call: LoopingCall | None = attrs.field(default=None, init=False)

    def start(self) -> None:
        """Look now and then periodically."""
        self._member = self.make_socket()
        self._call = LoopingCall(self._look_safely)
        self._call.clock = self.clock
        self._call.start(LOOK_SECONDS).addErrback(lambda failure: log.failure("looking at groups ended", failure))

    def stop(self) -> None:
        """Look no more; the LAN card leaves the groups."""
        if self._call is not None and self._call.running:
            self._call.stop()
        if self._member is not None:
            self._member.close()
        self._call = self._member = None
        self.joined = frozenset()

    def look(self) -> None:
        """Read the table, join and leave.

        :raises OSError: when the table cannot be read.
        :raises DecodeError: when it is not what it should be.
        """
        others = {LOOPBACK_INDEX, self.card_index, *self.excluded}
        rows = parse_igmp6(self.read())
        groups = {row.group for row in rows if row.index not in others and is_game_group6(row.group)} - {ALL_NODES}
        wanted = frozenset(sorted(groups)[:MAX_GROUPS])
        for group in self.joined - wanted:
            self._ask(socket.IPV6_LEAVE_GROUP, group)
        left = self.joined & wanted
        self.joined = left | {group for group in wanted - left if self._ask(socket.IPV6_JOIN_GROUP, group)}

    def _ask(self, option: int, group: IPv6Address) -> bool:
        """False where the kernel takes no more; asked again at the next look."""
        if self._member is None:
            return False
        with suppress(OSError):
            self._member.setsockopt(socket.IPPROTO_IPV6, option, _MREQ6.pack(group.packed, self.card_index))
            return True
        return False

    def _look_safely(self) -> None:
        """A table that cannot be read now is read at the next look; nothing ends the looking."""
        try:
            self.look()
            self._blind = False
        except (OSError, DecodeError) as error:
            if not self._blind:  # once, not four times a second
                log.warn("IPv6 multicast groups cannot be read: {error}", error=error)
            self._blind = True
        except Exception:  # pylint: disable=broad-except
            log.failure("the look at IPv6 multicast groups failed")
