"""Role ``agent``: what belongs to a user's session, without any right, over the node's socket (``docs/agent.rst``).

It tells the node which windows the session shows, and starts games when the node asks. The node works without it, and
it waits for the node as long as that is away.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
from twisted.application.service import Service
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from lanrage.app.agent_doing import Doers, OrderDoing
from lanrage.app.client import NodeClient
from lanrage.app.game_profiles import GameProfiles
from lanrage.app.operations_agent import WindowTold
from lanrage.core.game_orders import Found
from lanrage.core.game_windows import Window
from lanrage.errors import LanrageError, Unreachable
from lanrage.net.window_watch import Windows, WindowWatch
from lanrage.net.x11_windows import X11Windows, half_blind, why_none

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds before the node is dialled again; each pause is twice the one before."""
STEADY_S = 5.0
"""Seconds after which an agent that attends was taken: its next pause is the first again."""
NEXT_LOOK_S = 30.0
"""Seconds after which a session that showed no windows is asked again."""
REJOIN_S = 60.0
"""Seconds for the node to be back in its party: it makes devices, after what else it is at."""
LASTING = 10 * 365 * 86400.0
"""Seconds; an agent attends as long as it and the node live."""


class AgentService(Service):
    """Attends one node, from start to stop.

    :param path: of the node's socket.
    :param profiles: of which it starts games.
    :param doers: carry out what the node asks, by the kind of order.
    :param environment: of the session.
    :param connect: makes the connection to the session's X server, in a thread.
    """

    log = Logger()

    def __init__(
        self,
        reactor: Any,
        path: Path,
        profiles: GameProfiles,
        doers: Doers,
        environment: Mapping[str, str] = os.environ,
        connect: Callable[[], Windows] = X11Windows,
    ) -> None:
        self._reactor = reactor
        self._path = path
        self._profiles = profiles
        self.started: Deferred[None] = Deferred()
        self._doing = OrderDoing(doers)
        self._blind = why_none(environment)
        self._half_blind = half_blind(environment)
        self._watch = WindowWatch(reactor, connect, self._windows_are, self._windows_lost)
        self._windows: tuple[Window, ...] | None = None
        self._node: NodeClient | None = None
        self._telling = False
        self._attending: Deferred[None] | None = None
        self._timers: dict[str, IDelayedCall] = {}
        self._pause = FIRST_PAUSE
        self._login = True

    def startService(self) -> None:
        """Look at the session and dial the node."""
        super().startService()  # type: ignore[no-untyped-call]
        self.started = Deferred.fromCoroutine(self._profiles.start())
        if self._blind:
            self.log.info("no windows are told: {reason}", reason=self._blind)
        else:
            if self._half_blind:
                self.log.info("windows of Wayland's own are not seen, those of Xwayland are")
            self._watch.start()
        self._dial()

    def stopService(self) -> Deferred[None]:
        """Leave the node and the session."""
        super().stopService()  # type: ignore[no-untyped-call]
        for timer in self._timers.values():
            if timer.active():
                timer.cancel()
        self._doing.stop()
        attending, self._attending = self._attending, None
        if attending is not None:
            attending.cancel()
        return Deferred.fromCoroutine(self._leave())

    async def _leave(self) -> None:
        await self._watch.stop()
        await self.started.addBoth(lambda _: None)  # profiles that are still being read would be watched after all
        self._profiles.stop()

    # --- the node -----------------------------------------------------------------------------------------------------

    def _dial(self) -> None:
        attending = self._attending = Deferred.fromCoroutine(self._attend())
        attending.addErrback(self._failed).addCallback(lambda _: self._again())

    async def _attend(self) -> None:
        async with NodeClient(self._reactor, self._path) as node:
            self._node, since = node, self._reactor.seconds()
            try:
                self.log.info("the agent attends the node at {path}", path=str(self._path))
                blind = self._blind if self._windows is None else ""
                attended = node.call("agent.attend", {"blind": blind}, progress=self._ordered, timeout=LASTING)
                attending = Deferred.fromCoroutine(attended)
                self._tell()
                asking = Deferred.fromCoroutine(self._rejoin(node)).addErrback(self._failed)
                try:
                    await attending
                finally:
                    asking.cancel()
            finally:
                self._node = None
                if self._reactor.seconds() - since >= STEADY_S:  # it was not refused
                    self._pause = FIRST_PAUSE

    async def _rejoin(self, node: NodeClient) -> None:
        """Somebody is logged in here: the node may be back in its party. The first that hears it tells the user."""
        try:
            told = await node.call("agent.rejoin", {"login": self._login}, timeout=REJOIN_S)
        except (LanrageError, CancelledError) as error:
            self.log.info("the node was not asked to rejoin its party: {reason}", reason=str(error))
            return
        self._login = False
        self.log.info("the node was asked to rejoin its party: {outcome}", **told)

    def _failed(self, failure: Failure) -> None:
        if failure.check(CancelledError):
            return
        if failure.check(LanrageError):
            self.log.info("the agent waits for the node: {reason}", reason=str(failure.value), pause_s=self._pause)
        else:
            self.log.failure("the agent met an error of its own", failure)

    def _again(self) -> None:
        if self.running:
            self._timers["dial"] = self._reactor.callLater(self._pause, self._dial)
            self._pause = min(2 * self._pause, LONGEST_PAUSE)

    def _ordered(self, text: str) -> None:
        """An answer goes to the node that asked, and to no other."""
        node = self._node

        async def tell(number: int, error: str, found: Found | None) -> None:
            if node is None or node is not self._node:
                raise Unreachable("the node that asked is gone")
            result = msgspec.to_builtins(found) if found is not None else None
            await node.call("agent.done", {"number": number, "error": error, "result": result})

        self._doing.take(text, tell)

    def hand_over(self, link: str) -> None:
        """The user took an invitation somewhere in the session: the node keeps it until the user confirms it there."""
        if self._node is None:
            self.log.warn("an invitation could not be kept: no node is there")
            return
        call = self._node.call("agent.link", {"link": link})
        Deferred.fromCoroutine(call).addErrback(self._not_kept)

    def _not_kept(self, failure: Failure) -> None:
        failure.trap(LanrageError)
        self.log.warn("an invitation could not be kept: {reason}", reason=str(failure.value))

    # --- the session --------------------------------------------------------------------------------------------------

    def _windows_are(self, windows: tuple[Window, ...]) -> None:
        self._windows, self._blind = windows, ""
        self._tell()

    def _windows_lost(self, reason: str) -> None:
        self.log.info("windows are not told now: {reason}", reason=reason)
        self._blind = reason
        if self._windows:
            self._windows = ()
            self._tell()
        self._timers["look"] = self._reactor.callLater(NEXT_LOOK_S, self._watch.start)

    def _tell(self) -> None:
        """One message at a time; what changed meanwhile follows."""
        if self._node is None or self._windows is None or self._telling:
            return
        self._telling, windows = True, self._windows
        named = [WindowTold(each.title, each.kind, each.pid, each.program) for each in windows]
        call = self._node.call("agent.windows", {"windows": msgspec.to_builtins(named)})
        Deferred.fromCoroutine(call).addErrback(self._not_told).addCallback(lambda _: self._told(windows))

    def _not_told(self, failure: Failure) -> None:
        failure.trap(LanrageError)
        self.log.info("the node was not told of windows: {reason}", reason=str(failure.value))

    def _told(self, windows: tuple[Window, ...]) -> None:
        self._telling = False
        if self._windows != windows:
            self._tell()
