"""A NAT in memory, of any behaviour that RFC 4787 names, with reflectors outside and one machine within."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
from twisted.internet.task import Clock
from zope.interface import implementer

from lanrage.core.links import Endpoint
from lanrage.core.nat import Filtering, Mapping
from lanrage.interfaces import IProbePort
from lanrage.net.stun_server import StunReflector, join

ONE, TWO = "203.0.113.1", "203.0.113.2"
PORTS = (3478, 3479)
INSIDE, OUTSIDE = "192.168.1.2", "198.51.100.7"
WIREGUARD = 51820
DELAY = 0.02
"""Seconds of each way."""


@attrs.define
class Nat:
    """Its tables.

    :param mapping: NONE = there is no NAT, only a firewall of that filtering.
    :param lifetime: seconds that a mapping lives after the last packet out.
    :param pool: inside ports that have another outer address.
    """

    mapping: Mapping = Mapping.INDEPENDENT
    filtering: Filtering = Filtering.INDEPENDENT
    hairpin: bool = False
    lifetime: float = 1e9
    outer: str = OUTSIDE
    pool: dict[int, str] = attrs.field(factory=dict)
    next_port: int = 40000
    _mappings: dict[tuple[Any, ...], tuple[int, float]] = attrs.field(factory=dict)
    _sent: dict[tuple[int, Endpoint], float] = attrs.field(factory=dict)

    def out(self, port: int, to: Endpoint, now: float) -> Endpoint:
        """How a packet looks outside."""
        if self.mapping is Mapping.NONE:
            self._sent[port, to] = now
            return Endpoint(self.outer, port)
        key: tuple[Any, ...] = (port,)
        if self.mapping is not Mapping.INDEPENDENT:
            key += (to.host,)
        if self.mapping is Mapping.ADDRESS_AND_PORT:
            key += (to.port,)
        mapped, used = self._mappings.get(key, (0, float("-inf")))
        if now - used > self.lifetime:
            self.next_port += 1
            mapped = self.next_port
        self._mappings[key] = (mapped, now)
        self._sent[mapped, to] = now
        return Endpoint(self.pool.get(port, self.outer), mapped)

    def into(self, port: int, source: Endpoint, now: float) -> int | None:
        """The inside port of a packet that is let in."""
        inside = port
        if self.mapping is not Mapping.NONE:
            live = [
                key[0] for key, (mapped, used) in self._mappings.items() if mapped == port and self.alive(used, now)
            ]
            if not live:
                return None
            inside = live[0]
        asked = [to for (mapped, to), used in self._sent.items() if mapped == port and self.alive(used, now)]
        fits = {
            Filtering.INDEPENDENT: True,
            Filtering.ADDRESS: source.host in {to.host for to in asked},
            Filtering.ADDRESS_AND_PORT: source in asked,
        }
        return inside if fits[self.filtering] else None

    def alive(self, used: float, now: float) -> bool:
        """Whether what was used then is still there."""
        return now - used <= self.lifetime

    def restart(self) -> None:
        """Forget everything."""
        self._mappings.clear()
        self._sent.clear()


@attrs.define(eq=False)
class NatWorld:
    """The machine sends by :meth:`send`; what comes in goes to :attr:`receivers` by its port.

    :ivar lost: whether a packet is lost on its way.
    :ivar delay: seconds of a packet's way.
    :ivar spare: the last spare port that was opened, 0 = none can be.
    :ivar sent: (port, to) of each packet that the machine sent.
    """

    nat: Nat = attrs.field(factory=Nat)
    clock: Clock = attrs.field(factory=Clock)
    lost: Callable[[], bool] = lambda: False
    delay: Callable[[], float] = lambda: DELAY
    receivers: dict[int, Callable[[bytes, Endpoint], None]] = attrs.field(factory=dict)
    sent: list[tuple[int, Endpoint]] = attrs.field(factory=list)
    services: dict[Endpoint, StunReflector] = attrs.field(factory=dict)
    spare: int = 50000

    @property
    def own(self) -> set[Endpoint]:
        """The machine's own addresses."""
        host = self.nat.outer if self.nat.mapping is Mapping.NONE else INSIDE
        return {Endpoint(host, WIREGUARD)}

    def reflectors(self, hosts: int = 2, ports: int = 2) -> None:
        """A reflector of ours on so many addresses and ports."""
        at = {(h, p): Endpoint((ONE, TWO)[h], PORTS[p]) for h in range(hosts) for p in range(ports)}
        first = StunReflector(self.clock.seconds)
        faces = {
            key: StunReflector(self.clock.seconds, endpoint if hosts > 1 else None, first)
            for key, endpoint in at.items()
        }
        join(faces)
        for key, face in faces.items():
            face.transport = _Out(self, at[key])  # type: ignore[assignment]
            self.services[at[key]] = face

    def send(self, payload: bytes, to: Endpoint, port: int = WIREGUARD) -> None:
        """The machine's datagram."""
        self.sent.append((port, to))
        source = self.nat.out(port, to, self.clock.seconds())
        if self.lost():
            return
        if to.host == self.nat.outer and self.nat.mapping is not Mapping.NONE:
            if self.nat.hairpin:
                self.clock.callLater(self.delay(), self.arrive, payload, source, to)
            return
        service = self.services.get(to)
        if service is not None:
            self.clock.callLater(self.delay(), service.datagramReceived, payload, (source.host, source.port))

    def arrive(self, payload: bytes, source: Endpoint, to: Endpoint) -> None:
        """A datagram at the NAT's outside, or over its hairpin."""
        if to.host != self.nat.outer:
            return
        port = self.nat.into(to.port, source, self.clock.seconds())
        receiver = self.receivers.get(port) if port is not None else None
        if receiver is not None:
            receiver(payload, source)

    def run(self, seconds: float) -> None:
        """Let time pass."""
        end = self.clock.seconds() + seconds
        while True:
            moment = min([end, *(call.getTime() for call in self.clock.getDelayedCalls())])
            self.clock.advance(max(0.0, moment - self.clock.seconds()))
            if moment >= end:
                return


@attrs.define
class _Out:
    """A reflector's transport."""

    _world: NatWorld
    _at: Endpoint

    def write(self, datagram: bytes, addr: tuple[str, int]) -> None:
        """Send a datagram from the reflector's address."""
        if not self._world.lost():
            self._world.clock.callLater(self._world.delay(), self._world.arrive, datagram, self._at, Endpoint(*addr))


@implementer(IProbePort)
@attrs.define(eq=False)
class SparePort:
    """A UDP port of the machine.

    :ivar open_at: its number, 0 = closed.
    """

    _world: NatWorld
    open_at: int = 0

    def open(self, port: int, receive: Callable[[bytes, Endpoint, str], None]) -> None:
        """See :meth:`lanrage.interfaces.IProbePort.open`."""
        if not self._world.spare:
            raise OSError(24, "Too many open files")
        self._world.spare += 1
        self.open_at = port or self._world.spare
        self._world.receivers[self.open_at] = lambda payload, source: receive(payload, source, "")

    def send(self, payload: bytes, to: Endpoint) -> None:
        """See :meth:`lanrage.interfaces.IProbePort.send`."""
        self._world.send(payload, to, self.open_at)

    def close(self) -> None:
        """See :meth:`lanrage.interfaces.IProbePort.close`."""
        self._world.receivers.pop(self.open_at, None)
        self.open_at = 0
