"""The control server's relays: their reports, what nodes are told of them, and whose tickets they shall not take."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from attrs import evolve
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from lanrage.core.code import check_address
from lanrage.core.ledger import refuse
from lanrage.core.party import Party
from lanrage.core.relay_registry import Place, RelayEntry, RelayRegistry, RevocationLog
from lanrage.core.relay_report import REPORT_INTERVAL, Rates, RelayReport
from lanrage.core.relay_revocations import REVOCATIONS_LIMIT, Revocation
from lanrage.core.thrown_out import thrown_out_since
from lanrage.core.world_state import Caller
from lanrage.errors import BadInput
from lanrage.wire.control import NoticeBody, RelayInfo, RelaysChanged
from lanrage.wire.control_relay import REVOKED_LIMIT, RelayTold, ReportRelay, Revoked, TicketsRevoked

LOOK_INTERVAL = 1.0
"""Seconds between looks for news: nodes are told of at most one change a second."""

Notices = Iterable[tuple[bytes, NoticeBody]]


class LocalRelay(Protocol):
    """A relay in this process: :class:`lanrage.app.relay.RelayService`."""

    def report(self) -> RelayReport:
        """How it fares."""

    def revoke(self, revocation: Revocation) -> None:
        """A member's tickets are void."""


class RelayKeeper:
    """The relays of one control server.

    :param named: by the server's operator; offered without a report.
    :param reporters: identities of relays that may report.
    :param wall: seconds since the epoch.
    """

    log = Logger()

    def __init__(
        self, reactor: Any, named: tuple[RelayInfo, ...], reporters: frozenset[bytes], wall: Callable[[], float]
    ) -> None:
        self._reactor = reactor
        self._reporters = reporters
        self._wall = wall
        self._registry = RelayRegistry(tuple(Place(info.host, info.first, info.last) for info in named))
        self._revoked = RevocationLog()
        self._local: LocalRelay | None = None
        self._due = 0.0
        self._notify: Callable[[Notices], None] = lambda notices: None
        self._sessions: Callable[[], Iterable[bytes]] = tuple
        self._loop = LoopingCall(self._look)
        self._loop.clock = reactor

    # --- life ---------------------------------------------------------------------------------------------------------

    def start(self, notify: Callable[[Notices], None], sessions: Callable[[], Iterable[bytes]]) -> None:
        """Tell nodes and relays from now on.

        :param sessions: identities of all that are connected.
        """
        self._notify, self._sessions = notify, sessions
        self._loop.start(LOOK_INTERVAL, now=False)

    def stop(self) -> None:
        """Tell nobody any more."""
        if self._loop.running:
            self._loop.stop()

    def attach(self, relay: LocalRelay | None) -> None:
        """The relay of this process, from now on; ``None`` = it is gone, and is not offered."""
        if relay is None and self._local is not None:
            self._hear(evolve(self._local.report(), draining=True))
        self._local = relay
        if relay is not None:
            for revocation in self._revoked.since(0, self._wall(), REVOCATIONS_LIMIT)[1]:
                relay.revoke(revocation)
        self.look()

    # --- what it knows ------------------------------------------------------------------------------------------------

    @property
    def any(self) -> bool:
        """Whether there may be relays at all."""
        return bool(self._registry.named or self._reporters)

    def infos(self) -> tuple[RelayInfo, ...]:
        """Those to name to nodes."""
        return tuple(map(_info, self._registry.offered(self._reactor.seconds())))

    def facts(self) -> list[dict[str, object]]:
        """For the operator."""
        return self._registry.facts(self._reactor.seconds())

    # --- inputs -------------------------------------------------------------------------------------------------------

    def reported(self, caller: Caller, body: ReportRelay, origin: str) -> RelayTold:
        """A relay told how it fares.

        :param origin: the host that it came from; empty = this machine.
        :raises Refused: ``not_allowed``; ``limit`` for an address that cannot be.
        """
        if caller.identity not in self._reporters:
            raise refuse("not_allowed", "this control server takes reports of the relays that --relay-key names alone")
        host = body.host or origin.partition("/")[0]
        if body.first > body.last or not _is_host(host):
            raise refuse("limit", f"{host}:{body.first}-{body.last} is no relay's address")
        rates = Rates(body.packets, body.bytes, body.drops)
        own = (body.region, body.load, body.draining, body.bindings, body.capacity, rates, body.trouble)
        self._registry.report(RelayReport(host, body.first, body.last, *own), self._reactor.seconds())
        if body.draining:
            self.look()
        number, rows = self._revoked.since(body.since, self._wall(), REVOKED_LIMIT)
        return RelayTold(number, tuple(map(_revoked, rows)))

    def revoke(self, party_id: str, identity: bytes, lifetime: float) -> None:
        """A member is one no more: the tickets that it has are void.

        :param lifetime: seconds that a ticket lasts.
        """
        revocation = Revocation(bytes.fromhex(party_id), identity, int(self._wall() + lifetime))
        self._revoked.add(revocation)
        if self._local is not None:
            self._local.revoke(revocation)
        told = TicketsRevoked(self._revoked.number, (_revoked(revocation),))
        self._notify((reporter, told) for reporter in self._reporters)

    def recall(self, parties: Iterable[Party], lifetime: float) -> None:
        """The server restarted: void again the tickets of who was thrown out since the oldest ones were issued."""
        since = self._wall() - lifetime
        for party in parties:
            party_id = party.charter.party_id
            for identity, at in thrown_out_since(party.ledger.records, party_id, since):
                self._revoked.add(Revocation(bytes.fromhex(party_id), identity, int(at + lifetime)))

    def look(self) -> None:
        """Tell nodes what has changed, now."""
        self._due = 0.0
        self._look()

    # --- within -------------------------------------------------------------------------------------------------------

    def _look(self) -> None:
        now = self._reactor.seconds()
        if self._local is not None and now >= self._due:
            self._due = now + REPORT_INTERVAL
            self._hear(self._local.report())
        offered = self._registry.news(now)
        if offered is None:
            return
        self.log.info("nodes are told of {count} relays", count=len(offered))
        body = RelaysChanged(tuple(map(_info, offered)))
        self._notify((identity, body) for identity in self._sessions())

    def _hear(self, report: RelayReport) -> None:
        self._registry.report(report, self._reactor.seconds())


def _info(entry: RelayEntry) -> RelayInfo:
    place = entry.place
    return RelayInfo(place.host, place.first, place.last, entry.relay_id, entry.region, entry.load, entry.draining)


def _revoked(revocation: Revocation) -> Revoked:
    return Revoked(revocation.party_id.hex(), revocation.holder, revocation.until)


def revocation_of(row: Revoked) -> Revocation:
    """What a relay is told, as its table takes it."""
    return Revocation(bytes.fromhex(row.party_id), row.holder, row.until)


def _is_host(host: str) -> bool:
    """Whether nodes can be told to go there; empty = where they reached the control server."""
    if not host:
        return True
    try:
        check_address(f"[{host}]:1" if ":" in host else f"{host}:1", "host")
    except BadInput:
        return False
    return True
