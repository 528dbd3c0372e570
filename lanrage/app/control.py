"""The control role: loads key and world, listens, and answers when what it promises is on disk."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import attrs
import msgspec
from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.logger import Logger

from lanrage.app import metrics_of_control
from lanrage.app.ban_watch import BanWatch
from lanrage.app.collector import Collector
from lanrage.app.control_desk import ControlDesk
from lanrage.app.control_door import Door, DoorSettings
from lanrage.app.control_requests import TICKET_LIFETIME, Requests
from lanrage.app.daily_backup import DailyBackup
from lanrage.app.recheck import Recheck
from lanrage.app.relay_keeper import RelayKeeper
from lanrage.core.admission import Admission, Registration
from lanrage.core.bans import Bans
from lanrage.core.identity import SigningKey, fingerprint
from lanrage.core.mailboxes import Mailboxes
from lanrage.core.metric_reading import Reading
from lanrage.core.reach import Reach
from lanrage.core.restart import come_back
from lanrage.core.tickets import Pair, Ticket, issue
from lanrage.core.world import World
from lanrage.core.world_load import Unproven, load_world
from lanrage.core.world_rows import Row
from lanrage.errors import REFUSALS, StoreError
from lanrage.logs import identify, keep_secret
from lanrage.net.control_server import ServerFactory
from lanrage.net.control_session import LOGIN_TIMEOUT, ServerConnection
from lanrage.net.relay_bridge import RelayBridges
from lanrage.net.relay_targets import RelayTargets
from lanrage.store.database import IStore
from lanrage.store.files import write_atomic
from lanrage.store.journal import INTERVAL, Journal
from lanrage.store.keys import load_server_key
from lanrage.store.sqlite import SqliteStore
from lanrage.store.state_folder import StateFolder
from lanrage.timing import timing_decorator
from lanrage.wire.control import Accepted, Notice, Reachable, RelayInfo

PUBLIC_KEY_FILE = "server.pub"
PUBLIC_MODE = 0o644
"""Everybody may know the public key: a relay elsewhere is given it."""
STOP_TIME = 1.0
"""Seconds that connections get to end by themselves when the service stops."""

T = TypeVar("T")

log = Logger()


@attrs.frozen
class ControlSettings:
    """What the control role needs to know.

    :param state_dir: keys and database.
    :param listen: endpoint string, for example ``tcp:7766``.
    :param reflectors: ``host:port`` of STUN reflectors to tell nodes of; an empty host = as they reached us.
    :param relays: likewise.
    :param relay_keys: identities of relays that may report.
    :param registration: who may found parties.
    :param ban_file: whom it does not serve (:class:`lanrage.core.bans.Bans`).
    :param door: certificate and proxies.
    :param flush_interval: the setting ``state.flush_interval``, in seconds (:class:`lanrage.store.journal.Journal`).
    """

    state_dir: Path
    listen: str
    reflectors: tuple[str, ...] = ()
    relays: tuple[RelayInfo, ...] = ()
    registration: Registration = Registration()
    ban_file: Path | None = None
    door: DoorSettings = DoorSettings()
    flush_interval: float = INTERVAL
    relay_keys: frozenset[bytes] = frozenset()


class ControlService(Service):
    """A control server.

    :param reactor: listens, keeps time, runs the store's thread.
    :param now: seconds since the epoch.
    :param store: where rows live; SQLite in the state folder where none is given.
    :ivar started: fires when it listens; fails with :class:`BadInput` (the port) or :class:`StoreError`.
    :ivar key: the server's key, once started.
    :ivar relays: those that it names to nodes.
    :ivar on_login: observers, each called with every connection of a node that logged in.
    """

    def __init__(
        self,
        reactor: Any,
        settings: ControlSettings,
        *,
        store: IStore | None = None,
        now: Callable[[], float] = time.time,
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._reactor, self._settings, self._now, self._random = reactor, settings, now, random
        self._store: IStore = store if store is not None else SqliteStore(reactor, settings.state_dir)
        self._backup = DailyBackup(reactor, StateFolder(settings.state_dir), now) if store is None else None
        self._world = World()
        self._journal: Journal[Row] | None = None
        self._desk: ControlDesk | None = None
        self._factory: ServerFactory | None = None
        self._admission = Admission(settings.registration)
        self._bans = BanWatch(reactor, settings.ban_file, self._banned) if settings.ban_file is not None else None
        self._door: Door | None = None
        self.relays = RelayKeeper(reactor, settings.relays, settings.relay_keys, now)
        self._targets = RelayTargets(reactor, self.relays.infos)
        self._reach: Reach | None = None
        self._reach_at = 0.0
        self.on_login: list[Callable[[ServerConnection], object]] = [self._remind]
        self._collector = Collector(reactor, self._traffic)
        self._recheck = Recheck(reactor)
        self.started: Deferred[None] = Deferred()
        self._starting: Deferred[None] | None = None
        self._stopping = False
        self.key: SigningKey | None = None

    # --- life ---------------------------------------------------------------------------------------------------------

    def startService(self) -> None:
        """Start; :attr:`started` tells how it went."""
        super().startService()  # type: ignore[no-untyped-call]
        if self.started.called:  # it could not start, and is tried again
            self.started = Deferred()
        starting = Deferred.fromCoroutine(self.start())
        self._starting = Deferred()
        starting.addBoth(self._start_ended, self._starting)
        starting.chainDeferred(self.started)

    @staticmethod
    def _start_ended(result: T, waiter: Deferred[None]) -> T:
        waiter.callback(None)
        return result

    @timing_decorator("control.set_up")
    async def start(self) -> None:
        """Load, then listen.

        :raises BadInput: field ``listen``: no endpoint, or the port is taken; a certificate that cannot be used.
        :raises StoreError: the key or the database cannot be used.
        """
        folder = self._settings.state_dir
        self.key = load_server_key(folder, self._random)
        self._introduce(self.key)
        write_atomic(folder / PUBLIC_KEY_FILE, self.key.public.hex().encode() + b"\n", PUBLIC_MODE)
        rows = await self._store.open()
        try:
            unproven: list[Unproven] = []
            self._world = load_world(rows, unproven)
            log.debug("the database holds {parties} parties", parties=len(self._world.parties))
            self._journal = Journal(self._reactor, self._store, rows, self._settings.flush_interval)
            issue_ticket = partial(_issue, self.key) if self.relays.any else None
            requests = Requests(self._world, issue_ticket, self._admission, Mailboxes(self._random), self.relays)
            self._desk = ControlDesk(requests, self._journal, self._welcome, self._now)
            self._desk.on_login = self.on_login
            self._factory = ServerFactory(self._reactor, self.key, self._desk, self._random, self._admission)
            self._factory.readiness = self.unready
            if self.relays.any:
                self._factory.bridges = RelayBridges(self._reactor, self._targets, self._factory.relay_refused)
                self._targets.start()
            if self._bans is not None:
                self._bans.start()
            self._door = Door(self._reactor, self._settings.door, folder, self.key, self._now, self._random)
            await self._door.open(self._settings.listen, self._factory)
            self._collector.start()
            self.relays.recall(self._world.parties.values(), TICKET_LIFETIME)
            self.relays.start(self._desk.notify, self._desk.identities)
            self._recheck.start(unproven)
        except BaseException:
            self._stop_watching()
            await self._store.close()
            raise
        if self._backup is not None:
            self._backup.start()
        log.info("control server {public_key} listens on {host}", public_key=self.key.public, host=_shown(self.address))

    def _introduce(self, key: SigningKey) -> None:
        """To the log: who writes it, and what must not be in it."""
        identify(fingerprint(key.public).hex())
        keep_secret(self._settings.registration.token)

    def register_by(self, registration: Registration) -> None:
        """From now on new parties are founded by this rule; those that there are stay."""
        keep_secret(registration.token)
        self._admission.registration = registration

    def _banned(self, bans: Bans) -> None:
        """The list changed: who is on it now goes."""
        self._admission.bans = bans
        for connection in list(self._factory.connections) if self._factory is not None else ():
            if self._admission.is_banned(connection.origin, connection.identity):
                connection.deny("server_ban", REFUSALS["server_ban"])

    def _stop_watching(self) -> None:
        self._collector.stop()
        self.relays.stop()
        self._recheck.stop()
        self._targets.stop()
        if self._factory is not None:
            self._factory.logins.stop()
        if self._bans is not None:
            self._bans.stop()

    def _welcome(self, session: str) -> Accepted:
        settings, reach, relays = self._settings, self._reach, self.relays.infos()
        if reach is None:
            return Accepted(session, self._now(), settings.reflectors, relays)
        told = tuple(told_relay(relay, reach) for relay in relays)
        return Accepted(session, self._now(), (*settings.reflectors, *reach.reflectors), told, reach.addresses)

    def set_reach(self, reach: Reach) -> None:
        """How nodes outside reach this server: told at each login from now on, and to who is logged in."""
        self._reach, self._reach_at = reach, self._reactor.seconds()
        if self._desk is not None:
            self._desk.announce(Reachable(reach.addresses))

    def _remind(self, connection: ServerConnection) -> None:
        """Its welcome may be from before the last change, which it was not logged in yet to hear of."""
        if self._reach is not None and self._reactor.seconds() - self._reach_at < LOGIN_TIMEOUT:
            connection.send(Notice(Reachable(self._reach.addresses)))

    def unready(self) -> str:
        """Why the server cannot do its work; empty = it can."""
        if self._stopping or self._journal is None:
            return "stopping"
        return f"changes wait for the disk: {self._journal.trouble}" if self._journal.trouble else ""

    def stopService(self) -> Deferred[None]:
        """Stop; fires when everything acknowledged is on disk and nothing is left open."""
        super().stopService()  # type: ignore[no-untyped-call]
        return Deferred.fromCoroutine(self.stop())

    async def stop(self) -> None:
        """Close the port, end the connections, write what waits, close the store."""
        if self._starting is not None:
            await self._starting
        self._stopping = True
        self._stop_watching()
        if self._door is not None:
            await self._door.stop_listening()
        await self._end_connections()
        if self._backup is not None:
            await self._backup.stop()
        journal, self._journal = self._journal, None
        if journal is None:
            return
        try:
            await journal.stop()
        except StoreError as error:
            log.error("the control server stops with unwritten changes: {reason}", reason=str(error))
        if self._desk is not None:
            self._desk.stop()
        await self._store.close()
        log.info("the control server has stopped; {written} rows were written", written=journal.counters.written)

    async def _end_connections(self) -> None:
        connections = self._factory.connections if self._factory is not None else set()
        if self._door is not None:
            self._door.cut_silent()
        for connection, retry in zip(list(connections), come_back(len(connections), self._jitter), strict=True):
            sentence = f"the control server restarts; this node dials again in {retry} ms"
            connection.deny("restarting", sentence, retry)
        deadline = self._reactor.seconds() + STOP_TIME
        while connections and self._reactor.seconds() < deadline:
            await deferLater(self._reactor, 0.02, lambda: None)
        for connection in list(connections):
            connection.cut()
        while connections or (self._door is not None and self._door.waiting):
            await deferLater(self._reactor, 0.0, lambda: None)

    def _jitter(self) -> float:
        return int.from_bytes(self._random(2), "big") / 65536

    @property
    def address(self) -> Any:
        """The address it listens at (``IAddress``)."""
        assert self._door is not None
        return self._door.address

    def _traffic(self) -> tuple[int, int]:
        """Connections that have ended, and those that are open."""
        factory = self._factory
        return (factory.ended, len(factory.connections)) if factory is not None else (0, 0)

    def status(self) -> dict[str, Any]:
        """What ``lanrage status`` and the log show."""
        journal = self._journal
        return {
            "listen": _shown(self.address) if self._door is not None and self._door.address is not None else "",
            "fingerprint": fingerprint(self.key.public).hex() if self.key is not None else "",
            "connections": len(self._factory.connections) if self._factory is not None else 0,
            "refused": dict(self._factory.refusals) if self._factory is not None else {},
            "dropped": dict(self._factory.dropped) if self._factory is not None else {},
            "relay_tcp": self._factory.bridges.facts() if self._factory is not None and self._factory.bridges else {},
            "relays": self.relays.facts(),
            "sessions": len(self._desk.sessions) if self._desk is not None else 0,
            "parties": len(self._world.parties),
            "broken_rows": self._recheck.broken,
            "reach": self._reach.state if self._reach is not None else "",
            "members": sum(len(list(party.members())) for party in self._world.parties.values()),
            "journal": journal.counters.facts() | {"trouble": journal.trouble} if journal is not None else {},
        }

    def readings(self) -> Iterator[Reading]:
        """Its metrics, for :class:`lanrage.app.metrics_sampler.MetricsSampler`; none before it has started."""
        if self._factory is None or self._desk is None:
            return
        yield from metrics_of_control.door(self._factory)
        yield from metrics_of_control.desk(self._desk, len(self._world.parties))
        yield from metrics_of_control.relays(self.relays)
        if self._journal is not None:
            yield from metrics_of_control.journal(self._journal)


def _shown(address: Any) -> str:
    """An address for people: ``host:port``, or the path of a socket."""
    if not hasattr(address, "port"):
        return str(getattr(address, "name", address))
    return f"[{address.host}]:{address.port}" if ":" in address.host else f"{address.host}:{address.port}"


def told_relay(relay: RelayInfo, reach: Reach) -> RelayInfo:
    """The relay as nodes should use it: of the embedded one, the ports that a router maps."""
    if relay.host or reach.relay is None:
        return relay
    first, last = reach.relay
    return msgspec.structs.replace(relay, first=first, last=last)


def _issue(key: SigningKey, party_id: str, holder: bytes, pair: Pair, expiry: float) -> bytes:
    return issue(Ticket(bytes.fromhex(party_id), holder, pair, int(expiry)), key)
