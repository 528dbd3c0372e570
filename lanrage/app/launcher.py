"""Starts games for a user's agent: known programs with known arguments, never through a shell (``docs/agent.rst``)."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.protocol import ProcessProtocol
from twisted.logger import Logger
from twisted.python.failure import Failure

from lanrage.app.game_start import check_player, find_program
from lanrage.core.game_launch import client_programs, join_arguments
from lanrage.core.game_orders import Launch
from lanrage.core.game_profile import GameProfile
from lanrage.errors import BadInput, MissingRight, Refused

STEADY_S = 0.5
"""Seconds after which a game that still runs is started; a missing library or a bad argument ends it within a tenth."""
_SETSID = shutil.which("setsid")
_SESSION = [_SETSID] if _SETSID else []
"""Makes a session of its own, in which the terminal's and the agent's end are not heard (util-linux)."""


def launch_command(profile: GameProfile | None, order: Launch) -> list[str]:
    """The whole command that starts a game and joins a server.

    :raises BadInput: ``game``: it is not known here, or its profile does not know how.
    :raises MissingRight: the game is not installed.
    """
    if profile is None:
        raise BadInput("game", f"{order.game} is not known here")
    arguments, names = join_arguments(profile, order.address, order.port), client_programs(profile)
    if not arguments or not names:
        raise BadInput("game", f"how {profile.name} is started to join a server is not known; join in the game")
    program = find_program(names)
    if program is None:
        raise MissingRight(f"{profile.name} is not installed here ({' or '.join(names)})")
    return [program, *arguments]


class _Game(ProcessProtocol):
    """One that was started; its end is noted.

    :ivar steady: fires when it is started, or fails with why it is not; cancelled: nobody waits for that.
    """

    log = Logger()

    def __init__(self, reactor: Any, game: str, running: list[str]) -> None:
        self._game, self._running = game, running
        running.append(game)
        self._timer = reactor.callLater(STEADY_S, self._stands)
        self.steady: Deferred[None] = Deferred(lambda _: self._given_up())

    def processEnded(self, reason: Failure) -> None:
        """Twisted: it is gone; a wrapper that has handed over to the game has done its part."""
        self._running.remove(self._game)
        status, signal = getattr(reason.value, "exitCode", None), getattr(reason.value, "signal", None)
        self.log.info("{game} has ended", game=self._game, status=status, signal=signal)
        if not self._forget():
            return
        if status == 0:
            self.steady.callback(None)
        else:
            how = f"by signal {signal}" if signal is not None else f"with status {status}"
            self.steady.errback(Refused("not_started", f"{self._game} ended at once, {how}"))

    def _stands(self) -> None:
        self.steady.callback(None)

    def _given_up(self) -> None:
        self._forget()

    def _forget(self) -> bool:
        """Whether it was waited for until now."""
        waited: bool = self._timer.active()
        if waited:
            self._timer.cancel()
        return waited


class Launcher:
    """Carries orders out.

    A game goes on when the agent ends: it is in a session of its own and holds no pipe to the agent.

    :param find: a game's profile by its id; ``None`` where there is none.
    :param user: who runs this.
    :ivar running: ids of the games that it started and that run.
    """

    log = Logger()

    def __init__(
        self,
        reactor: Any,
        find: Callable[[str], GameProfile | None],
        user: Callable[[], int] = os.geteuid,
    ) -> None:
        self._reactor = reactor
        self._find, self._user = find, user
        self.running: list[str] = []

    async def __call__(self, order: Launch) -> tuple[()]:
        """Start the game, and give back when it is.

        :raises BadInput: it is not known here, or its profile does not know how.
        :raises MissingRight: it is not installed.
        :raises Refused: ``game_as_root``; ``not_started``: it ended at once, with an error.
        """
        check_player(self._user())
        command = launch_command(self._find(order.game), order)
        self.log.info("{game} is started to join {address}", game=order.game, address=order.address, port=order.port)
        apart = [*_SESSION, *command]
        nothing = os.open(os.devnull, os.O_RDWR)
        try:
            files = {0: nothing, 1: nothing, 2: nothing}
            game = _Game(self._reactor, order.game, self.running)
            self._reactor.spawnProcess(game, apart[0], apart, env=dict(os.environ), childFDs=files)
        finally:
            os.close(nothing)
        await game.steady
        return ()
