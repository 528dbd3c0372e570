"""The part of the LAN plane by which this node's guests hear and are heard (``docs/guests.rst``).

What a guest sends to all goes onto this machine's card and, in the guest's name, to the members; what is for all here,
of members, of this machine's games and of other guests, goes to the guest as a packet of the tunnel.
"""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address
from typing import Protocol

from twisted.logger import Logger

from lanrage.app.lan_stages import Plane, Travelled
from lanrage.core.budget import Budget
from lanrage.core.guest_frames import from_guest, to_guest
from lanrage.core.lan_frames import BROADCAST_MAC, Drop, Frame, PartyLan, Udp, derived_mac
from lanrage.core.lan_limits import ARRIVALS_BURST, ARRIVALS_RATE
from lanrage.wire.frames import HOPS
from lanrage.wire.packets import IPV4_BYTES, read_frame, write_frame, write_ipv4

# Protocols have methods without a body.
# pylint: disable=missing-function-docstring

IPV4_TYPE = b"\x08\x00"
SOURCE = slice(12, 16)
"""Of an IPv4 header (RFC 791, 3.1)."""

log = Logger()


class TunnelSide(Protocol):
    """The tunnel device as guests use it: :class:`lanrage.net.guest_port.GuestPort`."""

    @property
    def is_open(self) -> bool: ...

    def open(self, receive: Callable[[bytes], None]) -> None: ...

    def hear(self, guests: frozenset[IPv4Address], broadcast: IPv4Address) -> None: ...

    def send(self, packet: bytes, guest: IPv4Address) -> bool: ...

    def close(self) -> None: ...


class LanGuests:
    """Made with each plane, at work while there are guests.

    :param side: the tunnel device.
    :param nonce: drawn at this process's start, 64 bit: guests' frames are numbered apart from this machine's own.
    :ivar guests: party addresses of those whom this node serves now.
    """

    def __init__(self, plane: Plane, side: TunnelSide, nonce: int) -> None:
        self._plane, self._side, self._nonce = plane, side, nonce
        self.guests: frozenset[IPv4Address] = frozenset()
        self._sequence = 0
        self._heard, self._shown, self._shed, self._refused = 0, 0, 0, 0
        self._budget: Budget[IPv4Address] = Budget(ARRIVALS_RATE, ARRIVALS_BURST)
        hears_all = plane.incoming.hears_all
        plane.incoming.hears_all = lambda: hears_all() or bool(self.guests)
        plane.incoming.written.append(self._written)
        plane.outgoing.sending.append(self._sending)

    def start(self) -> None:
        """Guests come by :meth:`serve`."""

    def stop(self) -> None:
        """Serve nobody."""
        self.guests = frozenset()
        self._side.close()

    def set_members(self, lan: PartyLan) -> None:
        """Members do not matter here."""

    def counters(self) -> dict[str, int]:
        """Frames of guests that were carried and that were refused or too many, packets that guests were sent and
        that the kernel did not take."""
        return {
            "guest_heard": self._heard,
            "guest_shown": self._shown,
            "guest_shed": self._shed,
            "guest_unsent": self._refused,
        }

    def serve(self, guests: frozenset[IPv4Address]) -> None:
        """Hear and tell these from now on, and no others.

        :raises MissingRight: the tunnel device cannot be used so; then nobody is served.
        :raises OSError: the tunnel device is gone.
        """
        self.guests = guests
        if not guests:
            self._side.close()
            return
        try:
            if not self._side.is_open:
                self._side.open(self._from_tunnel)
            self._side.hear(guests, self._plane.lan.network.broadcast_address)
        except BaseException:
            self.stop()
            raise

    # --- from guests --------------------------------------------------------------------------------------------------

    def _from_tunnel(self, packet: bytes) -> None:
        """A guest sent this to all; WireGuard's allowed networks prove whose source it bears."""
        guest = IPv4Address(packet[SOURCE]) if len(packet) >= IPV4_BYTES else None
        if guest is None or guest not in self.guests:
            return
        now, lan = self._plane.now(), self._plane.lan
        judged = self._judge(packet, guest, lan) if self._budget.allow(guest, now) else Drop.FLOOD
        # The limits are those of a member's frames: what they shed here, the members are spared as well.
        if isinstance(judged, Drop) or not self._plane.inject(data := write_frame(judged), guest):
            self._shed += 1
            return
        self._heard += 1
        self._sequence += 1
        wanted = self._plane.outgoing.wanted
        to = [member for member in lan.members.values() if wanted(member, judged, now)]
        self._plane.pass_on(Travelled(guest, self._nonce, self._sequence, HOPS, data), to)

    @staticmethod
    def _judge(packet: bytes, guest: IPv4Address, lan: PartyLan) -> Frame | Drop:
        read = read_frame(BROADCAST_MAC + derived_mac(guest) + IPV4_TYPE + packet)
        if isinstance(read, Drop):
            return read
        return from_guest(read.content, guest, lan) if isinstance(read.content, Udp) else Drop.PROTOCOL

    # --- to guests ----------------------------------------------------------------------------------------------------

    def _written(self, frame: Frame, origin: IPv4Address) -> None:
        """The card took a frame of a member or guest."""
        self._tell(frame, origin)

    def _sending(self, frame: Frame, now: float) -> None:
        """A game of this machine sends to all."""
        del now
        self._tell(frame, self._plane.lan.address)

    def _tell(self, frame: Frame, origin: IPv4Address) -> None:
        for guest in self.guests - {origin}:
            datagram = to_guest(frame, guest)
            if datagram is None:
                return
            if self._side.send(write_ipv4(datagram), guest):
                self._shown += 1
            else:
                self._refused += 1
