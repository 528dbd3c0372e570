"""The control role: loads key and world, listens, and answers when what it promises is on disk."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import attrs
from twisted.application.service import Service
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort
from twisted.internet.task import deferLater
from twisted.logger import Logger

from lanrage.app.control_desk import ControlDesk
from lanrage.app.control_requests import Requests
from lanrage.app.daily_backup import DailyBackup
from lanrage.core.identity import SigningKey, fingerprint
from lanrage.core.tickets import Pair, Ticket, issue
from lanrage.core.world import World
from lanrage.core.world_load import load_world
from lanrage.errors import BadInput, StoreError
from lanrage.net.control_server import ServerFactory
from lanrage.store.database import IStore
from lanrage.store.files import write_atomic
from lanrage.store.journal import INTERVAL, Journal
from lanrage.store.keys import load_server_key
from lanrage.store.sqlite import SqliteStore
from lanrage.store.state_folder import StateFolder
from lanrage.wire.control import Accepted, RelayInfo

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
    :param flush_interval: the setting ``state.flush_interval``, in seconds (:class:`lanrage.store.journal.Journal`).
    """

    state_dir: Path
    listen: str
    reflectors: tuple[str, ...] = ()
    relays: tuple[RelayInfo, ...] = ()
    flush_interval: float = INTERVAL


class ControlService(Service):
    """A control server.

    :param reactor: listens, keeps time, runs the store's thread.
    :param now: seconds since the epoch.
    :param store: where rows live; SQLite in the state folder where none is given.
    :ivar started: fires when it listens; fails with :class:`BadInput` (the port) or :class:`StoreError`.
    :ivar key: the server's key, once started.
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
        self._journal: Journal | None = None
        self._desk: ControlDesk | None = None
        self._factory: ServerFactory | None = None
        self._port: IListeningPort | None = None
        self.started: Deferred[None] = Deferred()
        self._starting: Deferred[None] | None = None
        self.key: SigningKey | None = None

    # --- life ---------------------------------------------------------------------------------------------------------

    def startService(self) -> None:
        """Start; :attr:`started` tells how it went."""
        super().startService()  # type: ignore[no-untyped-call]
        starting = Deferred.fromCoroutine(self.start())
        self._starting = Deferred()
        starting.addBoth(self._start_ended, self._starting)
        starting.chainDeferred(self.started)

    @staticmethod
    def _start_ended(result: T, waiter: Deferred[None]) -> T:
        waiter.callback(None)
        return result

    async def start(self) -> None:
        """Load, then listen.

        :raises BadInput: field ``listen``: no endpoint, or the port is taken.
        :raises StoreError: the key or the database cannot be used.
        """
        folder = self._settings.state_dir
        self.key = load_server_key(folder, self._random)
        write_atomic(folder / PUBLIC_KEY_FILE, self.key.public.hex().encode() + b"\n", PUBLIC_MODE)
        rows = await self._store.open()
        try:
            self._world = load_world(rows)
            self._journal = Journal(self._reactor, self._store, rows, self._settings.flush_interval)
            requests = Requests(self._world, partial(_issue, self.key) if self._settings.relays else None)
            self._desk = ControlDesk(requests, self._journal, self._welcome, self._now)
            self._factory = ServerFactory(self._reactor, self.key, self._desk, self._random)
            self._port = await self._listen(self._factory)
        except BaseException:
            await self._store.close()
            raise
        if self._backup is not None:
            self._backup.start()
        log.info("control server {key} listens on {host}", key=self.key.public.hex(), host=_shown(self.address))

    def _welcome(self, session: str) -> Accepted:
        return Accepted(session, self._now(), self._settings.reflectors, self._settings.relays)

    async def _listen(self, factory: ServerFactory) -> IListeningPort:
        listen = self._settings.listen
        try:
            endpoint = serverFromString(self._reactor, listen)
        except (ValueError, TypeError) as error:
            raise BadInput("listen", f"{listen!r} is no endpoint such as tcp:7766") from error
        try:
            port: IListeningPort = await endpoint.listen(factory)
            return port
        except CannotListenError as error:
            reason = os.strerror(error.socketError.errno) if error.socketError.errno else str(error.socketError)
            raise BadInput("listen", f"port {error.port} cannot be used: {reason.lower()}") from error

    def stopService(self) -> Deferred[None]:
        """Stop; fires when everything acknowledged is on disk and nothing is left open."""
        super().stopService()  # type: ignore[no-untyped-call]
        return Deferred.fromCoroutine(self.stop())

    async def stop(self) -> None:
        """Close the port, end the connections, write what waits, close the store."""
        if self._starting is not None:
            await self._starting
        port, self._port = self._port, None
        if port is not None:
            await maybeDeferred(port.stopListening)
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

    async def _end_connections(self) -> None:
        connections = self._factory.connections if self._factory is not None else set()
        for connection in list(connections):
            connection.deny("stopping", "the control server stops")
        deadline = self._reactor.seconds() + STOP_TIME
        while connections and self._reactor.seconds() < deadline:
            await deferLater(self._reactor, 0.02, lambda: None)
        for connection in list(connections):
            connection.cut()
        while connections:
            await deferLater(self._reactor, 0.0, lambda: None)

    @property
    def address(self) -> Any:
        """The address it listens at (``IAddress``)."""
        assert self._port is not None
        return self._port.getHost()

    def status(self) -> dict[str, Any]:
        """What ``lanrage status`` and the log show."""
        journal = self._journal
        return {
            "listen": _shown(self.address) if self._port is not None else "",
            "fingerprint": fingerprint(self.key.public).hex() if self.key is not None else "",
            "connections": len(self._factory.connections) if self._factory is not None else 0,
            "refused": dict(self._factory.refusals) if self._factory is not None else {},
            "sessions": len(self._desk.sessions) if self._desk is not None else 0,
            "parties": len(self._world.parties),
            "members": sum(len(list(party.members())) for party in self._world.parties.values()),
            "journal": journal.counters.facts() | {"trouble": journal.trouble} if journal is not None else {},
        }


def _shown(address: Any) -> str:
    """An address for people: ``host:port``, or the path of a socket."""
    if not hasattr(address, "port"):
        return str(getattr(address, "name", address))
    return f"[{address.host}]:{address.port}" if ":" in address.host else f"{address.host}:{address.port}"


def _issue(key: SigningKey, party_id: str, holder: bytes, pair: Pair, expiry: float) -> bytes:
    return issue(Ticket(bytes.fromhex(party_id), holder, pair, int(expiry)), key)
