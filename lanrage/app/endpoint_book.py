"""What a session keeps for the next start without a control server: members' addresses, relays, relay tickets."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from msgspec.structs import replace
from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from lanrage.core.doors import to_remember
from lanrage.core.links import Endpoint
from lanrage.core.path import Path
from lanrage.core.rate import TokenBucket
from lanrage.core.tickets import expiry
from lanrage.errors import BadInput, DecodeError, LanrageError
from lanrage.net.threads import in_thread
from lanrage.store.endpoints import RELAYS_LIMIT, EndpointsFile, SavedEndpoints, SavedReach, SavedRelay
from lanrage.wire.control import RelayInfo

LOOK_INTERVAL = 5.0
"""Seconds between looks at the links: what a crash may lose of a new address."""
WRITE_RATE, WRITE_BURST = 1 / 60, 2.0
"""Writes a second, and at once: the file is for the next start, and disks are not to be worn out for it."""

Look = Callable[[], dict[bytes, Iterable[Path]]]
Fetch = Callable[[bytes], Deferred[bytes]]


class EndpointBook:
    """The book of one session.

    :param now: seconds since the epoch.
    """

    log = Logger()

    def __init__(self, reactor: Any, file: EndpointsFile, party_id: str, now: Callable[[], float]) -> None:
        self._reactor = reactor
        self._file = file
        self._now = now
        self._written = self._saved = SavedEndpoints(party_id)
        self._look: Look = dict
        self._writes = TokenBucket(WRITE_RATE, WRITE_BURST)
        self._writing: Deferred[None] | None = None
        self._loop = LoopingCall(self._turn)
        self._loop.clock = reactor

    # --- life ---------------------------------------------------------------------------------------------------------

    async def load(self) -> None:
        """Read what an earlier session wrote."""
        self._written = self._saved = await in_thread(self._reactor, self._file.load, self._saved.party_id)

    def start(self, look: Look) -> None:
        """Keep the book from now on.

        :param look: the present members' paths, by identity.
        """
        self._look = look
        self._loop.start(LOOK_INTERVAL, now=False)

    async def stop(self) -> None:
        """Write what is not written yet."""
        if self._loop.running:
            self._loop.stop()
            self._collect()
        if self._writing is not None:
            await self._writing
        if self._saved != self._written:
            await self._write()

    # --- what it knows ------------------------------------------------------------------------------------------------

    @property
    def relays(self) -> tuple[RelayInfo, ...]:
        """Those in use last."""
        return tuple(RelayInfo(relay.host, relay.first, relay.last, relay.id) for relay in self._saved.relays)

    def remembered(self, identity: bytes) -> tuple[Endpoint, ...]:
        """Where a member was reached."""
        found = []
        for text in self._reach(identity).endpoints:
            try:
                found.append(Endpoint.parse(text))
            except BadInput:
                continue
        return tuple(found)

    def use_relays(self, relays: tuple[RelayInfo, ...]) -> None:
        """The control server named these."""
        named = [relay for relay in relays if relay.host and not relay.draining][:RELAYS_LIMIT]
        kept = tuple(SavedRelay(relay.host, relay.first, relay.last, relay.id) for relay in named)
        self._saved = replace(self._saved, relays=kept)

    def fetching(self, fetch: Fetch) -> Fetch:
        """Fetch tickets like this, and keep them; where none can be had, the one that is kept serves to its end."""

        def ticket(identity: bytes) -> Deferred[bytes]:
            kept = partial(self._ticket_came, identity), partial(self._no_ticket, identity)
            return fetch(identity).addCallbacks(*kept)

        return ticket

    # --- within -------------------------------------------------------------------------------------------------------

    def _reach(self, identity: bytes) -> SavedReach:
        return self._saved.members.get(identity.hex(), SavedReach(()))

    def _ticket_came(self, identity: bytes, ticket: bytes) -> bytes:
        reach = replace(self._reach(identity), ticket=ticket)
        self._saved = replace(self._saved, members=self._saved.members | {identity.hex(): reach})
        return ticket

    def _no_ticket(self, identity: bytes, failure: Failure) -> bytes | Failure:
        kept = self._reach(identity).ticket
        if not kept or failure.check(LanrageError) is None:
            return failure
        try:
            good = expiry(kept) > self._now()
        except DecodeError:
            good = False
        return kept if good else failure

    def _collect(self) -> None:
        members = {}
        for identity, paths in self._look().items():
            endpoints = to_remember(paths, self.remembered(identity))
            members[identity.hex()] = replace(self._reach(identity), endpoints=tuple(map(str, endpoints)))
        self._saved = replace(self._saved, members=members)

    def _turn(self) -> None:
        self._collect()
        if self._saved != self._written and self._writing is None and self._writes.take(self._reactor.seconds()):
            self._writing = Deferred.fromCoroutine(self._write())
            self._writing.addBoth(self._done)

    async def _write(self) -> None:
        saved = self._saved
        try:
            await in_thread(self._reactor, self._file.save, saved)
            self._written = saved
        except LanrageError as error:
            self.log.warn("members' addresses are not kept for the next start: {error}", error=str(error))

    def _done(self, result: object) -> None:
        self._writing = None
        if isinstance(result, Failure):
            self.log.failure("members' addresses were not written", result)
