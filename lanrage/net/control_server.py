"""The control server's factory: admits connections, counts them, and tells of those it refused.

What a connection does is in :mod:`lanrage.net.control_session`.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from typing import Any

from autobahn.twisted.websocket import WebSocketServerFactory
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from lanrage.core.admission import Admission
from lanrage.core.door_limits import CONNECTIONS_LIMIT
from lanrage.core.identity import SigningKey
from lanrage.core.origins import origin_of
from lanrage.net.control_session import Desk, ServerConnection
from lanrage.net.lean_options import with_options
from lanrage.net.login_queue import LoginQueue
from lanrage.net.outbox import QueueLimits
from lanrage.net.relay_bridge import RelayBridges
from lanrage.net.websocket import KeepaliveTimers, configure
from lanrage.wire.control_codec import MESSAGE_LIMIT, SUBPROTOCOLS
from lanrage.wire.login import TAG_BYTES

TELL_INTERVAL = 10.0
"""Seconds between two log lines about refused connections: strangers must not fill the disk."""

log = Logger()


class ServerFactory(WebSocketServerFactory):  # type: ignore[misc]
    """Makes a :class:`ServerConnection` for each node.

    :param key: the server's own.
    :param desk: decides.
    :param admission: who may come, and how much one may ask; without bans where none is given.
    :ivar connections: all of them, logged in or not.
    :ivar ended: connections that are no more.
    :ivar logins: those that wait for their turn.
    :ivar refusals: connections that were ended by us, counted by reason.
    :ivar bridges: serves those that ask for the relay over WebSocket; ``None`` = nobody is served so.
    :ivar readiness: why the server cannot do its work, for who watches it; empty = it can.
    :ivar queue_limits: for connections to come.
    :ivar dropped: what was not sent to clients that read too slowly (:class:`lanrage.net.outbox.Outbox`).
    """

    protocol = ServerConnection
    noisy = False

    def __init__(
        self,
        clock: IReactorTime,
        key: SigningKey,
        desk: Desk,
        random: Callable[[int], bytes] = os.urandom,
        admission: Admission | None = None,
    ) -> None:
        super().__init__(protocols=list(SUBPROTOCOLS), server="lanrage", reactor=clock)
        self.timers = KeepaliveTimers.on(clock)
        configure(self, self.timers, limit=MESSAGE_LIMIT + TAG_BYTES, open_timeout=0)
        self.setProtocolOptions(maxConnections=CONNECTIONS_LIMIT, webStatus=False)
        self.protocol = with_options(ServerConnection, self)
        self.logins = LoginQueue(clock)
        self.clock, self.key, self.desk, self.random = clock, key, desk, random
        self.admission = admission or Admission()
        self.connections: set[ServerConnection] = set()
        self.ended = 0
        self.refusals: Counter[str] = Counter()
        self.dropped: Counter[str] = Counter()
        self.queue_limits = QueueLimits()
        self.bridges: RelayBridges | None = None
        self.readiness: Callable[[], str] = lambda: ""
        self._told = -TELL_INTERVAL

    def refused(self, reason: str, peer: str | None, sentence: str) -> None:
        """Count a connection that we end, and tell of it now and then."""
        self.refusals[reason] += 1
        now = self.clock.seconds()
        if now - self._told >= TELL_INTERVAL:
            self._told = now
            log.info(
                "{peer} was refused: {sentence}; refused so far: {refusals}",
                peer=peer,
                sentence=sentence,
                refusals=dict(self.refusals),
            )

    def relay_refused(self, reason: str, connection: ServerConnection, sentence: str) -> None:
        """Likewise of a relay connection."""
        self.refused(reason, connection.peer, sentence)

    def buildProtocol(self, addr: Any) -> Any:
        """A connection that is known until it ends; none for a host that is banned.

        How many may come is the business of :mod:`lanrage.net.front`.
        """
        origin = origin_of(str(getattr(addr, "host", "")))
        if self.admission.is_banned(origin):
            self.refused("server_ban", origin, "its address is banned")
            return None
        connection = super().buildProtocol(addr)
        connection.origin = origin
        self.connections.add(connection)
        return connection

    def forget(self, connection: ServerConnection) -> None:
        """A connection ended."""
        self.connections.discard(connection)
        self.ended += 1
