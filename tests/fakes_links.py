"""Tunnels, cards, probe ports, a machine and an undo journal in memory, which pass the contracts of the real ones."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network

import attrs
from zope.interface import implementer

from lanrage.core.links import TUNNEL_MTU, Endpoint, LocalAddress, PeerStatus, TunnelPeer, TunnelStatus
from lanrage.core.mapping import Gateway
from lanrage.core.network_changes import Happening
from lanrage.core.undo import UndoEntry
from lanrage.errors import BadInput, Refused, Unreachable
from lanrage.interfaces import ILanCard, IMachine, IProbePort, ITunnel, IUndoJournal
from lanrage.net.devices import port_taken
from lanrage.wire.uapi import public_of

Address = IPv4Address | IPv6Address

NOW = 1.7e9
"""When every handshake took place, seconds since the epoch."""

OVERHEAD = 32
"""Bytes that WireGuard adds to a packet."""

HANDSHAKE_BYTES = 148


@attrs.define
class MemoryWorld:
    """The underlay: devices by machine and name, ports by endpoint; every machine has one address.

    :ivar devices: (machine, name) to the device; ``None`` is somebody else's.
    :ivar probes: the probe ports that are open, by endpoint.
    :ivar strangers: ports that other programs hold, by endpoint.
    """

    devices: dict[tuple[str, str], MemoryTunnel | None] = attrs.field(factory=dict)
    probes: dict[Endpoint, MemoryProbePort] = attrs.field(factory=dict)
    strangers: set[Endpoint] = attrs.field(factory=set)

    def at(self, endpoint: Endpoint) -> MemoryTunnel | None:
        """The WireGuard device that listens there."""
        devices = [each for each in self.devices.values() if each is not None]
        return next((each for each in devices if each.endpoint == endpoint), None)


@implementer(ITunnel)
class MemoryTunnel:
    """A WireGuard device whose packets travel by :meth:`carry`."""

    kind = "memory"

    def __init__(self, world: MemoryWorld, name: str, host: str = "127.0.0.1") -> None:
        self.name = name
        self.host = host
        self._world = world
        self._private_key = b""
        self._port = 0
        self.mtu = 0
        self.peers: dict[bytes, PeerStatus] = {}

    @property
    def endpoint(self) -> Endpoint:
        """Where this device listens."""
        return Endpoint(self.host, self._port)

    async def create(self, private_key: bytes, listen_port: int, mtu: int) -> None:
        """See :meth:`lanrage.interfaces.ITunnel.create`."""
        if self._world.devices.get((self.host, self.name), self) is None:
            raise BadInput("tunnel_device", f"the device {self.name} exists and is not LANrage's")
        self._world.devices.pop((self.host, self.name), None)
        port = listen_port or next(number for number in range(40000, 65536) if not self._taken(number))
        if self._taken(port):
            raise port_taken(port)
        self._private_key, self._port, self.peers, self.mtu = private_key, port, {}, mtu
        self._world.devices[self.host, self.name] = self

    def _taken(self, port: int) -> bool:
        endpoint = Endpoint(self.host, port)
        return endpoint in self._world.strangers or self._world.at(endpoint) is not None

    def _check(self) -> None:
        if self._world.devices.get((self.host, self.name)) is not self:
            raise Unreachable(f"the WireGuard device {self.name} is gone")

    async def set_mtu(self, mtu: int) -> int:
        """See :meth:`lanrage.interfaces.ITunnel.set_mtu`."""
        self._check()
        if mtu < TUNNEL_MTU:
            raise BadInput("mtu", "too small")
        self.mtu = mtu
        return mtu

    async def set_peer(self, peer: TunnelPeer) -> None:
        """See :meth:`lanrage.interfaces.ITunnel.set_peer`."""
        self._check()
        known = self.peers.get(peer.public_key)
        status = known or PeerStatus(peer.public_key, None, (), 0.0, 0, 0, 0)
        endpoint = peer.endpoint or status.endpoint
        self.peers[peer.public_key] = attrs.evolve(
            status, endpoint=endpoint, allowed=peer.allowed, keepalive=peer.keepalive
        )

    async def set_endpoint(self, public_key: bytes, endpoint: Endpoint) -> None:
        """See :meth:`lanrage.interfaces.ITunnel.set_endpoint`."""
        self._check()
        if public_key not in self.peers:
            raise LookupError(f"{self.name} has no such peer")
        self.peers[public_key] = attrs.evolve(self.peers[public_key], endpoint=endpoint)

    async def remove_peer(self, public_key: bytes) -> None:
        """See :meth:`lanrage.interfaces.ITunnel.remove_peer`."""
        self._check()
        self.peers.pop(public_key, None)

    async def status(self) -> TunnelStatus:
        """See :meth:`lanrage.interfaces.ITunnel.status`."""
        self._check()
        return TunnelStatus(public_of(self._private_key), self._port, dict(self.peers))

    async def destroy(self) -> None:
        """See :meth:`lanrage.interfaces.ITunnel.destroy`."""
        if self._world.devices.get((self.host, self.name)) is self:
            del self._world.devices[self.host, self.name]

    def carry(self, source: IPv4Address, to: IPv4Address, length: int = 60) -> MemoryTunnel | None:
        """Send an IP packet by this device; returns the device that it comes out of, ``None`` where it is lost."""
        peer = next((each for each in self.peers.values() if _covers(each.allowed, to)), None)
        if peer is None or peer.endpoint is None:
            return None
        far, me = self._world.at(peer.endpoint), public_of(self._private_key)
        if far is None or public_of(far._private_key) != peer.public_key or me not in far.peers:
            return None
        self._count(peer.public_key, peer.endpoint, HANDSHAKE_BYTES + length + OVERHEAD, HANDSHAKE_BYTES)
        far._count(me, self.endpoint, HANDSHAKE_BYTES, HANDSHAKE_BYTES + length + OVERHEAD)
        return far if _covers(far.peers[me].allowed, source) else None

    def _count(self, public_key: bytes, endpoint: Endpoint, tx: int, rx: int) -> None:
        peer = self.peers[public_key]
        self.peers[public_key] = attrs.evolve(
            peer,
            endpoint=endpoint,
            latest_handshake=NOW,
            tx_bytes=peer.tx_bytes + tx,
            rx_bytes=peer.rx_bytes + rx,
        )


def _covers(networks: tuple[object, ...], address: IPv4Address) -> bool:
    return any(isinstance(network, IPv4Network) and address in network for network in networks)


@implementer(ILanCard)
class MemoryCard:
    """A LAN card whose machine is the test: :meth:`machine_sends`, and what it received in `received`."""

    def __init__(self, name: str = "lanrage0") -> None:
        self.name = name
        self.address: IPv4Interface | None = None
        self.received: list[bytes] = []
        self.full = False
        self.heard: Callable[[bytes], None] = self.received.append
        self.lost: Callable[[], None] | None = None
        self._receive: Callable[[bytes], None] = lambda frame: None

    async def open(
        self, address: IPv4Interface, receive: Callable[[bytes], None], lost: Callable[[], None] | None = None
    ) -> None:
        """See :meth:`lanrage.interfaces.ILanCard.open`."""
        self.address, self._receive, self.lost = address, receive, lost

    def write(self, frame: bytes) -> bool:
        """See :meth:`lanrage.interfaces.ILanCard.write`."""
        if self.address is None or self.full:
            return False
        self.heard(frame)
        return True

    async def close(self) -> None:
        """See :meth:`lanrage.interfaces.ILanCard.close`."""
        self.address = None

    def machine_sends(self, frame: bytes) -> None:
        """This machine sends a frame on the card."""
        if self.address is not None:
            self._receive(frame)


@implementer(IProbePort)
class MemoryProbePort:
    """A probe port of the machine at `host`; datagrams arrive at once.

    :ivar lossy: datagrams to these endpoints are lost.
    """

    def __init__(self, world: MemoryWorld, host: str = "127.0.0.1") -> None:
        self.endpoint: Endpoint | None = None
        self.lossy: set[Endpoint] = set()
        self._world = world
        self._host = host
        self._receive: Callable[[bytes, Endpoint, str], None] = lambda payload, source, local: None

    def open(self, port: int, receive: Callable[[bytes, Endpoint, str], None]) -> None:
        """See :meth:`lanrage.interfaces.IProbePort.open`."""
        self.endpoint, self._receive = Endpoint(self._host, port), receive
        self._world.probes[self.endpoint] = self

    def send(self, payload: bytes, to: Endpoint) -> None:
        """See :meth:`lanrage.interfaces.IProbePort.send`."""
        if self.endpoint is not None and to not in self.lossy:
            deliver(self._world, payload, self.endpoint, to)

    def close(self) -> None:
        """See :meth:`lanrage.interfaces.IProbePort.close`."""
        if self.endpoint is not None:
            del self._world.probes[self.endpoint]
            self.endpoint = None

    def arrive(self, payload: bytes, source: Endpoint) -> None:
        """A datagram came; only our own and STUN are let in."""
        if payload[:4] in (b"LRNG", b"LRRL") or payload[4:8] == b"\x21\x12\xa4\x42":
            self._receive(payload, source, self._host)


def deliver(world: MemoryWorld, payload: bytes, source: Endpoint, to: Endpoint) -> None:
    """Bring a datagram to the probe port that listens there, if there is one."""
    port = world.probes.get(to)
    if port is not None:
        port.arrive(payload, source)


class MemoryEvents:
    """A machine's network events, as the test tells them."""

    def __init__(self) -> None:
        self.heard: Callable[[Happening], None] | None = None
        self.refuses = False

    def open(self, heard: Callable[[Happening], None]) -> None:
        """Begin."""
        if self.refuses:
            raise OSError("no rtnetlink here")
        self.heard = heard

    def close(self) -> None:
        """End."""
        self.heard = None

    def tell(self, *happenings: Happening) -> None:
        """Something happens."""
        for happening in happenings:
            if self.heard is not None:
                self.heard(happening)


