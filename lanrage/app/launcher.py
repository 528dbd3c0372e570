"""Starts games for a user's agent: known programs with known arguments, never through a shell (``docs/agent.rst``)."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from typing import Any

from twisted.internet.interfaces import IReactorProcess
from twisted.internet.protocol import ProcessProtocol
from twisted.logger import Logger
from twisted.python.failure import Failure

from lanrage.core.game_launch import client_programs, join_arguments
from lanrage.core.game_orders import Order
from lanrage.core.game_profile import GameProfile
from lanrage.errors import BadInput, LanrageError, MissingRight

GAMES_PATH = "/usr/games:/usr/local/games"
"""Debian's folders of games, which a service's path lacks."""


def find_program(profile: GameProfile, environment: Mapping[str, str] = os.environ) -> str:
    """The path of the game's program.

    :raises BadInput: ``game``: its profile names no program of this system.
    :raises MissingRight: none of its programs is installed.
    """
    names = client_programs(profile)
    if not names:
        raise BadInput("game", f"which program {profile.name} is on this system is not known; start it yourself")
    path = os.pathsep.join([environment.get("PATH", os.defpath), GAMES_PATH])
    found = next((place for place in (shutil.which(name, path=path) for name in names) if place), None)
    if found is None:
        raise MissingRight(f"{profile.name} is not installed here ({' or '.join(names)}): install it first")
    return found


def launch_command(profile: GameProfile, address: str, port: int) -> list[str]:
    """The whole command that starts the game and joins a server.

    :raises BadInput: the profile does not know how, or address or port are none.
    :raises MissingRight: the game is not installed.
    """
    arguments = join_arguments(profile, address, port)
    return [find_program(profile), *arguments]


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

    :param find: a game's profile by its id; ``None`` where there is none.
    :ivar running: ids of the games that it started and that run.
    """

    log = Logger()

    def __init__(self, reactor: IReactorProcess, find: Callable[[str], GameProfile | None]) -> None:
        self._reactor: Any = reactor
        self._find = find
        self.running: list[str] = []

    def __call__(self, order: Order) -> None:
        """Start the game; why that is not possible is in the log, for the user reads it there."""
        try:
            profile = self._find(order.game)
            if profile is None:
                raise BadInput("game", f"{order.game} is not known here")
            command = launch_command(profile, order.address, order.port)
        except LanrageError as error:
            self.log.warn("{game} was not started: {reason}", game=order.game, reason=str(error))
            return
        self.log.info("{game} is started to join {address}", game=order.game, address=order.address, port=order.port)
        self._reactor.spawnProcess(_Game(order.game, self.running), command[0], command, env=dict(os.environ))
