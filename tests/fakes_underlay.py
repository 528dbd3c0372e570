"""The internet in memory: hosts behind NATs, a reflector, a relay, and WireGuard devices that shake hands and roam."""

from __future__ import annotations

import errno
from collections.abc import Callable

import attrs
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.task import deferLater
from zope.interface import implementer

from lanrage.core.links import Endpoint, TunnelPeer, TunnelStatus
from lanrage.core.relay_cookies import Line
from lanrage.core.relay_table import RelayTable
from lanrage.interfaces import IProbePort, ITunnel
from lanrage.net.relay_server import RelayPorts
from lanrage.net.stun_server import StunReflector
from lanrage.wire.uapi import public_of
from tests.core.relay_world import counting
from tests.fakes_links import NOW, MemoryTunnel, MemoryWorld

REKEY_TIMEOUT = 5.0
"""Seconds in which WireGuard begins no second handshake with a peer (WireGuard paper, section 6.1)."""
Receive = Callable[[bytes, Endpoint, str], None]


@attrs.define(eq=False)
class Host:
    """A machine with one card, behind a router that lets in only answers (port-restricted), or open to all.

    :param inner: its own address.
    :param outer: its router's; the same where there is none.
    :param symmetric: the router gives each remote address another port.
    """

    inner: str
    outer: str
    symmetric: bool = False
    probe: Receive | None = None
    probe_port: int = 0
    tunnel: UnderlayTunnel | None = None
    party_port: InsidePort | None = None
    _ports: dict[tuple[int, Endpoint | None], int] = attrs.field(factory=dict)
    _heard: set[tuple[int, Endpoint]] = attrs.field(factory=set)
    _next: int = 30000

    def out(self, port: int, to: Endpoint) -> Endpoint:
        """How the outside sees a packet to `to`."""
        if self.inner == self.outer:
            return Endpoint(self.inner, port)
        key = (port, to if self.symmetric else None)
        if key not in self._ports:
            self._next += 1
            self._ports[key] = self._next
        self._heard.add((self._ports[key], to))
        return Endpoint(self.outer, self._ports[key])

    def into(self, port: int, source: Endpoint) -> int | None:
        """The port within at which a packet arrives, if it is let in."""
        if self.inner == self.outer:
            return port
        if (port, source) not in self._heard:
            return None
        return next(key[0] for key, mapped in self._ports.items() if mapped == port)

    def forget(self) -> None:
        """The router restarts: every mapping is another one from now on."""
        self._ports.clear()
        self._heard.clear()

    def arrive(self, port: int, payload: bytes, source: Endpoint) -> None:
        """A datagram came to this machine."""
        if payload[:4] in (b"LRNG", b"LRRL") or payload[4:8] == b"\x21\x12\xa4\x42":
            if self.probe is not None and port == self.probe_port:
                self.probe(payload, source, self.inner)
        elif self.tunnel is not None and port == self.tunnel.endpoint.port:
            self.tunnel.arrive(payload, source)


