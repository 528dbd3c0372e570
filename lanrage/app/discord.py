"""Shows in Discord what is played, over its socket in the user's session (``docs/notifications.rst``).

A part of the agent's role. Discord may start, end and be updated at any time: it is looked for again with growing
pauses, and what is to be shown is told anew.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.endpoints import UNIXClientEndpoint
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.protocol import Factory
from twisted.logger import Logger
from twisted.python.failure import Failure

from lanrage.app.discord_talk import DiscordTalk
from lanrage.core.discord_activity import Activity, ActivityPace, read_secret
from lanrage.core.game_orders import ShowPresence
from lanrage.core.rate import TokenBucket
from lanrage.errors import LanrageError, Unreachable
from lanrage.net.discord_socket import candidates, peer_user

FIRST_PAUSE, LONGEST_PAUSE = 2.0, 60.0
"""Seconds until Discord is looked for again; each pause is twice the one before, until it was there."""
PATIENCE = 10.0
"""Seconds for a connection."""
JOIN_RATE, JOIN_BURST = 1 / 5, 3.0
"""Invitations a second, and at once, that are handed over: what claims to be Discord could hand over thousands."""
LEASE = 150.0
"""Seconds for which is shown what the node asked for; it repeats itself each 60 s, and one that is gone does not."""

log = Logger()


Find = Callable[[Callable[[], DiscordTalk]], Awaitable[DiscordTalk]]
"""Connects what is made to Discord."""


async def find_discord(
    reactor: Any, environment: Mapping[str, str], user: int, make: Callable[[], DiscordTalk]
) -> DiscordTalk:
    """A connection to the first Discord that listens in this user's session, and is this user's.

    :raises Unreachable: none does.
    """
    for path in candidates(environment, user):
        try:
            talk: Any = await UNIXClientEndpoint(reactor, str(path), PATIENCE).connect(Factory.forProtocol(make))
        except CancelledError:
            raise
        except Exception:  # pylint: disable=broad-exception-caught  # a socket that a crash left, among others
            continue
        if peer_user(talk.transport.socket) == user:
            found: DiscordTalk = talk
            return found
        talk.leave()
    raise Unreachable("no Discord runs in this session")


class DiscordPresence(Service):
    """Shows what it is told to, while there is an application to show it as, from start to stop.

    :param find: connects to a Discord of this user's, or raises :class:`Unreachable`; a test's own.
    :ivar join: called with an invitation's link when the user takes a friend's; it must let the user confirm.
    """

    def __init__(self, reactor: Any, find: Find | None = None) -> None:
        self._reactor = reactor
        self._find: Find = find or partial(find_discord, reactor, os.environ, os.geteuid())
        self.join: Callable[[str], None] = _nobody
        self._pace = ActivityPace()
        self._client_id, self._refused = "", ""
        self._talk: DiscordTalk | None = None
        self._running: Deferred[None] | None = None
        self._waiting: Deferred[None] | None = None
        self._said = ""
        self._joins = TokenBucket(JOIN_RATE, JOIN_BURST)
        self._lease: IDelayedCall | None = None

    def stopService(self) -> Deferred[None]:
        """Show nothing any more; nothing is left open."""
        super().stopService()  # type: ignore[no-untyped-call]
        return Deferred.fromCoroutine(self._stop())

    async def __call__(self, order: ShowPresence) -> tuple[()]:
        """The node asks to show this; it counts for :data:`LEASE` seconds."""
        if self.running:
            self._end_lease()
            if order.client_id:
                self._lease = self._reactor.callLater(LEASE, self._lapsed)
            self.show(order.client_id, order.activity())
        return ()

    def _lapsed(self) -> None:
        log.info("nothing is shown in Discord any more: the node is gone")
        self.show("", None)

    def _end_lease(self) -> None:
        lease, self._lease = self._lease, None
        if lease is not None and lease.active():
            lease.cancel()

    def show(self, client_id: str, activity: Activity | None) -> None:
        """Show this, or nothing, as that application; an empty id ends it."""
        self._pace.want(activity if client_id else None)
        if client_id != self._client_id:
            self._client_id, self._refused = client_id, ""
            if self._talk is not None:
                self._talk.leave()
            elif self._waiting is not None:
                self._waiting.callback(None)
        if client_id and client_id != self._refused and self._running is None:
            self._running = Deferred.fromCoroutine(self._run())
            self._running.addErrback(self._failed).addCallback(self._ended)
        if self._talk is not None:
            self._talk.look()

    async def _stop(self) -> None:
        self._end_lease()
        self.show("", None)
        running = self._running
        if running is None:
            return
        if self._talk is None:
            running.cancel()
        done: Deferred[None] = Deferred()
        running.addCallback(done.callback)
        await done

    @property
    def connected(self) -> bool:
        """Discord is there and takes commands."""
        return self._talk is not None and self._talk.ready

    async def _run(self) -> None:
        """While there is an application: find Discord and speak to it."""
        pause = FIRST_PAUSE
        while self._client_id and self._client_id != self._refused:
            client_id = self._client_id
            try:
                self._talk = talk = await self._find(partial(self._make, client_id))
            except LanrageError as error:
                self._say(str(error))
            else:
                if client_id != self._client_id:  # another one was wanted meanwhile
                    talk.leave()
                why, again = await talk.gone
                self._talk = None
                self._say(f"Discord is gone: {why}")
                if not again:
                    self._refused = client_id
                    log.warn("Discord knows no application {client_id}", client_id=client_id)
                    return
                if client_id != self._client_id:
                    continue
                pause = FIRST_PAUSE if talk.was_ready else pause
            await self._pause(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    def _say(self, why: str) -> None:
        """Each reason once."""
        if why != self._said:
            self._said = why
            log.info("nothing is shown in Discord now: {why}", why=why)

    def _make(self, client_id: str) -> DiscordTalk:
        return DiscordTalk(self._reactor, client_id, self._pace, self._wanted)

    def _wanted(self, secret: str) -> None:
        if not self._joins.take(self._reactor.seconds()):
            return
        code = read_secret(secret)
        if code is None:
            log.warn("a friend's invitation by Discord is none of LANrage's")
            return
        log.info("the user wants to join a friend by Discord", party_id=code.party_id)
        self.join(code.link())

    async def _pause(self, seconds: float) -> None:
        waiting: Deferred[None] = Deferred()
        self._waiting = waiting
        call = self._reactor.callLater(seconds, waiting.callback, None)
        try:
            await waiting
        finally:
            self._waiting = None
            if call.active():
                call.cancel()

    def _failed(self, failure: Failure) -> None:
        if not failure.check(CancelledError):
            log.failure("what is shown in Discord met an error of its own", failure)

    def _ended(self, _result: None) -> None:
        self._running, self._talk = None, None


def _nobody(_link: str) -> None:
    """There is nobody who could ask the user."""
