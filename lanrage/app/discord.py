"""Shows in Discord what is played, over its socket in the user's session (``docs/notifications.rst``).

A part of the agent. Discord may start, end and be updated at any time: it is looked for again with growing pauses, and
what is to be shown is told anew.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.endpoints import UNIXClientEndpoint
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure

from lanrage.core.discord_activity import Activity, ActivityPace, read_secret
from lanrage.errors import DecodeError, LanrageError, Unreachable
from lanrage.net.discord_socket import candidates, peer_user
from lanrage.wire import discord_ipc as wire

FIRST_PAUSE, LONGEST_PAUSE = 2.0, 60.0
"""Seconds until Discord is looked for again; each pause is twice the one before, until it was there."""
PATIENCE = 10.0
"""Seconds for a connection, for READY after the handshake, and for the answer to a command."""
WRONG_ID = 4000
"""Discord knows no such application: another try is of no use."""
FAREWELL = 2.0
"""Seconds in which Discord must take in what was sent last, before the connection is cut."""

log = Logger()


class DiscordTalk(Protocol):
    """One connection, from the handshake on.

    :param client_id: of the application.
    :param pace: what is to be shown.
    :param join: called with the secret of a friend whom the user wants to join.
    :ivar gone: fires with the reason when the connection has ended, and whether another try is of use.
    :ivar ready: Discord takes commands.
    :ivar was_ready: it did once.
    """

    def __init__(self, reactor: Any, client_id: str, pace: ActivityPace, join: Callable[[str], None]) -> None:
        self._reactor, self._client_id, self._pace, self._join = reactor, client_id, pace, join
        self.gone: Deferred[tuple[str, bool]] = Deferred()
        self.ready = self.was_ready = False
        self._reader = wire.FrameReader()
        self._nonce = 0
        self._timers: dict[str, IDelayedCall] = {}
        self._why, self._again = "the connection has ended", True

    def connectionMade(self) -> None:
        """Twisted: the connection stands."""
        self._send(wire.handshake(self._client_id))
        self._expect("ready")

    def dataReceived(self, data: bytes) -> None:
        """Twisted: bytes came."""
        try:
            for frame in self._reader.feed(data):
                self._heard(wire.read(frame))
        except DecodeError as error:
            self._end(f"what it says is not understood: {error}")

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Twisted: it has ended."""
        self.ready = False
        for timer in self._timers.values():
            if timer.active():
                timer.cancel()
        if not self.gone.called:
            self.gone.callback((self._why, self._again))

    def look(self) -> None:
        """Send what is to be shown, once that is allowed."""
        if not self.ready:
            return
        now = self._reactor.seconds()
        if self._pace.take(now):
            self._command(lambda nonce: wire.set_activity(self._pace.wanted, os.getpid(), nonce))
        due = self._pace.deadline()
        self._cancel("pace")
        if due is not None:
            self._timers["pace"] = self._reactor.callLater(max(0.001, due - now), self.look)

    def leave(self) -> None:
        """End the connection: what was shown by it is shown no more."""
        if self.ready:
            self._send(wire.close())
        self._end("it is not needed any more")

    def _heard(self, heard: wire.Heard) -> None:
        match heard:
            case wire.Ready():
                self._got_ready()
            case wire.Answered(nonce, trouble):
                self._cancel(nonce)
                if trouble:
                    log.warn("Discord does not do what it is asked: {why}", why=trouble)
            case wire.JoinWanted(secret):
                self._join(secret)
            case wire.Pinged(frame):
                self._send(wire.pong(frame))
            case wire.Closed(code, reason):
                self._again = code != WRONG_ID
                self._end(reason or f"it ends the connection ({code})")
            case wire.Other():
                pass

    def _got_ready(self) -> None:
        if self.ready:
            return
        self.ready = self.was_ready = True
        self._cancel("ready")
        self._pace.connected()
        self._command(lambda nonce: wire.subscribe("ACTIVITY_JOIN", nonce))
        log.info("Discord is there")
        self.look()

    def _command(self, make: Callable[[str], wire.Frame]) -> None:
        self._nonce += 1
        self._send(make(str(self._nonce)))
        self._expect(str(self._nonce))

    def _expect(self, what: str) -> None:
        self._timers[what] = self._reactor.callLater(PATIENCE, self._end, "it does not answer")

    def _cancel(self, what: str) -> None:
        timer = self._timers.pop(what, None)
        if timer is not None and timer.active():
            timer.cancel()

    def _send(self, frame: wire.Frame) -> None:
        transport: Any = self.transport
        transport.write(wire.encode_frame(frame))

    def _end(self, why: str) -> None:
        transport: Any = self.transport
        self._why, self.ready = why, False
        transport.loseConnection()
        if "cut" not in self._timers:
            self._timers["cut"] = self._reactor.callLater(FAREWELL, transport.abortConnection)


class DiscordPresence:
    """Shows what it is told to, while there is an application to show it as.

    :param join: called with an invitation's link when the user takes a friend's; it must let the user confirm.
    :param environment: of the session.
    """

    def __init__(
        self,
        reactor: Any,
        join: Callable[[str], None],
        environment: Mapping[str, str] = os.environ,
        user: Callable[[], int] = os.geteuid,
    ) -> None:
        self._reactor, self._joined, self._environment, self._user = reactor, join, environment, user
        self._pace = ActivityPace()
        self._client_id, self._refused = "", ""
        self._talk: DiscordTalk | None = None
        self._running: Deferred[None] | None = None
        self._waiting: Deferred[None] | None = None
        self._said = ""

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

    async def stop(self) -> None:
        """Show nothing any more; nothing is left open."""
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
                self._talk = talk = await self._connect(client_id)
            except LanrageError as error:
                self._say(str(error))
            else:
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

    async def _connect(self, client_id: str) -> DiscordTalk:
        for path in candidates(self._environment, self._user()):
            talk = await self._try(path, client_id)
            if talk is not None:
                return talk
        raise Unreachable("no Discord runs in this session")

    async def _try(self, path: Path, client_id: str) -> DiscordTalk | None:
        factory = Factory.forProtocol(lambda: DiscordTalk(self._reactor, client_id, self._pace, self._wanted))
        try:
            talk: Any = await UNIXClientEndpoint(self._reactor, str(path), PATIENCE).connect(factory)
        except CancelledError:
            raise
        except Exception:  # pylint: disable=broad-exception-caught  # a socket that a crash left, among others
            return None
        assert isinstance(talk, DiscordTalk)
        transport: Any = talk.transport
        if peer_user(transport.socket) != self._user():
            talk.leave()
            return None
        return talk

    def _wanted(self, secret: str) -> None:
        code = read_secret(secret)
        if code is None:
            log.warn("a friend's invitation by Discord is none of LANrage's")
            return
        log.info("the user wants to join a friend by Discord", party_id=code.party_id)
        self._joined(code.link())

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
