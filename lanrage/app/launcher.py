"""Starts games for a user's agent: known programs with known arguments, never through a shell (``docs/agent.rst``)."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IReactorProcess
from twisted.internet.protocol import ProcessProtocol
from twisted.logger import Logger
from twisted.python.failure import Failure

from lanrage.app.game_start import check_player, find_program
from lanrage.core.game_launch import client_programs, join_arguments
from lanrage.core.game_orders import Order
from lanrage.core.game_profile import GameProfile
from lanrage.errors import BadInput, LanrageError, MissingRight

_SETSID = shutil.which("setsid")
_SESSION = [_SETSID] if _SETSID else []
"""Makes a session of its own, in which the terminal's and the agent's end are not heard (util-linux)."""


def launch_command(profile: GameProfile | None, order: Order) -> list[str]:
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
    """One that was started; its end is noted and no more."""

    log = Logger()

    def __init__(self, game: str, running: list[str]) -> None:
        self._game, self._running = game, running
        running.append(game)

    def processEnded(self, reason: Failure) -> None:
        """Twisted: it is gone."""
        self._running.remove(self._game)
        self.log.info("{game} has ended", game=self._game, status=getattr(reason.value, "exitCode", None))


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
        reactor: IReactorProcess,
        find: Callable[[str], GameProfile | None],
        user: Callable[[], int] = os.geteuid,
    ) -> None:
        self._reactor: Any = reactor
        self._find, self._user = find, user
        self.running: list[str] = []

    def __call__(self, order: Order) -> None:
        """Start the game; why that is not possible is in the log."""
        try:
            check_player(self._user())
            command = launch_command(self._find(order.game), order)
        except LanrageError as error:
            self.log.warn("{game} was not started: {reason}", game=order.game, reason=str(error))
            return
        self.log.info("{game} is started to join {address}", game=order.game, address=order.address, port=order.port)
        apart = [*_SESSION, *command]
        nothing = os.open(os.devnull, os.O_RDWR)
        try:
            files = {0: nothing, 1: nothing, 2: nothing}
            game = _Game(order.game, self.running)
            self._reactor.spawnProcess(game, apart[0], apart, env=dict(os.environ), childFDs=files)
        finally:
            os.close(nothing)