@implementer(IMachine)
@attrs.define
class MemoryMachine:
    """A machine with the given addresses and networks.

    :ivar routes: device and source by member.
    :ivar foreign: addresses to which somebody else has a route.
    :ivar routed6: networks of IPv6; ``None`` is a machine without it.
    :ivar enabled: our devices that carry IPv6.
    """

    addresses: list[LocalAddress] = attrs.field(factory=list)
    six: list[IPv6Interface] = attrs.field(factory=list)
    routed: list[IPv4Network] = attrs.field(factory=list)
    default_route: bool = True
    gateway: Gateway | None = None
    routes: dict[Address, tuple[str, Address]] = attrs.field(factory=dict)
    foreign: set[Address] = attrs.field(factory=set)
    routed6: list[IPv6Network] | None = None
    enabled: list[str] = attrs.field(factory=list)

    async def local_addresses(self) -> list[LocalAddress]:
        """See :meth:`lanrage.interfaces.IMachine.local_addresses`."""
        return list(self.addresses)

    async def ipv6_addresses(self) -> list[IPv6Interface]:
        """See :meth:`lanrage.interfaces.IMachine.ipv6_addresses`."""
        return list(self.six)

    async def networks(self) -> list[IPv4Network]:
        """See :meth:`lanrage.interfaces.IMachine.networks`."""
        return list(self.routed)

    async def networks6(self) -> list[IPv6Network] | None:
        """See :meth:`lanrage.interfaces.IMachine.networks6`."""
        return self.routed6

    async def enable_ipv6(self, device: str) -> None:
        """See :meth:`lanrage.interfaces.IMachine.enable_ipv6`."""
        self.enabled.append(device)

    async def has_default_route(self) -> bool:
        """See :meth:`lanrage.interfaces.IMachine.has_default_route`."""
        return self.default_route

    async def default_gateway(self) -> Gateway | None:
        """See :meth:`lanrage.interfaces.IMachine.default_gateway`."""
        return self.gateway

    async def add_member_route(self, member: Address, device: str, source: Address) -> None:
        """See :meth:`lanrage.interfaces.IMachine.add_member_route`."""
        if member in self.foreign:
            raise Refused("subnet_clash", f"this machine has a route to {member} already")
        self.routes[member] = (device, source)

    async def remove_member_route(self, member: Address, device: str) -> None:
        """See :meth:`lanrage.interfaces.IMachine.remove_member_route`."""
        if self.routes.get(member, ("", member))[0] == device:
            del self.routes[member]


@implementer(IUndoJournal)
@attrs.define
class MemoryJournal:
    """An undo journal that a crash of the test loses."""

    noted: list[UndoEntry] = attrs.field(factory=list)

    def entries(self) -> list[UndoEntry]:
        """See :meth:`lanrage.interfaces.IUndoJournal.entries`."""
        return list(self.noted)

    def note(self, entry: UndoEntry) -> None:
        """See :meth:`lanrage.interfaces.IUndoJournal.note`."""
        if entry not in self.noted:
            self.noted.append(entry)

    def forget(self, entry: UndoEntry) -> None:
        """See :meth:`lanrage.interfaces.IUndoJournal.forget`."""
        if entry in self.noted:
            self.noted.remove(entry)
