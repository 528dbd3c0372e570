"""The relay ports of a party's pairs: tickets fetched, ports bound, each pair's plan told what it may use."""

from __future__ import annotations

import socket
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

import attrs
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from lanrage.app.links import Links
from lanrage.app.peer_link import PeerLink
from lanrage.core.candidates import Candidate, CandidateKind
from lanrage.core.identity import NodeKeys
from lanrage.core.links import Endpoint
from lanrage.core.tickets import pair_of
from lanrage.errors import LanrageError
from lanrage.net.threads import in_thread
from lanrage.wire.control import RelayInfo
from lanrage.wire.relay_binding import RelayBinding

TICKET_RENEWAL = 1200.0
"""Seconds after which the next ticket is fetched: a third of its life, so two more tries come before it ends."""
TICKET_RETRY = 5.0
"""Seconds until a ticket that could not be had, or was refused, is asked for again."""
RESOLVE_RETRY = 20.0
"""Seconds until the relay's name, which had no address, is looked up again: a network that comes up late is common."""


@attrs.define
class _Bound:
    """One pair's port at the relay."""

    link: PeerLink
    port: Endpoint
    binding: RelayBinding | None = None
    usable: bool = False
    timer: IDelayedCall | None = None
    renewal: IDelayedCall | None = None
    fetching: Deferred[None] | None = None


def by_udp(link: PeerLink, port: Endpoint, usable: bool) -> None:
    """Tell a pair's plan of a relay's port that WireGuard itself can send to."""
    link.way(Candidate(CandidateKind.RELAY, port), usable)