@attrs.define(eq=False)
class Underlay:
    """All hosts and services.

    :param delay: of every packet, in seconds.
    :ivar drops: says of (source, destination) whether the packet is lost.
    :ivar sent: how many datagrams went to each address.
    """

    clock: IReactorTime
    delay: float = 0.02
    world: MemoryWorld = attrs.field(factory=MemoryWorld)
    hosts: list[Host] = attrs.field(factory=list)
    services: dict[Endpoint, Callable[[bytes, Endpoint], None]] = attrs.field(factory=dict)
    drops: Callable[[Endpoint, Endpoint], bool] = lambda source, to: False
    sent: dict[Endpoint, int] = attrs.field(factory=dict)
    _under_way: set[IDelayedCall] = attrs.field(factory=set)

    def host(self, inner: str, outer: str = "", *, symmetric: bool = False) -> Host:
        """Another machine."""
        host = Host(inner, outer or inner, symmetric)
        self.hosts.append(host)
        return host

    def send(self, host: Host, port: int, payload: bytes, to: Endpoint) -> None:
        """A host's datagram."""
        self.emit(host.out(port, to), payload, to)

    def emit(self, source: Endpoint, payload: bytes, to: Endpoint) -> None:
        """A datagram as the outside sees it."""
        self.sent[to] = self.sent.get(to, 0) + 1
        if not self.drops(source, to):
            self.later(self.delay, lambda: self._arrive(payload, source, to))

    def later(self, delay: float, call: Callable[[], None]) -> None:
        """Do something after a while, unless :meth:`close` comes first."""

        def now() -> None:
            self._under_way.discard(under_way)
            call()

        under_way = self.clock.callLater(delay, now)
        self._under_way.add(under_way)

    def close(self) -> None:
        """What is under way is lost."""
        for under_way in self._under_way:
            under_way.cancel()
        self._under_way.clear()

    def _arrive(self, payload: bytes, source: Endpoint, to: Endpoint) -> None:
        if to in self.services:
            self.services[to](payload, source)
            return
        for host in self.hosts:
            if host.outer == to.host:
                port = host.into(to.port, source)
                if port is not None:
                    host.arrive(port, payload, source)

    # --- services -----------------------------------------------------------------------------------------------------

    def reflector(self, at: Endpoint) -> StunReflector:
        """A reflector of ours."""
        reflector = StunReflector(self.clock.seconds)
        reflector.transport = _Out(self, at)  # type: ignore[assignment]
        self.services[at] = lambda payload, source: reflector.datagramReceived(payload, (source.host, source.port))
        return reflector

    def relay(self, host: str, first: int, last: int, server_key: bytes, wall: Callable[[], float]) -> RelayTable:
        """A relay of ours; returns its table."""
        table = RelayTable(server_key, counting())
        ports = RelayPorts(table, self.clock.seconds, wall)

        def serve(number: int) -> None:
            at = Endpoint(host, number)
            ports.open[number] = _Out(self, at)
            self.services[at] = lambda payload, source: ports.received(payload, Line(source.host, source.port, number))

        for number in range(first, last + 1):
            serve(number)
        return table


@attrs.define
class _Out:
    """A service's transport."""

    _underlay: Underlay
    _at: Endpoint

    def write(self, datagram: bytes, addr: tuple[str, int]) -> None:
        """Send a datagram from the service's address."""
        self._underlay.emit(self._at, datagram, Endpoint(*addr))


@implementer(IProbePort)
@attrs.define(eq=False)
class UnderlayPort:
    """A probe port of a host."""

    _underlay: Underlay
    _host: Host
    port: int = 0

    def open(self, port: int, receive: Receive) -> None:
        """See :meth:`lanrage.interfaces.IProbePort.open`."""
        self.port, self._host.probe_port, self._host.probe = port, port, receive

    def send(self, payload: bytes, to: Endpoint) -> None:
        """See :meth:`lanrage.interfaces.IProbePort.send`."""
        if self._host.probe is not None:
            self._underlay.send(self._host, self.port, payload, to)

    def close(self) -> None:
        """See :meth:`lanrage.interfaces.IProbePort.close`."""
        self._host.probe = None


@attrs.define(eq=False)
class InsidePort:
    """The party channel's port of a host: its datagrams take the host's tunnel."""

    _host: Host
    _receive: Callable[[bytes, str], None] | None = None

    def open(self, receive: Callable[[bytes, str], None]) -> None:
        """Own the port."""
        self._receive, self._host.party_port = receive, self

    def send(self, payload: bytes, to: str) -> int:
        """Send to a party address; 0, or an error number."""
        sent = self._host.tunnel is not None and self._host.tunnel.carry_inside(payload, to)
        return 0 if sent else errno.EDESTADDRREQ

    def close(self) -> None:
        """Give it back."""
        self._receive = self._host.party_port = None

    def arrive(self, payload: bytes, source: str) -> None:
        """A datagram came out of the tunnel."""
        if self._receive is not None:
            self._receive(payload, source)


