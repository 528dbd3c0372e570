"""The LAN card: a TAP device that this process holds and games see as an Ethernet card (docs/links.rst)."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable
from ipaddress import IPv4Interface, IPv6Interface, IPv6Network
from typing import Any

from pyroute2 import IPRoute
from twisted.internet.error import CannotListenError
from twisted.logger import Logger
from twisted.pair.ethernet import IEthernetProtocol
from twisted.pair.tuntap import TuntapPort
from zope.interface import implementer

from lanrage.core.lan_frames import derived_mac
from lanrage.core.links import OWNER_MARK, TUNNEL_MTU, check_device_name
from lanrage.core.party_prefix import member_address
from lanrage.errors import BadInput, LanrageError, MissingRight
from lanrage.interfaces import ILanCard
from lanrage.net.devices import NO_TUN, REFUSED, net_admin_missing, refusals_named
from lanrage.net.ipv6 import add_address
from lanrage.net.sysctl import set_device
from lanrage.net.threads import INetReactor, in_thread

log = Logger()

LARGEST_FRAME = 2048
"""Bytes; above the card's MTU and its Ethernet header, VLAN tag included."""


@implementer(IEthernetProtocol)
class _Frames:
    """What :class:`twisted.pair.tuntap.TuntapPort` wants of its protocol: hands frames on as they are."""

    def __init__(self, receive: Callable[[bytes], None], closed: Callable[[], None]) -> None:
        self._receive = receive
        self._closed = closed

    def addProto(self, num: int, proto: object) -> None:
        """Part of the interface; frames are not taken apart here."""

    def makeConnection(self, port: object) -> None:
        """The port is open."""

    def datagramReceived(self, datagram: bytes, partial: int = 0) -> None:
        """One frame that this machine sent."""
        del partial
        self._receive(datagram)

    def doStop(self) -> None:
        """The port is closed."""
        self._closed()


@implementer(ILanCard)
class TapCard:
    """The TAP device, which lives as long as this process holds it: a crash leaves nothing.

    :param name: the device's name.
    :param mtu: bytes; equal to the tunnel's, since unicast to members goes by the tunnel.
    :param system: :class:`twisted.pair.testing.MemoryIOSystem` in tests.
    :param configure: sets the device up, in a thread; see :func:`configure`.
    :param prefix: the party's IPv6 network; ``None`` leaves IPv6 off.
    :ivar dropped: frames that the device did not take.
    """

    def __init__(
        self,
        reactor: INetReactor,
        name: str = "lanrage0",
        mtu: int = TUNNEL_MTU,
        *,
        system: Any = None,
        configure: Callable[[str, IPv4Interface, int], None] | None = None,
        prefix: IPv6Network | None = None,
    ) -> None:
        self.name = check_device_name(name, "card")
        self.dropped = 0
        self._reactor = reactor
        self._mtu = mtu
        self._system = system
        self._configure = configure or configure_card
        self._prefix = prefix
        self._port: TuntapPort | None = None
        self._lost: Callable[[], None] | None = None

    async def open(
        self, address: IPv4Interface, receive: Callable[[bytes], None], lost: Callable[[], None] | None = None
    ) -> None:
        """See :meth:`lanrage.interfaces.ILanCard.open`."""
        if self._system is None:
            _refuse_existing(self.name)
        port = TuntapPort(
            self.name.encode(), _Frames(receive, self._closed), LARGEST_FRAME, self._reactor, self._system
        )
        try:
            port.startListening()
        except CannotListenError as error:
            raise _translated(error, self.name) from error
        self._port, self._lost = port, lost
        try:
            await in_thread(self._reactor, self._configure, self.name, address, self._mtu)
            if self._prefix is not None:
                six = IPv6Interface((member_address(self._prefix, address.ip), self._prefix.prefixlen))
                await in_thread(self._reactor, add_address, self.name, six)
        except BaseException:
            await self.close()
            raise

    def write(self, frame: bytes) -> bool:
        """See :meth:`lanrage.interfaces.ILanCard.write`."""
        if self._port is None or not self._port.connected:
            return False
        try:
            self._port.write(frame)
        except OSError:  # the queue is full, the card is down, or somebody deleted it
            self.dropped += 1
            return False
        return True

    async def close(self) -> None:
        """See :meth:`lanrage.interfaces.ILanCard.close`."""
        port, self._port = self._port, None
        if port is not None:
            await port.stopListening()

    def _closed(self) -> None:
        """The port is closed: by :meth:`close`, which has let go of it before, or because the device went away."""
        if self._port is not None and self._lost is not None:
            log.error("the LAN card {card} is gone: something removed it", card=self.name)
            self._lost()


def configure_card(name: str, address: IPv4Interface, mtu: int) -> None:
    """Give a new card its MAC, address and settings, and bring it up. Blocks.

    IPv6 is off until the card gets an address of the party's prefix.
    The reverse path filter is loose: a member is reached by the tunnel, while its broadcasts come in here.
    """
    with refusals_named("setting up the LAN card"), IPRoute() as route:
        index = socket.if_nametoindex(name)
        set_device("ipv6", name, "disable_ipv6", "1")
        set_device("ipv4", name, "rp_filter", "2")
        mac = ":".join(f"{byte:02x}" for byte in derived_mac(address.ip))
        route.link("set", index=index, address=mac, mtu=mtu, ifalias=OWNER_MARK)
        broadcast = str(address.network.broadcast_address)
        route.addr(
            "add", index=index, address=str(address.ip), prefixlen=address.network.prefixlen, broadcast=broadcast
        )
        route.link("set", index=index, state="up")


def _refuse_existing(name: str) -> None:
    """A TAP device dies with its process, so one that exists is somebody else's (also another node's)."""
    if name in [device for _, device in socket.if_nameindex()]:
        raise BadInput("card", f"the device {name} exists already; remove it or set another name")


def _translated(error: CannotListenError, name: str) -> LanrageError:
    code = getattr(error.socketError, "errno", None)
    if code in (errno.ENOENT, errno.ENODEV, errno.ENXIO):
        return MissingRight(NO_TUN)
    if code in REFUSED:
        return net_admin_missing("making the LAN card")
    if code == errno.EBUSY:
        return BadInput("card", f"the device {name} is in use by another process; set another name")
    return LanrageError(f"the LAN card {name} cannot be made: {error.socketError}")
