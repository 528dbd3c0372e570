"""The relay over the WebSocket port: for peers that no UDP packet reaches, the last way of all.

To the pair's plan it is one more way: a port on loopback, behind which :class:`RelaySession` carries the datagrams to
the relay. Tickets and bindings are those of :class:`lanrage.app.relay_links.RelayLinks`, with another way out.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Literal, cast

import attrs
from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.internet.error import CannotListenError, ConnectingCancelledError
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from lanrage.app.links import Links
from lanrage.app.peer_link import PeerLink
from lanrage.app.relay_links import RelayLinks
from lanrage.core.candidates import Candidate, CandidateKind
from lanrage.core.identity import NodeKeys
from lanrage.core.links import Endpoint
from lanrage.core.nat import NatKind
from lanrage.core.tcp_need import PeerView, TcpNeed
from lanrage.errors import LanrageError
from lanrage.net.loopback_port import LoopbackPort
from lanrage.net.raw_sockets import source_for
from lanrage.net.relay_tcp_client import RelaySession, dial
from lanrage.wire.control import RelayInfo
from lanrage.wire.relay import MAGIC
from lanrage.wire.relay_channels import Closed, Heard

LOOK_INTERVAL, CALM_INTERVAL = 0.1, 0.5
"""Seconds between looks at what is needed: while no relay answers by UDP, and while all is well."""
LINGER = 10.0
"""Seconds that a connection which nobody needs is kept: a network that wavers does not dial each time."""
REDIAL_FIRST, REDIAL_LAST = 0.5, 30.0
"""Seconds until the next try after a connection failed or was lost, doubling."""
STEADY = 10.0
"""Seconds that a connection must live before the delay starts anew."""

State = Literal["idle", "connecting", "open", "waiting"]


@attrs.frozen
class Door:
    """Where the control link stands now.

    :param pin: fingerprint of the server's key.
    """

    address: str
    pin: bytes | None


@attrs.define
class _Wanted:
    """The links that shall have a channel, as :class:`RelayLinks` looks at links."""

    peers: dict[bytes, PeerLink] = attrs.field(factory=dict)


class RelayTcp:
    """One WebSocket, and a loopback port for each peer that is reached by it.

    :param fetch_ticket: as :class:`RelayLinks` has it.
    :param udp: what the relay answers by UDP.
    :param door: where to dial; ``None`` while the control link is down.
    :param connect: replaced by tests, as is `loopback`.
    """

    log = Logger()

    def __init__(  # pylint: disable=too-many-arguments
        self,
        reactor: Any,
        keys: NodeKeys,
        links: Links,
        udp: RelayLinks,
        fetch_ticket: Callable[[bytes], Deferred[bytes]],
        random: Callable[[int], bytes],
        *,
        door: Callable[[], Door | None],
        connect: Callable[..., Awaitable[RelaySession]] = dial,
        loopback: Callable[..., LoopbackPort] = LoopbackPort,
    ) -> None:
        self._reactor, self._links, self._udp, self._door = reactor, links, udp, door
        self._connect, self._loopback = connect, loopback
        self._wanted = _Wanted()
        self._fetch_ticket = fetch_ticket
        self._shown: set[bytes] = set()
        wanted = cast(Links, self._wanted)
        self._relays = RelayLinks(reactor, keys, self._send, wanted, self._ticket, random, self._way)
        self._infos: tuple[RelayInfo, ...] = ()
        self._need = TcpNeed()
        self._ports: dict[Endpoint, LoopbackPort] = {}
        self._mine: dict[bytes, Endpoint] = {}
        self._session: RelaySession | None = None
        self._dialling: Deferred[None] | None = None
        self._opened_at = self._next_dial = 0.0
        self._delay = REDIAL_FIRST
        self._idle_since: float | None = None
        self._reached: set[bytes] = set()
        self._timer: IDelayedCall | None = None
        self.trouble = ""

    # --- life ---------------------------------------------------------------------------------------------------------

    def use(self, relays: tuple[RelayInfo, ...]) -> None:
        """The control server named these; from now on look what is needed."""
        self._infos = relays
        if self._timer is None:
            self._timer = self._reactor.callLater(LOOK_INTERVAL, self._tick)
        if self._session is not None:
            self._relays.use(relays)

    def stop(self) -> None:
        """Give all back."""
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
        self._hang_up()

    def moved(self) -> None:
        """This machine's addresses changed: a connection from an address that is not used any more is dead."""
        session = self._session
        if session is None:
            return
        with suppress(OSError):
            if source_for(Endpoint(session.remote, 9)) != session.local:
                self._next_dial = 0.0
                session.close()

    # --- what it knows ------------------------------------------------------------------------------------------------

    def is_relay(self, endpoint: Endpoint) -> bool:
        """Whether packets from there came by the relay."""
        return any(port.endpoint == endpoint for port in self._ports.values())

    @property
    def state(self) -> State:
        """What it is at: ``idle`` while nobody needs it, ``waiting`` between two tries."""
        if self._session is not None:
            return "open"
        if self._dialling is not None:
            return "connecting"
        return "waiting" if self._wanted.peers else "idle"

    @property
    def silent(self) -> bool:
        """No relay answers by UDP."""
        return self._need.silent

    @property
    def peers(self) -> int:
        """How many peers are reached by it."""
        return len(self._ports)

    @property
    def dropped(self) -> int:
        """Datagrams that were too old to be sent by the connection that stands."""
        return self._session.paced.queue.dropped if self._session is not None else 0

    # --- what is needed -----------------------------------------------------------------------------------------------

    def _tick(self) -> None:
        interval = LOOK_INTERVAL if self._need.uncertain else CALM_INTERVAL
        self._timer = self._reactor.callLater(interval, self._tick)
        self.look()

    def look(self) -> None:
        """Open what is needed, close what is not."""
        now = self._reactor.seconds()
        views = {identity: self._view(identity, link) for identity, link in self._links.peers.items()}
        self._doubt({identity for identity, view in views.items() if view.reached})
        asked, answered, blocked = self._udp.asking, self._udp.answers(), self._links.nat is NatKind.BLOCKED
        wanted = self._need.look(now, views, asked=asked, answered=answered, blocked=blocked)
        peers = {identity: self._links.peers[identity] for identity in wanted}
        if peers != self._wanted.peers:
            self._want(peers)
        self._keep(now)

    def _doubt(self, reached: set[bytes]) -> None:
        """A peer that is reached no more makes us ask the relay at once whether UDP still comes through."""
        if self._reached - reached:
            self._udp.moved()
        self._reached = reached

    def _view(self, identity: bytes, link: PeerLink) -> PeerView:
        plan = link.plan
        reached = any(p.proven and p.candidate.kind is not CandidateKind.RELAY_TCP for p in plan.paths.values())
        return PeerView(plan.peer_session, reached, self._udp.answers(identity), identity in self._mine)

    def _want(self, peers: dict[bytes, PeerLink]) -> None:
        before, self._wanted.peers = self._wanted.peers, peers
        if self._session is not None:
            self._relays.follow()
            self._session.retain(self._relays.ports)
        for identity, link in before.items():
            if peers.get(identity) is not link:
                self._forget(identity, link)

    def _keep(self, now: float) -> None:
        if self._wanted.peers:
            self._idle_since = None
            if self._session is None and self._dialling is None and now >= self._next_dial:
                self._dial(now)
        elif self._session is not None:
            self._idle_since = now if self._idle_since is None else self._idle_since
            if now - self._idle_since >= LINGER:
                self._hang_up()

    # --- the connection -----------------------------------------------------------------------------------------------

    def _dial(self, now: float) -> None:
        door = self._door()
        if door is None or not self._infos:
            return
        self._next_dial = now + self._delay
        self._delay = min(REDIAL_LAST, self._delay * 2)
        self._dialling = Deferred.fromCoroutine(self._reach(door))
        self._dialling.addCallbacks(self._dialled, self._failed)

    async def _reach(self, door: Door) -> None:
        self._opened(await self._connect(self._reactor, door.address, door.pin, self._heard))

    def _dialled(self, _result: None) -> None:
        self._dialling = None

    def _opened(self, session: RelaySession) -> None:
        self._session, self._opened_at = session, self._reactor.seconds()
        self.trouble = ""
        self.log.info("no UDP comes through: the relay is used over TCP")
        session.factory.ended.addCallback(self._lost, session)
        self._relays.use(self._infos)

    def _failed(self, failure: Failure) -> None:
        self._dialling = None
        if failure.check(CancelledError, ConnectingCancelledError):
            return
        if failure.check(LanrageError):
            self._complain(failure.getErrorMessage())
        else:
            self.log.failure("the relay over TCP cannot be used", failure)

    def _lost(self, why: str, session: RelaySession) -> None:
        if self._session is not session:
            return
        self._session = None
        if self._reactor.seconds() - self._opened_at >= STEADY:
            self._delay = REDIAL_FIRST
            self._next_dial = self._reactor.seconds()
        if self._wanted.peers:
            self._complain(why)
        self._release()

    def _complain(self, why: str) -> None:
        if why != self.trouble:
            self.log.warn("no relay over TCP: {why}", why=why)
        self.trouble = why

    def _hang_up(self) -> None:
        dialling, session = self._dialling, self._session
        if dialling is not None:
            dialling.cancel()
        self._release()
        self._session, self._idle_since, self._delay = None, None, REDIAL_FIRST
        if session is not None:
            session.close()

    def _release(self) -> None:
        """Bindings and ports are gone with the connection."""
        self._relays.stop()
        self._shown.clear()
        for identity, link in self._wanted.peers.items():
            self._forget(identity, link)

    def _forget(self, identity: bytes, link: PeerLink) -> None:
        relay = self._mine.get(identity)
        if relay is not None:
            self._gone(identity, link, relay)

    def _ticket(self, identity: bytes) -> Deferred[bytes]:
        """The one that was fetched for UDP is as good, and is here; should the relay refuse it, another is fetched."""
        kept = self._udp.ticket(identity)
        if not kept or identity in self._shown:
            return self._fetch_ticket(identity)
        self._shown.add(identity)
        return succeed(kept)

    # --- datagrams ----------------------------------------------------------------------------------------------------

    def _send(self, datagram: bytes, relay: Endpoint) -> None:
        if self._session is not None:
            self._session.send(datagram, relay)

    def _heard(self, heard: Heard | Closed) -> None:
        if isinstance(heard, Closed):
            self.log.warn("the control server opened no channel to {relay}: {why}", relay=heard.relay, why=heard.reason)
        elif heard.datagram.startswith(MAGIC):
            self._relays.received(heard.datagram, heard.relay)
        elif (port := self._ports.get(heard.relay)) is not None:
            port.deliver(heard.datagram)

    def _way(self, link: PeerLink, relay: Endpoint, usable: bool) -> None:
        """The relay joined this pair, or does not any more."""
        if not usable:
            self._gone(link.identity, link, relay)
            return
        if relay in self._ports:
            return
        try:
            port = self._loopback(self._reactor, self._links.listen_port, lambda data: self._send(data, relay))
        except CannotListenError as error:
            self.log.warn(
                "no port on loopback for {peer}: {error}", peer=link.name, peer_id=link.peer_id, error=str(error)
            )
            return
        self._ports[relay], self._mine[link.identity] = port, relay
        link.way(Candidate(CandidateKind.RELAY_TCP, port.endpoint), True)

    def _gone(self, identity: bytes, link: PeerLink, relay: Endpoint) -> None:
        port = self._ports.pop(relay, None)
        if port is None:
            return
        self._mine.pop(identity, None)
        if self._links.peers.get(identity) is link:
            link.way(Candidate(CandidateKind.RELAY_TCP, port.endpoint), False)
        port.close()