@implementer(ITunnel)
class UnderlayTunnel(MemoryTunnel):
    """A WireGuard device on a host: begins a handshake when it has an endpoint, and follows the last packet it heard.

    :ivar history: what was asked of it.
    :ivar slow: seconds that each read of its state takes.
    :ivar overlapped: two reads of its state were under way at one time.
    """

    def __init__(self, underlay: Underlay, host: Host, name: str = "lanrage-wg0") -> None:
        super().__init__(underlay.world, name, host.inner)
        self._underlay, self._machine = underlay, host
        self._began: dict[bytes, float] = {}
        self._reading = 0
        self.history: list[tuple[str, bytes]] = []
        self.initiations = 0
        self.reads = 0
        self.slow = 0.0
        self.overlapped = False

    async def create(self, private_key: bytes, listen_port: int, mtu: int) -> None:
        """See :meth:`lanrage.interfaces.ITunnel.create`."""
        await super().create(private_key, listen_port, mtu)
        self._machine.tunnel = self

    async def destroy(self) -> None:
        """See :meth:`lanrage.interfaces.ITunnel.destroy`."""
        await super().destroy()
        self._machine.tunnel = None

    async def set_peer(self, peer: TunnelPeer) -> None:
        """See :meth:`lanrage.interfaces.ITunnel.set_peer`."""
        self.history.append(("set", peer.public_key))
        await super().set_peer(peer)
        if peer.endpoint is not None and peer.keepalive:
            self._initiate(peer.public_key, peer.endpoint)

    async def remove_peer(self, public_key: bytes) -> None:
        """See :meth:`lanrage.interfaces.ITunnel.remove_peer`."""
        self.history.append(("remove", public_key))
        await super().remove_peer(public_key)
        self._began.pop(public_key, None)

    async def status(self) -> TunnelStatus:
        """See :meth:`lanrage.interfaces.ITunnel.status`."""
        self.reads += 1
        self._reading += 1
        self.overlapped |= self._reading > 1
        try:
            if self.slow:
                await deferLater(self._underlay.clock, self.slow)
            return await super().status()
        finally:
            self._reading -= 1

    def _initiate(self, key: bytes, to: Endpoint) -> None:
        now = self._underlay.clock.seconds()
        if self.peers[key].latest_handshake or now - self._began.get(key, -REKEY_TIMEOUT) < REKEY_TIMEOUT:
            return
        self._began[key] = now
        self.initiations += 1
        self._say(1, key, to)

    def _say(self, kind: int, key: bytes, to: Endpoint, inside: bytes = b"") -> None:
        payload = bytes([kind]) + public_of(self._private_key) + key + inside
        self._underlay.send(self._machine, self.endpoint.port, payload, to)

    def arrive(self, payload: bytes, source: Endpoint) -> None:
        """A message of another device came."""
        kind, sender, receiver, inside = payload[0], payload[1:33], payload[33:65], payload[65:]
        if receiver != public_of(self._private_key) or sender not in self.peers:
            return
        if kind == 4 and not self.peers[sender].latest_handshake:
            return
        now = NOW + self._underlay.clock.seconds()
        known = self.peers[sender]
        self.peers[sender] = attrs.evolve(known, endpoint=source, latest_handshake=now, rx_bytes=known.rx_bytes + 148)
        if kind == 1:
            self._say(2, sender, source)
        elif kind == 4 and self._machine.party_port is not None:
            self._machine.party_port.arrive(inside, str(known.allowed[0].network_address))

    def carry_inside(self, payload: bytes, to: str) -> bool:
        """Send a datagram through the tunnel to a party address; false where no peer with an endpoint has it."""
        for key, peer in self.peers.items():
            if str(peer.allowed[0].network_address) == to and peer.endpoint is not None:
                self._say(4, key, peer.endpoint, payload)
                return True
        return False
