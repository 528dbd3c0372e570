"""A home router in memory: it maps ports by the protocols that it is given."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import Any

import attrs
from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer

from lanrage.core.links import Endpoint
from lanrage.core.mapping import Gateway, Grant, Lease, Method, NotMapped, Wish
from lanrage.interfaces import IPortMapper

ROUTER, HOST = IPv4Address("192.168.1.1"), IPv4Address("192.168.1.10")
GATEWAY = Gateway(ROUTER, "eth0", HOST)


@attrs.define
class MemoryRouter:
    """A router.

    :ivar methods: protocols that it speaks.
    :ivar external: its outside address.
    :ivar mapped: wish (exact or not) by the port outside.
    :ivar refuses: ports that it does not map.
    :ivar forgot: it was restarted since the last question.
    :ivar asked: every call, in order.
    :ivar silent: it answers to nothing, and never says so.
    """

    methods: tuple[Method, ...] = (Method.PCP,)
    external: str = "203.0.113.5"
    lifetime: int = 7200
    mapped: dict[tuple[str, int], bytes] = attrs.field(factory=dict)
    refuses: set[int] = attrs.field(factory=set)
    shift: int = 0
    forgot: bool = False
    silent: bool = False
    asked: list[tuple[Method, str, Wish]] = attrs.field(factory=list)

    def make(self, reactor: Any, gateway: Gateway, method: Method) -> IPortMapper:
        """For :class:`lanrage.app.port_mapping.PortMapping`."""
        del reactor, gateway
        return MemoryMapper(self, method)

    def restart(self) -> None:
        """Forget all."""
        self.mapped.clear()
        self.forgot = True

    def ports(self) -> set[int]:
        """Ports outside that lead in."""
        return {port for _, port in self.mapped}


@implementer(IPortMapper)
@attrs.define
class MemoryMapper:
    """One protocol of a router."""

    router: MemoryRouter
    method: Method

    def map(self, wish: Wish, external: int, nonce: bytes) -> Deferred[Grant]:
        """See :meth:`lanrage.interfaces.IPortMapper.map`."""
        self.router.asked.append((self.method, "map", wish))
        if self.router.silent:
            return Deferred()
        if self.method not in self.router.methods:
            return _failed(NotMapped("silence", absent=True))
        if wish.port in self.router.refuses:
            return _failed(NotMapped("not authorized"))
        port = external if wish.exact else external + self.router.shift
        forgot, self.router.forgot = self.router.forgot, False
        self.router.mapped[wish.transport, port] = nonce
        return succeed(Grant(Endpoint(self.router.external, port), self.router.lifetime, forgot))

    def unmap(self, lease: Lease) -> Deferred[None]:
        """See :meth:`lanrage.interfaces.IPortMapper.unmap`."""
        self.router.asked.append((self.method, "unmap", lease.wish))
        if self.router.silent:
            return Deferred()
        if self.method not in self.router.methods:
            return _failed(NotMapped("silence", absent=True))
        key = (lease.wish.transport, lease.external or lease.wish.port)
        if self.router.mapped.get(key) == lease.nonce:
            del self.router.mapped[key]
        return succeed(None)


def _failed(error: NotMapped) -> Deferred[Any]:
    waiting: Deferred[Any] = Deferred()
    waiting.errback(error)
    return waiting
