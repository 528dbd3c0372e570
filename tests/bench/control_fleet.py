"""The bench's players: who they are, the connection of each, and how many work at one time."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterable
from typing import Any

import attrs
from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from lanrage.core.identity import AgreementKey, NodeKeys, SigningKey
from lanrage.core.links import KEY_BYTES
from lanrage.net.control_client import DOUBLINGS, FIRST_DELAY, LAST_DELAY
from lanrage.wire.control import NoticeBody
from lanrage.wire.control_party import Deltas
from tests.bench.control_wire import Wire, dial

Heard = Callable[["Player", NoticeBody, str], None]


def nobody_hears(player: Player, body: NoticeBody, correlation_id: str) -> None:
    """Drop a notice."""


@attrs.define(eq=False)
class Player:
    """One node: its keys, its connection while it has one, and what it knows of its party.

    :ivar revision: of the party, the last it has heard of.
    """

    fleet: Fleet = attrs.field(repr=False)
    keys: NodeKeys
    wire: Wire | None = None
    revision: int = 0

    @property
    def identity(self) -> bytes:
        """Ed25519 public key."""
        return self.keys.identity.public

    def hear(self, body: NoticeBody, correlation_id: str) -> None:
        """A notice of the server."""
        self.fleet.notices += 1
        if isinstance(body, Deltas) and body.deltas:
            self.revision = body.deltas[-1].revision
        self.fleet.heard(self, body, correlation_id)

    async def connect(self) -> None:
        """Log in, at the first try."""
        wire = await dial(self.fleet.reactor, self.fleet.port, self.keys, self.fleet.pin, self.hear)
        self.wire = wire
        wire.lost.addCallback(self._lost)

    async def reconnect(self) -> int:
        """Redial as :class:`lanrage.net.control_client.ControlClient` does, until logged in; how often it dialled."""
        attempt = 0
        while True:
            bound = min(LAST_DELAY, FIRST_DELAY * 2 ** min(attempt, DOUBLINGS))
            await deferLater(self.fleet.reactor, bound * random.random(), lambda: None)
            self.fleet.redials += 1
            self.fleet.first_redial = self.fleet.first_redial or self.fleet.reactor.seconds()
            attempt += 1
            try:
                await self.connect()
            except Exception:  # refused, reset or too late: dial again  # pylint: disable=broad-exception-caught
                continue
            return attempt

    def _lost(self, wire: Wire) -> Wire:
        self.fleet.losses += 1
        if self.wire is wire:
            self.wire = None
        return wire


@attrs.define(eq=False)
class Fleet:
    """All players of the client process.

    :ivar losses: connections that were logged in and ended.
    :ivar notices: heard by all.
    :ivar first_redial: the reactor's time of the first, 0 before it.
    """

    reactor: Any
    port: int
    pin: bytes
    heard: Heard = nobody_hears
    losses: int = 0
    notices: int = 0
    redials: int = 0
    first_redial: float = 0.0

    def players(self, count: int) -> list[Player]:
        """New ones."""
        return [
            Player(self, NodeKeys(SigningKey(os.urandom(KEY_BYTES)), AgreementKey(os.urandom(KEY_BYTES))))
            for _ in range(count)
        ]


async def side_by_side(work: Iterable[Any], width: int) -> None:
    """Carry out coroutines, at most `width` at one time; the first failure is raised when all have ended."""
    left = iter(work)

    async def worker() -> None:
        for coroutine in left:
            await coroutine

    workers = [Deferred.fromCoroutine(worker()) for _ in range(width)]
    for _, result in await DeferredList(workers, consumeErrors=True):
        if isinstance(result, Failure):
            result.raiseException()
