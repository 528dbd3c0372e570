"""Keeps ports of this machine mapped at its router while it runs (``docs/links.rst``)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, DeferredLock, succeed
from twisted.internet.defer import TimeoutError as DeferredTimeout
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from lanrage.app.links import Links
from lanrage.app.mapping_leases import Leases, MakeMapper, make_mapper
from lanrage.core.diagnosis import MappingFacts
from lanrage.core.links import Endpoint
from lanrage.core.mapping import (
    LIFETIME_S,
    NONCE_BYTES,
    PERMANENT,
    Gateway,
    Grant,
    Lease,
    Method,
    NotMapped,
    Transport,
    Wish,
)
from lanrage.core.outside import closed_because, is_public
from lanrage.core.port_mapping import METHODS, Ask, Held, MappingPlan
from lanrage.errors import LanrageError
from lanrage.interfaces import IMachine, IPortMapper, IUndoJournal

LOOK_S = 5.0
"""Seconds between looks at the default route, of 2 ms in a thread each: another network is asked at once."""
STOP_S = 2.0
"""Seconds that a stop takes for removing mappings; what is left then is in the journal."""
STOP_EACH_S = 0.3
"""Seconds for each where there are many: a slow router takes 100 ms for each of UPnP's two calls."""


class PortMapping:
    """The mappings of some ports, from :meth:`start` to :meth:`stop`.

    :param wishes: the ports, the most important first.
    :param journal: keeps the mappings in mind for the next start after a crash.
    :param seen: the addresses under which reflectors see this machine.
    :param changed: called when what :meth:`usable` tells is another than before.
    :param random: ``os.urandom``, or a test's own.
    :param now: seconds since the epoch.
    :ivar source: this machine's address towards its router; empty = none.
    :ivar looked: whether the default route has been read.
    """

    log = Logger()

    def __init__(  # pylint: disable=too-many-arguments
        self,
        reactor: Any,
        machine: IMachine,
        wishes: Iterable[Wish],
        journal: IUndoJournal,
        *,
        random: Callable[[int], bytes],
        seen: Callable[[], Iterable[str]] = tuple,
        changed: Callable[[], None] = lambda: None,
        now: Callable[[], float] = time.time,
        make: MakeMapper = make_mapper,
        methods: tuple[Method, ...] = METHODS,
    ) -> None:
        self._reactor = reactor
        self._machine = machine
        self._wishes = tuple(wishes)
        self._leases = Leases(reactor, journal)
        self._seen = seen
        self._changed = changed
        self._now = now
        self._make = make
        self._nonces = {wish: random(NONCE_BYTES) for wish in self._wishes}
        self._plan = MappingPlan(self._wishes, methods)
        self._mappers: dict[Method, IPortMapper] = {}
        self._noted: dict[Wish, Lease] = {}
        self._released: list[Lease] = []
        self._lock = DeferredLock()
        self._call: IDelayedCall | None = None
        self._work: Deferred[None] | None = None
        self._stopping = self._stumbled = False
        self._looking: list[Deferred[None]] = []
        self._told: tuple[tuple[Wish, Endpoint], ...] = ()
        self._said = ""
        self.source = ""
        self.looked = False

    # --- life ---------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin; returns at once."""
        self.log.debug("port mapping begins")
        self._tick()

    def look(self) -> Deferred[None]:
        """Look at the default route and at what is due now, not within :data:`LOOK_S`; fires when that is done."""
        if self._stopping or (self._work is None and self._call is None):
            return succeed(None)
        looked: Deferred[None] = Deferred()
        self._looking.append(looked)
        if self._call is not None and self._call.active():
            self._call.cancel()
            self._tick()
        return looked

    def stop(self) -> Deferred[None]:
        """Remove the mappings, within :data:`STOP_S` or a little more; fires when nothing is under way any more."""
        self._stopping = True
        self.log.debug("port mapping ends")
        if self._call is not None and self._call.active():
            self._call.cancel()
        if self._work is not None:
            self._work.cancel()
        stopping: Deferred[None] = self._lock.run(lambda: Deferred.fromCoroutine(self._release()))
        patience = max(STOP_S, STOP_EACH_S * len(self._noted))
        stopping.addTimeout(patience, self._reactor).addErrback(self._not_released)
        # The disk is written afterwards: it must not use up the router's time.
        return stopping.addCallback(lambda _: Deferred.fromCoroutine(self._leases.forget(self._released)))

    # --- what is so ---------------------------------------------------------------------------------------------------

    @property
    def gateway(self) -> Gateway | None:
        """The router that is asked."""
        return self._plan.gateway

    def usable(self) -> dict[Wish, Endpoint]:
        """Where each mapped port is reached from outside; those that nobody outside can reach are left out."""
        held = self._plan.held(self._reactor.seconds())
        return {each.wish: each.grant.external for each in held if not self._closed(each)}

    def refused(self) -> dict[Wish, str]:
        """The ports that the router maps not, though it maps others."""
        return self._plan.refused()

    @property
    def trouble(self) -> str:
        """Why nothing can be reached by a mapping, one sentence; empty when something can, or while it is tried."""
        held = self._plan.held(self._reactor.seconds())
        return self._closed(held[0]) if held else self._plan.trouble

    def facts(self) -> MappingFacts:
        """For ``lanrage status`` and the doctor: the first port's mapping."""
        now = self._reactor.seconds()
        held = self._plan.held(now)
        first = held[0] if held else None
        return MappingFacts(
            method=str(self._plan.method or ""),
            gateway=str(self._plan.gateway.address) if self._plan.gateway is not None else None,
            external=str(first.grant.external) if first is not None else None,
            expires_s=first.expires - now if first is not None and first.grant.lifetime != PERMANENT else None,
            offered=bool(self.usable()),
            needless=is_public(self.source) if self.source else False,
            failure=self.trouble,
        )

    # --- within -------------------------------------------------------------------------------------------------------

    def _closed(self, held: Held) -> str:
        return closed_because(held.grant.external.host, self._seen())

    def _tick(self) -> None:
        self._work = self._lock.run(lambda: Deferred.fromCoroutine(self._step()))
        self._work.addErrback(self._failed).addBoth(self._again)

    def _again(self, _result: object) -> None:
        self._work = None
        if not self._stopping:
            pause = min(LOOK_S, max(0.0, self._plan.wake() - self._reactor.seconds()))
            if self._stumbled:  # what is due stays due: asking again at once would be a loop without an end
                self._stumbled, pause = False, LOOK_S
            self._call = self._reactor.callLater(pause, self._tick)
        looking, self._looking = self._looking, []
        for looked in looking:
            looked.callback(None)

    def _failed(self, failure: Failure) -> None:
        if failure.check(CancelledError):
            return
        self._stumbled = True
        if failure.check(LanrageError):
            self.log.warn("port mapping: {error}", error=failure.getErrorMessage())
        else:
            self.log.failure("port mapping failed", failure)

    async def _step(self) -> None:
        """Look where we are, and ask what is due."""
        gateway = await self._machine.default_gateway()
        self.looked = True
        self.source = str(gateway.source) if gateway is not None else ""
        if gateway is not None and is_public(self.source):
            gateway = None  # no NAT is before a public address
        if self._plan.at(gateway, self._reactor.seconds()):
            self._mappers = {}
            self._noted = {}  # the old router's mappings end by themselves; the journal still has them
            if gateway is not None:
                self.log.info("asking the router {gateway} to map ports", gateway=gateway.address)
        while not self._stopping and (ask := self._plan.next(self._reactor.seconds())) is not None:
            await self._ask(ask)
        self._tell()

    async def _ask(self, ask: Ask) -> None:
        nonce = self._nonces[ask.wish]
        mapper = self._mapper(ask.method)
        await self._note(ask, 0, int(self._now()) + 2 * LIFETIME_S)
        try:
            grant = await mapper.map(ask.wish, ask.external, nonce)
        except NotMapped as error:
            self._plan.failed(ask, error, self._reactor.seconds())
            self.log.debug("{method} maps not {wish}: {error}", method=ask.method, wish=str(ask.wish), error=str(error))
            await self._forget(ask.wish)
        else:
            self._plan.granted(ask, grant, self._reactor.seconds())
            await self._granted(ask, grant)
        self._tell()

    async def _granted(self, ask: Ask, grant: Grant) -> None:
        noted = self._noted.get(ask.wish)
        now = self._now()
        fresh = noted is not None and noted.external == grant.external.port
        if fresh and noted is not None and (noted.expires == PERMANENT or noted.expires > now + grant.lifetime):
            return
        # Twice the life, so that not each renewal writes to the disk.
        await self._note(ask, grant.external.port, int(now) + 2 * grant.lifetime if grant.lifetime else PERMANENT)
        if not fresh:
            self.log.info(
                "{wish} is mapped by {method}: outside it is {external}",
                wish=str(ask.wish),
                method=ask.method,
                external=str(grant.external),
            )

    def _mapper(self, method: Method) -> IPortMapper:
        gateway = self._plan.gateway
        assert gateway is not None
        if method not in self._mappers:
            self._mappers[method] = self._make(self._reactor, gateway, method)
        return self._mappers[method]

    async def _note(self, ask: Ask, external: int, expires: int) -> None:
        """Keep in the journal what is there or may come to be there."""
        gateway = self._plan.gateway
        before = self._noted.get(ask.wish)
        if gateway is None or (not external and before is not None and before.method is ask.method):
            return
        nonce = self._nonces[ask.wish]
        lease = Lease(ask.method, gateway.address, gateway.source, ask.wish, external, nonce, expires)
        await self._leases.note(lease)
        self._noted[ask.wish] = lease
        if before is not None:
            await self._leases.forget([before])

    async def _forget(self, wish: Wish) -> None:
        """Nothing is there, unless a mapping stands that could not be renewed."""
        if any(held.wish == wish for held in self._plan.held(self._reactor.seconds())):
            return
        lease = self._noted.pop(wish, None)
        if lease is not None:
            await self._leases.forget([lease])

    async def _release(self) -> None:
        for wish, lease in list(self._noted.items()):
            try:
                await self._mapper(lease.method).unmap(lease)
            except NotMapped as error:
                self.log.warn("the mapping of {wish} is left: {error}", wish=str(wish), error=str(error))
                continue
            self._released.append(self._noted.pop(wish))

    def _not_released(self, failure: Failure) -> None:
        if failure.check(DeferredTimeout, CancelledError):
            self.log.warn("the router is slow: its mappings are removed at the next start, or end by themselves")
        else:
            self.log.failure("mappings were not removed", failure)

    def _tell(self) -> None:
        trouble = self.trouble
        if trouble and trouble != self._said:
            self.log.info("no port is mapped for others to reach: {why}", why=trouble)
        self._said = trouble
        now = tuple(self.usable().items())
        if now != self._told:
            self._told = now
            self._changed()


def map_links(
    reactor: Any, machine: IMachine, links: Links, journal: IUndoJournal, random: Callable[[int], bytes]
) -> PortMapping:
    """Map WireGuard's port, and let the links offer where it is reached."""

    def changed() -> None:
        links.set_mapped(tuple(mapping.usable().values()))

    mapping = PortMapping(
        reactor,
        machine,
        (Wish(Transport.UDP, links.listen_port),),
        journal,
        random=random,
        seen=lambda: [endpoint.host for endpoint in links.reflexive],
        changed=changed,
    )
    return mapping
