"""Hears servers announce themselves in what the LAN plane carries (``docs/servers.rst``).

Every carried frame passes here, so what is no announcement costs two look-ups by its ports.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from ipaddress import IPv4Address
from types import MappingProxyType
from typing import Protocol

import attrs
from twisted.logger import Logger

from lanrage.app.lan_interest import LanInterest
from lanrage.app.lan_stages import Incoming, Outgoing, Travelled
from lanrage.core.budget import Budget
from lanrage.core.game_server import ServerFacts
from lanrage.core.interest import Opened
from lanrage.core.lan_frames import Frame, PartyLan, Udp
from lanrage.errors import DecodeError

# Protocols have methods without a body.
# pylint: disable=missing-function-docstring,too-few-public-methods

READ_RATE, READ_BURST = 20.0, 60.0
"""Announcements a second, and at once, that are read of one member: sixteen servers with a beacon a second fit, and a
member that sends more costs no more."""
ALL_RATE, ALL_BURST = 100.0, 300.0
"""Likewise of all members together, of those that are not known by their bytes: the slowest to read takes most of a
millisecond."""
REMEMBERED = 256
"""Announcements that are known by their bytes: most are repeated unchanged."""

REMEMBERED_BYTES = 1500
"""Longer ones are read each time."""

log = Logger()


class Reads(Protocol):
    """What is asked of a format (:class:`lanrage.wire.games.Format`)."""

    @property
    def name(self) -> str: ...

    @property
    def announced_at(self) -> tuple[int, ...]: ...

    def read(self, payload: bytes, source_port: int) -> ServerFacts | None: ...


class HearingPlane(Protocol):
    """What is asked of the LAN plane (:class:`lanrage.app.lan.LanPlane`)."""

    incoming: Incoming
    outgoing: Outgoing

    @property
    def lan(self) -> PartyLan: ...

    def now(self) -> float: ...

    def part(self, kind: type[LanInterest]) -> LanInterest | None: ...


Heard = Callable[[IPv4Address, int, ServerFacts, bool], None]
"""Takes (the sender's party address, the port that it came from, what it said, whether it was sent just now: no lease
repeated it)."""


@attrs.define
class EarCounters:
    """What came of announcements.

    :ivar read: announcements of a server.
    :ivar broken: by format: payloads that it should have been able to read.
    :ivar shed: not read since a member sent too many.
    """

    read: int = 0
    broken: Counter[str] = attrs.field(factory=Counter)
    shed: int = 0


class ServerEar:
    """Reads announcements, as far as one LAN plane carries them.

    :param formats: by name.
    :param heard: is called for each.
    :param answered_from: ports from which servers answer by broadcast who asked by broadcast, by the format's name.
    """

    def __init__(
        self,
        formats: Mapping[str, Reads],
        heard: Heard,
        answered_from: Mapping[str, tuple[int, ...]] = MappingProxyType({}),
    ) -> None:
        self._at: dict[int, tuple[Reads, ...]] = {}
        self._from: dict[int, tuple[Reads, ...]] = {}
        for each in formats.values():
            for port in each.announced_at:
                self._at[port] = (*self._at.get(port, ()), each)
            for port in answered_from.get(each.name, ()):
                self._from[port] = (*self._from.get(port, ()), each)
        self._heard = heard
        self._allowed: Budget[IPv4Address] = Budget(READ_RATE, READ_BURST)
        self._all: Budget[str] = Budget(ALL_RATE, ALL_BURST)
        self._known: dict[tuple[bytes, int, int], ServerFacts | None] = {}
        self._came: Frame | None = None
        self._told: set[str] = set()
        self.counters = EarCounters()
        self._plane: HearingPlane | None = None
        self._ends: Callable[[], None] = lambda: None

    @property
    def ports(self) -> frozenset[int]:
        """Where servers announce themselves."""
        return frozenset(self._at)

    def attach(self, plane: HearingPlane, groups: frozenset[IPv4Address] = frozenset()) -> None:
        """Hear what this plane carries, and let the members send it although no game here waits for it.

        :param groups: multicast groups in which servers announce themselves.
        """
        self.detach()
        self._plane = plane
        plane.incoming.came.append(self.came)
        plane.incoming.written.append(self.received)
        plane.outgoing.sending.append(self.sent)
        interest = plane.part(LanInterest)
        if interest is not None:
            opened = Opened(frozenset((-port, port) for port in self._at), groups)  # no inode is negative
            self._ends = interest.add_look(lambda fresh: opened)

    def detach(self) -> None:
        """Hear it no more; harmless where nothing was attached."""
        plane, self._plane = self._plane, None
        if plane is not None:
            plane.incoming.came.remove(self.came)
            plane.incoming.written.remove(self.received)
            self._came = None
            plane.outgoing.sending.remove(self.sent)
            self._ends()
            self._ends = lambda: None

    def came(self, frame: Frame, travelled: Travelled) -> None:
        """A member sent a frame just now; the LAN card has not taken it yet."""
        del travelled
        self._came = frame

    def received(self, frame: Frame, origin: IPv4Address) -> None:
        """A member's frame was let in here, carried just now or repeated by a lease."""
        content = frame.content
        if not isinstance(content, Udp):
            return
        formats = self._at.get(content.destination_port) or self._from.get(content.source_port)
        if formats is not None and self._plane is not None:
            self._take(content, formats, origin, self._plane.now(), frame is self._came)

    def sent(self, frame: Frame, now: float) -> None:
        """A game of this machine sent a frame."""
        content = frame.content
        if not isinstance(content, Udp):
            return
        formats = self._at.get(content.destination_port) or self._from.get(content.source_port)
        if formats is not None and self._plane is not None:
            self._take(content, formats, self._plane.lan.address, now, True)

    def _take(self, content: Udp, formats: tuple[Reads, ...], origin: IPv4Address, now: float, fresh: bool) -> None:
        if not self._allowed.allow(origin, now):
            self.counters.shed += 1
            return
        key = content.payload, content.source_port, content.destination_port
        if key in self._known:
            facts = self._known[key]
        elif not self._all.allow("", now):
            self.counters.shed += 1
            return
        else:
            facts = self._read(content, formats)
            if len(content.payload) <= REMEMBERED_BYTES:
                self._known[key] = facts
            if len(self._known) > REMEMBERED:
                del self._known[next(iter(self._known))]
        if facts is not None:
            self.counters.read += 1
            self._heard(origin, content.source_port, facts, fresh)

    def _read(self, content: Udp, formats: tuple[Reads, ...]) -> ServerFacts | None:
        for each in formats:
            try:
                facts = each.read(content.payload, content.source_port)
            except DecodeError:
                self.counters.broken[each.name] += 1
            except Exception:  # a member's bytes found a bug  # pylint: disable=broad-exception-caught
                self.counters.broken[each.name] += 1
                if each.name not in self._told:
                    self._told.add(each.name)
                    log.failure("an announcement of the format {name} could not be read", name=each.name)
            else:
                if facts is not None:
                    return facts
        return None
