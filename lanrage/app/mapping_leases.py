"""Mappings at routers as the undo journal keeps them, so that the next start removes what a crash left."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.defer import TimeoutError as DeferredTimeout
from twisted.logger import Logger

from lanrage.core.mapping import PERMANENT, Gateway, Lease, Method, NotMapped
from lanrage.core.undo import MAPPING, UndoEntry
from lanrage.errors import DecodeError, StoreError
from lanrage.interfaces import IMachine, IPortMapper, IUndoJournal
from lanrage.net.igd_mapper import IgdMapper
from lanrage.net.natpmp_mapper import NatPmpMapper
from lanrage.net.pcp_mapper import PcpMapper
from lanrage.net.threads import in_thread

ELSEWHERE_LIMIT = 32
"""Mappings without an end at other routers that are kept in mind: a laptop's networks of a year."""
CLEAN_S = 4.0
"""Seconds that a start after a crash may take for it; routers answer within milliseconds."""

log = Logger()

MakeMapper = Callable[[Any, Gateway, Method], IPortMapper]


def make_mapper(reactor: Any, gateway: Gateway, method: Method) -> IPortMapper:
    """The real mapper of a protocol."""
    made: IPortMapper = _MAPPERS[method](reactor, gateway)
    return made


_MAPPERS: dict[Method, Callable[[Any, Gateway], Any]] = {
    Method.PCP: PcpMapper,
    Method.NAT_PMP: NatPmpMapper,
    Method.IGD: IgdMapper,
}


@attrs.define
class Leases:
    """The journal's entries of port mappings."""

    _reactor: Any
    _journal: IUndoJournal

    def all(self) -> list[Lease]:
        """Every lease, the oldest first; entries that are none are passed over."""
        found = []
        for entry in self._journal.entries():
            if entry.kind == MAPPING:
                try:
                    found.append(Lease.decode(entry.old))
                except DecodeError as error:
                    log.warn("an entry of the undo journal is passed over: {error}", error=str(error))
        return found

    async def note(self, lease: Lease) -> None:
        """Keep a lease in mind; on return it is on disk.

        :raises StoreError: when it cannot be written.
        """
        await in_thread(self._reactor, self._journal.note, _entry(lease))

    async def forget(self, leases: Iterable[Lease]) -> None:
        """These ended."""
        entries = [_entry(lease) for lease in leases]
        try:
            if entries:
                await in_thread(self._reactor, self._forget, entries)
        except StoreError as error:
            log.warn("the undo journal cannot be written: {error}", error=str(error))

    def _forget(self, entries: list[UndoEntry]) -> None:
        """Blocks."""
        for entry in entries:
            self._journal.forget(entry)


def _entry(lease: Lease) -> UndoEntry:
    return UndoEntry(MAPPING, f"{lease.wish} at {lease.gateway}", lease.encode())


async def remove_leftovers(
    reactor: Any,
    machine: IMachine,
    journal: IUndoJournal,
    now: Callable[[], float] = time.time,
    make: MakeMapper = make_mapper,
) -> int:
    """Remove the mappings that an earlier run left at this network's router, within :data:`CLEAN_S`.

    Those at other routers are forgotten once they have ended by themselves.

    :return: how many were removed.
    """
    leases = Leases(reactor, journal)
    left = leases.all()
    if not left:
        return 0
    ended = [lease for lease in left if lease.expires != PERMANENT and lease.expires < now()]
    await leases.forget(ended)
    gateway = await machine.default_gateway()
    here = [lease for lease in left if lease not in ended and gateway and lease.gateway == gateway.address]
    elsewhere = [lease for lease in left if lease not in ended and lease not in here]
    await leases.forget(elsewhere[:-ELSEWHERE_LIMIT])
    if gateway is None or not here:
        return 0
    removing = Deferred.fromCoroutine(_remove(reactor, gateway, here, leases, make))
    try:
        return await removing.addTimeout(CLEAN_S, reactor)
    except DeferredTimeout:
        log.warn("the router {gateway} is slow to remove mappings of an earlier run", gateway=gateway.address)
        return 0


async def _remove(reactor: Any, gateway: Gateway, here: list[Lease], leases: Leases, make: MakeMapper) -> int:
    removed = 0
    for lease in here:
        try:
            await make(reactor, gateway, lease.method).unmap(lease)
        except NotMapped as error:
            log.warn("the mapping of {wish} of an earlier run is left: {error}", wish=str(lease.wish), error=str(error))
            continue
        log.info("the mapping of {wish} of an earlier run is gone from the router", wish=str(lease.wish))
        await leases.forget([lease])
        removed += 1
    return removed
