"""A game in a room as ``lanrage run`` holds it: the card first, then the game, and its end."""

from __future__ import annotations

import os
import signal
from typing import Any, cast

import attrs
from twisted.internet import reactor as installed_reactor
from twisted.internet.defer import CancelledError, Deferred, succeed

from lanrage.app.run_room import Play, listener
from lanrage.errors import MissingRight, Unreachable
from lanrage.net.room_inside import PASSED_ON
from lanrage.net.room_steward import Steward
from tests.api_case import ApiCase
from tests.fakes_rooms import opened

reactor: Any = installed_reactor


@attrs.define
class MemorySteward:
    """A room without processes."""

    namespace: int
    pid: int = 0
    ended: Deferred[int] = attrs.field(factory=Deferred)
    dressed: list[dict[str, Any]] = attrs.field(factory=list)
    started: Deferred[None] = attrs.field(factory=Deferred)
    holds: Deferred[None] | None = None

    def attach(self, _reactor: object) -> None:
        """Nobody speaks."""

    def dress(self, card: dict[str, Any]) -> Deferred[dict[str, Any]]:
        """Keep it."""
        self.dressed.append(card)
        return succeed({})

    async def start(self) -> int:
        """The game runs: this very process."""
        if self.holds is not None:
            await self.holds
        reactor.callLater(0, self.started.callback, None)
        return os.getpid()


class PlayTests(ApiCase):
    """Games at a fake node behind a real socket."""

    def setUp(self) -> None:
        """A room."""
        super().setUp()
        descriptor = os.open("/dev/null", os.O_RDONLY)
        self.addCleanup(os.close, descriptor)
        for each in PASSED_ON:
            self.addCleanup(signal.signal, each, signal.getsignal(each))
        self.steward = MemorySteward(descriptor)
        self.said: list[str] = []

    def play(self, path: str = "") -> Play:
        """A game that has not begun."""
        return Play(reactor, path or str(self.path), cast(Steward, self.steward), True, self.said.append)

    async def test_game(self) -> None:
        """The card is asked for and set up before the game starts; the game's status is the command's."""
        playing = self.play().begin()
        await self.steward.started
        self.assertEqual([card["address"] for card in self.steward.dressed], [opened().address])
        self.assertEqual([call[:2] for call in self.node.calls], [("open_room", True)])
        self.steward.ended.callback(7)
        self.assertEqual((await playing, self.said), (7, []))

    async def test_refused(self) -> None:
        """Without a card there is no game; the error is the node's."""
        self.node.failures["open_room"] = MissingRight("no card here")
        with self.assertRaises(MissingRight) as caught:
            await self.play().begin()
        self.assertEqual((str(caught.exception), self.steward.started.called), ("no card here", False))
        with self.assertRaises(Unreachable):
            await self.play(str(self.folder / "nobody")).begin()

    async def test_card_gone(self) -> None:
        """When the node goes, the user is told, and the game goes on."""
        playing = self.play().begin()
        await self.steward.started
        self.steward.ended.addBoth(lambda status: status)
        await self.service.stopService()
        while not self.said:
            await self.soon()
        self.assertEqual(self.said, ["the party's card is gone; it comes back with the node"])
        self.assertFalse(playing.called)
        self.steward.ended.callback(0)
        self.assertEqual(await playing, 0)

    async def test_too_early(self) -> None:
        """A signal before the game starts ends the attempt."""
        waiting = self.play().begin()
        os.kill(os.getpid(), signal.SIGTERM)
        with self.assertRaises(CancelledError):
            await waiting
        self.assertEqual(self.steward.dressed, [])

    async def test_while_it_starts(self) -> None:
        """A signal that comes while the game starts is the game's."""
        got: list[int] = []
        holds: Deferred[None] = Deferred()
        self.steward.holds = holds
        ended = self.play().begin()
        while not self.steward.dressed:
            await self.soon()
        os.kill(os.getpid(), signal.SIGUSR1)  # to the command
        await self.soon()
        signal.signal(signal.SIGUSR1, lambda number, _: got.append(number))  # of the game, which is this process, too
        self.assertEqual(got, [])
        holds.callback(None)
        while not got:
            await self.soon()
        self.steward.ended.callback(0)
        self.assertEqual((await ended, got), (0, [signal.SIGUSR1]))

    async def test_listener(self) -> None:
        """The node's process is known by its socket; without one it is one's own."""
        self.assertEqual(listener(str(self.path)), os.getpid())
        self.assertEqual(listener(str(self.folder / "nobody")), os.getpid())

    def soon(self) -> Deferred[None]:
        """A moment later."""
        later: Deferred[None] = Deferred()
        reactor.callLater(0.01, later.callback, None)
        return later
