"""Watches which groups this machine's games joined, brings members' datagrams to them (``docs/protocol-lan.rst``)."""

from __future__ import annotations

import socket
import struct
import sys
from collections.abc import Callable, Collection
from contextlib import suppress
from ipaddress import IPv4Address
from pathlib import Path

import attrs
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from lanrage.core.lan_frames import Udp
from lanrage.core.multicast_plan import GroupOnCard, Scan, raw_ways, wanted_places
from lanrage.errors import DecodeError, MissingRight
from lanrage.net.adopt import Adopter
from lanrage.net.devices import NET_ADMIN_HINT
from lanrage.wire.fragments import cut_ipv4
from lanrage.wire.igmp import parse_igmp
from lanrage.wire.packets import write_ipv4
from lanrage.wire.udp_table import parse_unconnected

LOOK_SECONDS = 0.25
"""A game that opens its lobby sees the others within a second; one look reads one small file."""

IGMP_TABLE = "/proc/net/igmp"
UDP_TABLES = ("/proc/net/udp", "/proc/net/udp6")
LOOPBACK_INDEX = 1
RAW_MTU = 1280
"""Bytes; every card takes so much, and the kernel cuts no packet whose header we write."""

_MREQN = struct.Struct("=4s4si")

log = Logger()

Threads = Callable[[Callable[[], Scan]], "Deferred[Scan]"]


@attrs.define
class MulticastWays:
    """Adopts games' sockets as they join groups, and takes the raw way where that is not permitted.

    :param clock: calls :meth:`look` every :data:`LOOK_SECONDS`.
    :param adopter: of the LAN card.
    :param in_thread: runs a blocking call in a thread.
    :param excluded: interface indices besides loopback and the LAN card that are no real cards: the tunnel.
    :param read: gives the content of a file under ``/proc/net``.
    :param send_raw: sends (packet, group, interface index) by :class:`RawWay`.
    """

    clock: IReactorTime
    adopter: Adopter
    in_thread: Threads
    send_raw: Callable[[bytes, IPv4Address, int], None]
    excluded: Collection[int] = ()
    read: Callable[[str], str] = lambda name: Path(name).read_text(encoding="ascii")
    ways: dict[IPv4Address, int] = attrs.field(factory=dict, init=False)
    """Groups that take the raw way, and by which card."""

    last: Scan = attrs.field(factory=Scan, init=False)
    """What the last look at the sockets found."""

    _judged: dict[GroupOnCard, int] = attrs.field(factory=dict, init=False)
    """Groups on real cards at the last look at the sockets."""

    _seen: object = attrs.field(default=None, init=False)
    _blind: bool = attrs.field(default=False, init=False)
    _scanning: Deferred[None] | None = attrs.field(default=None, init=False)
    _call: LoopingCall | None = attrs.field(default=None, init=False)

    def start(self) -> None:
        """Look now and then periodically."""
        self._call = LoopingCall(self._look_safely)
        self._call.clock = self.clock
        self._call.start(LOOK_SECONDS).addErrback(lambda failure: log.failure("looking at groups ended", failure))

    def stop(self) -> Deferred[None]:
        """Look no more; adopted sockets leave the LAN card's groups."""
        if self._call is not None and self._call.running:
            self._call.stop()
        self._call = None
        self.ways = {}
        done = self._scanning or succeed(None)
        return done.addCallback(lambda _: self._let_go())

    def deliver(self, datagram: Udp) -> None:
        """Send a member's datagram the raw way, if its group takes it."""
        group = datagram.destination
        if isinstance(group, IPv4Address) and (index := self.ways.get(group)) is not None:
            self.send_raw(write_ipv4(datagram, ttl=0), group, index)

    def look(self) -> None:
        """Read the tables; when something changed, look at the sockets in a thread.

        :raises OSError: when a table cannot be read.
        :raises DecodeError: when a table is not what it should be.
        """
        rows = parse_igmp(self.read(IGMP_TABLE), sys.byteorder)
        mine = self.adopter.card_index
        ignored = {LOOPBACK_INDEX, mine, *self.excluded}
        wanted = wanted_places(((row.index, row.group, row.users) for row in rows), ignored)
        on_card = {row.group for row in rows if row.index == mine}
        if wanted == self._judged:
            self.ways = raw_ways(wanted, on_card, self.last)
        else:
            self.ways = {group: index for group, index in self.ways.items() if group not in on_card}
        if wanted or self.last.adopted:
            self._compare(wanted)

    def _look_safely(self) -> None:
        """A table that cannot be read now is read at the next look; nothing ends the looking."""
        try:
            self.look()
            self._blind = False
        except (OSError, DecodeError) as error:
            if not self._blind:  # once, not four times a second
                log.warn("multicast groups cannot be read: {error}", error=error)
            self._blind = True
        except Exception:  # pylint: disable=broad-except
            log.failure("the look at multicast groups failed")

    def _compare(self, wanted: dict[GroupOnCard, int]) -> None:
        seen = (wanted, self._inodes())
        if seen != self._seen and self._scanning is None:
            self._seen = seen
            self._scan(wanted, seen[1])

    def _inodes(self) -> frozenset[int]:
        found: frozenset[int] = frozenset()
        for name in UDP_TABLES:
            with suppress(FileNotFoundError):  # a kernel without IPv6
                found |= parse_unconnected(self.read(name))
        return found

    def _scan(self, wanted: dict[GroupOnCard, int], inodes: frozenset[int]) -> Deferred[None]:
        scanning = self.in_thread(lambda: self.adopter.scan(wanted, inodes))
        self._scanning = done = scanning.addCallbacks(self._scanned, self._failed, callbackArgs=(wanted,))
        done.addBoth(self._rest)
        return done

    def _rest(self, _: object) -> None:
        """The scan is over; games may have changed meanwhile."""
        self._scanning = None
        if self._call is not None:
            self._look_safely()

    def _scanned(self, scan: Scan, wanted: dict[GroupOnCard, int]) -> None:
        if scan != self.last:
            log.info("{adopted} sockets of games adopted, {denied} denied", adopted=scan.adopted, denied=scan.denied)
        self.last, self._judged = scan, wanted

    def _failed(self, failure: Failure) -> None:
        log.failure("the look at the sockets failed", failure)

    def _let_go(self) -> Deferred[None]:
        if not self.last.adopted:
            return succeed(None)
        try:
            inodes = self._inodes()
        except (OSError, DecodeError):
            return succeed(None)
        return self._scan({}, inodes)


