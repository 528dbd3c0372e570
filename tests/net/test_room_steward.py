"""The two processes of a room: what the one outside is told of the game, and that none is left."""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest
from twisted.internet import reactor as installed_reactor
from twisted.internet.defer import Deferred
from twisted.trial.unittest import TestCase

from lanrage.errors import LanrageError
from lanrage.net.room_steward import NotStarted, Steward

reactor: Any = installed_reactor


@pytest.mark.needs("root")
class StewardTests(TestCase):
    """Rooms without a card."""

    def enter(self, *game: str) -> Steward:
        """A room that is closed after the test."""
        steward = Steward.enter(game, os.getpid())
        self.addCleanup(steward.close)
        steward.attach(reactor)
        return steward

    def test_statuses(self) -> Deferred[None]:
        """The status is the game's: a number, or the signal that ended it."""

        async def run() -> None:
            for script, status in (("exit 7", 7), ("kill -9 $$", -9)):
                steward = self.enter("sh", "-c", script)
                await steward.start()
                self.assertEqual(await steward.ended, status)

        return Deferred.fromCoroutine(run())

    def test_not_started(self) -> Deferred[None]:
        """What cannot be started is named, with the status of a shell."""

        async def run() -> None:
            for game, status in (("/no/such/game", 127), ("/etc/passwd", 126)):
                with self.assertRaises(NotStarted) as caught:
                    await self.enter(game).start()
                self.assertEqual(caught.exception.status, status)
                self.assertIn(game, str(caught.exception))

        return Deferred.fromCoroutine(run())

    def test_room(self) -> Deferred[None]:
        """The namespace is not this process's own, and has no card yet: what sets one up says so."""

        async def run() -> None:
            steward = self.enter("true")
            here = os.stat("/proc/self/ns/net").st_ino
            self.assertNotEqual(os.fstat(steward.namespace).st_ino, here)
            card = {"device": "eth0", "address": "10.66.0.1/24", "mtu": 1280, "gateway": ""}
            with self.assertRaises(LanrageError) as caught:
                await steward.dress(card)
            self.assertIn("cannot be set up", str(caught.exception))

        return Deferred.fromCoroutine(run())

    def test_killed_inside(self) -> Deferred[None]:
        """When the process inside is killed the game is ended by SIGTERM, and whoever waits is told."""

        async def run() -> None:
            steward = self.enter("sleep", "60")
            pid = await steward.start()
            process = os.pidfd_open(pid)
            self.addCleanup(os.close, process)
            os.kill(steward.pid, signal.SIGKILL)
            with self.assertRaises(LanrageError):
                await steward.ended
            dead: Deferred[None] = Deferred()
            reactor.addReader(reader := _Watch(process, dead))
            await dead.addTimeout(10, reactor)
            reactor.removeReader(reader)
            with self.assertRaises(LanrageError):
                await steward.start()

        return Deferred.fromCoroutine(run())


class _Watch:
    """Fires when a process has ended."""

    def __init__(self, process: int, dead: Deferred[None]) -> None:
        self._process, self._dead = process, dead

    def fileno(self) -> int:
        """Of the process."""
        return self._process

    def logPrefix(self) -> str:
        """For the reactor."""
        return "watch"

    def doRead(self) -> None:
        """It has ended."""
        if not self._dead.called:
            self._dead.callback(None)

    def connectionLost(self, reason: object) -> None:
        """For the reactor."""
