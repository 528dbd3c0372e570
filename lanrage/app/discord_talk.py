"""One connection to Discord's socket, from the handshake to its end (``docs/notifications.rst``)."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.protocol import Protocol, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure

from lanrage.core.discord_activity import ActivityPace
from lanrage.errors import DecodeError
from lanrage.wire import discord_ipc as wire

PATIENCE = 10.0
"""Seconds for READY after the handshake, and for the answer to a command."""
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
        self._expect("ready")
        self._send(wire.handshake(self._client_id))

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
        nonce = str(self._nonce)
        self._expect(nonce)
        self._send(make(nonce))

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
        if self.gone.called:
            return
        transport: Any = self.transport
        self._why, self.ready = why, False
        if "cut" not in self._timers:
            self._timers["cut"] = self._reactor.callLater(FAREWELL, transport.abortConnection)
        transport.loseConnection()