@attrs.define
class RawWay:
    """Sends whole IPv4 packets to this machine's own members of a group on a real card.

    The packet's time to live is 0: the kernel loops it back to the card's members and then drops it, so
    nothing is on the wire, and no packet socket sees it as sent.
    """

    _socket: socket.socket | None = None
    _cut: int = 0
    """Packets that were sent in fragments."""

    def open(self) -> None:
        """Open the raw socket.

        :raises MissingRight: without CAP_NET_RAW.
        """
        kind = socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
        try:
            self._socket = socket.socket(socket.AF_INET, kind, socket.IPPROTO_RAW)
        except PermissionError as error:
            raise MissingRight(f"bringing multicast to games needs CAP_NET_RAW: {NET_ADMIN_HINT}") from error
        self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 1)

    def send(self, packet: bytes, group: IPv4Address, index: int) -> None:
        """Send to the members of `group` on the card `index`; what the kernel refuses is lost, as on a LAN."""
        if self._socket is None:
            return
        if len(packet) > RAW_MTU:
            self._cut = self._cut % 0xFFFF + 1
        with suppress(OSError):
            request = _MREQN.pack(bytes(4), bytes(4), index)
            self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, request)
            for piece in cut_ipv4(packet, RAW_MTU, self._cut):
                self._socket.sendto(piece, (str(group), 0))

    def close(self) -> None:
        """Close the socket."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
