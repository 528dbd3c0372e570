"""A game in a room, from its start to its end: holds the connection to the node, and renews it (``docs/run.rst``)."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectingCancelledError
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from lanrage.app.client import NodeClient
from lanrage.errors import LanrageError
from lanrage.net.local_socket import peer_credentials
from lanrage.net.room_inside import PASSED_ON
from lanrage.net.room_steward import Steward

RETRY = 2.0
"""Seconds between tries to get a card again; a node restarts within a few."""

FROM_TERMINAL = (signal.SIGINT, signal.SIGQUIT)
"""What a terminal sends to the game itself."""


class Play:
    """One game.

    :param path: of the node's socket.
    :param say: tells the user a sentence.
    """

    def __init__(self, reactor: Any, path: str, steward: Steward, internet: bool, say: Callable[[str], None]) -> None:
        self._reactor = reactor
        self._path = path
        self._steward = steward
        self._internet = internet
        self._say = say
        self._pid = 0
        self._starting = False
        self._pending: list[int] = []
        self._holding: Deferred[None] | None = None
        self._playing: Deferred[int] | None = None

    def begin(self) -> Deferred[int]:
        """Get the card, start the game; fires with how it ended, as :attr:`subprocess.Popen.returncode` says it."""
        self._steward.attach(self._reactor)
        for each in PASSED_ON:
            signal.signal(each, self._signalled)
        self._playing = Deferred.fromCoroutine(self._play())
        return self._playing

    async def _play(self) -> int:
        plugged: Deferred[None] = Deferred()
        self._holding = Deferred.fromCoroutine(self._hold(plugged))
        self._holding.addErrback(_not_held, plugged)
        try:
            await plugged
            self._starting = True
            self._pid = await self._steward.start()
            for number in self._pending:
                self._pass_on(number)
            return await self._steward.ended
        finally:
            self._holding.cancel()
            await self._holding

    async def _hold(self, plugged: Deferred[None]) -> None:
        """Hold a card, and get another when it is gone, until cancelled; without a first one there is no game."""
        while True:
            try:
                await self._hold_one(plugged)
                self._say("the party's card is gone; it comes back with the node")
            except LanrageError as error:
                if not plugged.called:
                    plugged.errback(error)
                    return
            await deferLater(self._reactor, RETRY)

    async def _hold_one(self, plugged: Deferred[None]) -> None:
        """Get a card and hold it until it is gone."""
        async with NodeClient(self._reactor, self._path) as node:
            wish = {"internet": self._internet}
            card = await node.call("run.open", wish, descriptor=self._steward.namespace)
            await self._steward.dress(card)
            if plugged.called:
                self._say(f"the party's card is back, with the address {card['address']}")
            else:
                plugged.callback(None)
            await node.ended()

    def _signalled(self, number: int, _frame: FrameType | None) -> None:
        if self._pid:
            self._pass_on(number)
        else:
            self._reactor.callFromThread(self._before_the_game, number)

    def _pass_on(self, number: int) -> None:
        if number not in FROM_TERMINAL or not _in_foreground():
            with suppress(ProcessLookupError):
                os.kill(self._pid, number)

    def _before_the_game(self, number: int) -> None:
        """The game may have started when this is called, or its start may be under way, and be known soon."""
        if self._pid:
            self._pass_on(number)
        elif self._starting:
            self._pending.append(number)
        elif self._playing is not None:
            self._playing.cancel()


def _in_foreground() -> bool:
    """Whether the terminal, where there is one, has sent its signals to the game as well."""
    try:
        return os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except (OSError, ValueError):
        return False


def _not_held(failure: Failure, plugged: Deferred[None]) -> Failure | None:
    """Holding ended: because the game did, or by a bug, of which whoever waits for the card is told."""
    if failure.check(CancelledError, ConnectingCancelledError):
        return None
    if plugged.called:
        return failure
    plugged.errback(failure)
    return None


def listener(path: str) -> int:
    """The process id of the node at this socket; this process's own where there is none, which is told later."""
    with socket.socket(socket.AF_UNIX) as knock:
        knock.setblocking(False)
        try:
            knock.connect(path)
            return peer_credentials(knock).pid
        except OSError:
            return os.getpid()


def play(path: str, steward: Steward, internet: bool, say: Callable[[str], None]) -> int:
    """Run the reactor until the game has ended; how it did.

    :raises LanrageError: where it could not begin.
    """
    from twisted.internet import reactor

    steering: Any = reactor
    outcome: list[Any] = []

    def ended(result: Any) -> None:
        outcome.append(result)
        steward.close()
        steering.stop()

    steering.callWhenRunning(lambda: Play(steering, path, steward, internet, say).begin().addBoth(ended))
    steering.run(installSignalHandlers=False)
    if isinstance(outcome[0], Failure):
        if outcome[0].check(CancelledError):
            raise KeyboardInterrupt
        outcome[0].raiseException()
    return int(outcome[0])
