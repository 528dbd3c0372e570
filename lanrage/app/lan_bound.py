"""Sockets that are bound to the LAN card (``SO_BINDTODEVICE``) talk with members (``docs/protocol-lan.rst``)."""

from __future__ import annotations

from collections.abc import Callable, Collection
from ipaddress import IPv4Address
from typing import Protocol

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from lanrage.app.lan_stages import Plane
from lanrage.core.arp_answers import answer
from lanrage.core.bound_rules import UdpSocket, arriving, leaving, served_ports
from lanrage.core.budget import Budget
from lanrage.core.lan_frames import Drop, Frame, PartyLan, Udp
from lanrage.core.lan_limits import ARRIVALS_BURST, ARRIVALS_RATE
from lanrage.errors import DecodeError, LanrageError
from lanrage.wire.arp import is_arp, read_arp, write_arp
from lanrage.wire.ip_head import read_head
from lanrage.wire.packets import read_frame, write_frame

# Protocols have methods without a body.
# pylint: disable=missing-function-docstring,too-few-public-methods

LOOK_SECONDS = 0.25
"""A socket that waits without having sent is served so soon; one that sends is served at its first datagram."""

MOST_LOOKS = 16
"""Looks between two periodic ones, for as many source ports that are new; each takes some 80 us."""

NO_MACS = bytes(12) + b"\x08\x00"
"""Put before an IPv4 packet of the tunnel, which has no Ethernet header."""

log = Logger()


class CardSockets(Protocol):
    """Tells which sockets are bound to a device: :class:`lanrage.net.udp_sockets.UdpSockets`."""

    def on_device(self, index: int) -> list[UdpSocket]: ...


class Side(Protocol):
    """Reads and writes packets of the tunnel: :class:`lanrage.net.tunnel_side.TunnelSide`."""

    def open(self, heard: Callable[[bytes], None]) -> None: ...

    def send(self, packet: bytes, to: IPv4Address) -> int: ...

    def listen(self, ports: Collection[int]) -> None: ...

    def close(self) -> None: ...


class Table(Protocol):
    """The rules beside the plane: :class:`lanrage.net.lan_table.LanTable`."""

    def serve(self, ports: frozenset[int]) -> Deferred[None]: ...


@attrs.define(eq=False)
class BoundSockets:
    """A part of the plane: answers ARP, sends such sockets' unicast on by the tunnel, brings them what comes by it.

    :param write: gives a frame to the LAN card; false where it was not taken.
    :param card_index: the LAN card's interface index, once it is there.
    """

    clock: IReactorTime
    plane: Plane
    write: Callable[[bytes], bool]
    card_index: Callable[[], int]
    sockets: CardSockets
    side: Side
    table: Table
    ports: frozenset[int] = attrs.field(default=frozenset(), init=False)
    """Ports of such sockets now."""

    _index: int = attrs.field(default=0, init=False)
    _new: set[int] = attrs.field(factory=set, init=False)
    _arrivals: Budget[bytes] = attrs.field(factory=lambda: Budget(ARRIVALS_RATE, ARRIVALS_BURST), init=False)
    """What one member may send to such sockets."""

    _blind: bool = attrs.field(default=False, init=False)
    _call: LoopingCall | None = attrs.field(default=None, init=False)
    _counts: dict[str, int] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._counts = dict.fromkeys(("arp_answers", "card_unicast_sent", "card_unicast_heard", "card_unicast_lost"), 0)

    def start(self) -> None:
        """Look at the sockets now, and then periodically."""
        self._index = self.card_index()
        self.side.open(self.from_tunnel)
        self._call = LoopingCall(self._look_again)
        self._call.clock = self.clock
        self._call.start(LOOK_SECONDS).addErrback(lambda failure: log.failure("looking at sockets ended", failure))

    def stop(self) -> None:
        """Look no more, and serve none."""
        if self._call is not None and self._call.running:
            self._call.stop()
        self._call, self.ports = None, frozenset()
        self.side.close()

    def set_members(self, lan: PartyLan) -> None:
        """The plane says who they are when it matters."""

    def counters(self) -> dict[str, int]:
        """Counts since the start, and how many ports are served now."""
        return self._counts | {"sockets_on_card": len(self.ports)}

    def take(self, frame: bytes) -> bool:
        """A frame that this machine sent on the LAN card; whether it was for us."""
        if is_arp(frame):
            return self._answer(frame)
        return not frame[0] & 1 and self._send_on(frame) if frame else False

    def look_at(self, datagram: Udp) -> Deferred[None] | None:
        """A game sent this: if from a new port on the LAN card, its socket is looked for before the datagram leaves."""
        return self._see(datagram.source_port)

    def _see(self, port: int) -> Deferred[None] | None:
        if self._call is None or port in self.ports or port in self._new or len(self._new) >= MOST_LOOKS:
            return None
        self._new.add(port)
        return self.look()

    def look(self) -> Deferred[None] | None:
        """See which sockets are there; fires when those that are new are served. Nothing unless it was started."""
        if self._call is None:
            return None
        serving = None
        try:
            ports = served_ports(self.sockets.on_device(self._index), self._index)
            if ports != self.ports:
                self.side.listen(ports)
                self.ports = ports
                serving = self.table.serve(ports)
        except LanrageError as error:
            if not self._blind:
                log.warn("sockets on the LAN card get no answers: {error}", error=str(error))
            self._blind = True
            return None
        self._blind = False
        return serving

    def from_tunnel(self, packet: bytes) -> None:
        """A packet for one of the ports came by the tunnel, whose sender WireGuard proves."""
        read = read_frame(NO_MACS + packet, finished=False)
        content = read.content if isinstance(read, Frame) else None
        frame = arriving(content, self.plane.lan) if isinstance(content, Udp) else Drop.PROTOCOL
        taken = isinstance(frame, Frame) and self._allows(frame) and self.write(write_frame(frame))
        self._count("card_unicast_heard" if taken else "card_unicast_lost")

    def _allows(self, frame: Frame) -> bool:
        return self._arrivals.allow(frame.source_mac, self.clock.seconds())

    def _look_again(self) -> None:
        self._new.clear()
        try:
            self.look()
        except Exception:  # pylint: disable=broad-exception-caught  # nothing ends the looking
            log.failure("the look at sockets failed")

    def _answer(self, frame: bytes) -> bool:
        try:
            given = answer(read_arp(frame), self.plane.lan)
        except DecodeError:
            return False
        if given is None:
            return False
        self._count("arp_answers")
        self.write(write_arp(given))
        return True

    def _send_on(self, frame: bytes) -> bool:
        try:
            head, packet = read_head(frame)
        except DecodeError:
            return False
        if leaving(head, self.plane.lan) is not None:
            return False
        self._see(head.source_port)
        self._count("card_unicast_lost" if self.side.send(packet, head.destination) else "card_unicast_sent")
        return True

    def _count(self, name: str) -> None:
        self._counts[name] += 1