class RelayLinks:
    """Binds one port of the first relay for each peer.

    :param send: from WireGuard's port.
    :param fetch_ticket: ``(identity of the member)``, through the control server.
    :param way: tells a pair's plan that a port became usable, or ceased to be.
    """

    log = Logger()

    def __init__(
        self,
        reactor: Any,
        keys: NodeKeys,
        send: Callable[[bytes, Endpoint], None],
        links: Links,
        fetch_ticket: Callable[[bytes], Deferred[bytes]],
        random: Callable[[int], bytes],
        way: Callable[[PeerLink, Endpoint, bool], None] = by_udp,
    ) -> None:
        self._reactor = reactor
        self._keys = keys
        self._send = send
        self._links = links
        self._fetch_ticket = fetch_ticket
        self._random = random
        self._way = way
        self._relay: RelayInfo | None = None
        self._host = ""
        self._bound: dict[bytes, _Bound] = {}
        self._by_port: dict[Endpoint, _Bound] = {}
        self._resolving: Deferred[Any] | None = None
        self._resolve_later: IDelayedCall | None = None

    def use(self, relays: tuple[RelayInfo, ...]) -> None:
        """Bind at the first of these relays from now on."""
        relay = relays[0] if relays else None
        if relay == self._relay and self._host:
            self.follow()
            return
        self.stop()
        self._relay, self._host = relay, ""
        if relay is None:
            return
        if _is_address(relay.host):
            self._found(relay.host)
        else:
            self._resolve(relay.host)

    def follow(self) -> None:
        """Bind for new peers, let go of those who left."""
        for identity in [key for key, bound in self._bound.items() if self._links.peers.get(key) is not bound.link]:
            self._drop(identity)
        if self._relay is None or not self._host:
            return
        for identity, link in self._links.peers.items():
            if identity not in self._bound:
                self._bind(identity, link, self._relay)

    def moved(self) -> None:
        """This machine's addresses changed: each binding is asked after at once, and made anew where it is lost."""
        for bound in self._bound.values():
            if bound.binding is not None:
                self._drive(bound, bound.binding.moved(self._reactor.seconds()))

    def is_relay(self, endpoint: Endpoint) -> bool:
        """Whether packets from there came by the relay."""
        relay = self._relay
        return relay is not None and endpoint.host == self._host and relay.first <= endpoint.port <= relay.last

    def received(self, payload: bytes, source: Endpoint) -> None:
        """A control packet of the relay came in."""
        bound = self._by_port.get(source)
        if bound is not None and bound.binding is not None:
            self._drive(bound, bound.binding.receive(payload, self._reactor.seconds()))

    def stop(self) -> None:
        """Give all ports back."""
        if self._resolving is not None:
            self._resolving.cancel()
        if self._resolve_later is not None and self._resolve_later.active():
            self._resolve_later.cancel()
        for identity in list(self._bound):
            self._drop(identity)

    @property
    def address(self) -> str:
        """The relay in use, for status; empty without one."""
        return f"{self._host}:{self._relay.first}-{self._relay.last}" if self._relay and self._host else ""

    @property
    def bound(self) -> int:
        """How many ports the relay holds for us."""
        return sum(1 for bound in self._bound.values() if bound.binding is not None and bound.binding.bound)

    @property
    def ports(self) -> set[Endpoint]:
        """The relay's ports that are in use."""
        return set(self._by_port)

    def ticket(self, identity: bytes) -> bytes:
        """The ticket in use for the pair with this member; empty = none."""
        bound = self._bound.get(identity)
        return bound.binding.ticket if bound is not None and bound.binding is not None else b""

    @property
    def asking(self) -> bool:
        """Some port was asked for."""
        return any(bound.binding is not None for bound in self._bound.values())

    def answers(self, identity: bytes | None = None) -> bool:
        """Whether the relay holds a port for the pair with this member (with any), and answers there."""
        found = [bound for key, bound in self._bound.items() if identity in (None, key)]
        return any(bound.binding is not None and bound.binding.answered for bound in found)

    # --- within -------------------------------------------------------------------------------------------------------

    def _resolve(self, name: str) -> None:
        self._resolving = resolving = in_thread(self._reactor, socket.gethostbyname, name)
        resolving.addCallback(self._found).addErrback(self._unresolved, name)

    def _unresolved(self, failure: Any, name: str) -> None:
        self._resolving = None
        if failure.check(CancelledError):
            return
        if failure.check(OSError, UnicodeError):
            self.log.warn("the relay {name} has no address: {why}", name=name, why=failure.getErrorMessage())
        else:
            self.log.failure("the relay cannot be used", failure)
        self._resolve_later = self._reactor.callLater(RESOLVE_RETRY, self._resolve, name)

    def _found(self, host: str) -> None:
        self._resolving = None
        self._host = host
        self.follow()

    def _bind(self, identity: bytes, link: PeerLink, relay: RelayInfo) -> None:
        port = self._free_port(relay)
        if port is None:
            self.log.warn("the relay has no port left for {peer}", peer=link.name)
            return
        bound = self._bound[identity] = self._by_port[port] = _Bound(link, port)
        self._fetch(bound)

    def _free_port(self, relay: RelayInfo) -> Endpoint | None:
        ports = (Endpoint(self._host, port) for port in range(relay.first, relay.last + 1))
        return next((port for port in ports if port not in self._by_port), None)

    def _fetch(self, bound: _Bound) -> None:
        bound.renewal = None
        bound.fetching = self._fetch_ticket(bound.link.identity).addCallback(lambda t: self._start(bound, t))
        bound.fetching.addErrback(lambda failure: self._no_ticket(bound, failure))

    def _no_ticket(self, bound: _Bound, failure: Any) -> None:
        bound.fetching = None
        if self._by_port.get(bound.port) is not bound:
            return
        if failure.check(LanrageError):
            self.log.info("no relay ticket for {peer}: {why}", peer=bound.link.name, why=failure.getErrorMessage())
        else:
            self.log.failure("no relay ticket for {peer}", failure, peer=bound.link.name)
        self._fetch_later(bound, TICKET_RETRY)

    def _fetch_later(self, bound: _Bound, delay: float) -> None:
        if bound.renewal is not None and bound.renewal.active():
            bound.renewal.cancel()
        bound.renewal = self._reactor.callLater(delay, self._fetch, bound)

    def _start(self, bound: _Bound, ticket: bytes) -> None:
        bound.fetching = None
        if self._by_port.get(bound.port) is not bound:
            return
        self._fetch_later(bound, TICKET_RENEWAL)
        now = self._reactor.seconds()
        if bound.binding is not None:
            self._drive(bound, bound.binding.renew(ticket, now))
            return
        pair = pair_of(self._keys.wireguard.public, bound.link.peer_key)
        bound.binding = RelayBinding(ticket, pair, self._keys.identity.sign, bound.port)
        self._drive(bound, bound.binding.start(now))

    def _drive(self, bound: _Bound, packets: list[bytes]) -> None:
        """Send what the binding wants, tell the plan, wait for the next deadline."""
        binding = bound.binding
        if binding is None:
            return
        for packet in packets:
            self._send(packet, bound.port)
        if binding.usable != bound.usable:
            bound.usable = binding.usable
            self._way(bound.link, bound.port, bound.usable)
        if bound.timer is not None and bound.timer.active():
            bound.timer.cancel()
        bound.timer = None
        if binding.failed:
            self.log.info("the relay refuses {peer}: {why}", peer=bound.link.name, why=binding.failed)
            bound.binding = None
            self._fetch_later(bound, TICKET_RETRY)
            return
        now = self._reactor.seconds()
        deadline = binding.deadline()
        if deadline is not None:
            bound.timer = self._reactor.callLater(max(0.001, deadline - now), self._tick, bound)

    def _tick(self, bound: _Bound) -> None:
        if bound.binding is not None:
            self._drive(bound, bound.binding.tick(self._reactor.seconds()))

    def _drop(self, identity: bytes) -> None:
        bound = self._bound.pop(identity)
        del self._by_port[bound.port]
        for waiting in (bound.timer, bound.renewal):
            if waiting is not None and waiting.active():
                waiting.cancel()
        if bound.fetching is not None:
            bound.fetching.cancel()
        if bound.binding is not None:
            for packet in bound.binding.stop():
                self._send(packet, bound.port)
        if self._links.peers.get(identity) is bound.link:
            self._way(bound.link, bound.port, False)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
