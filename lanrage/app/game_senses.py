"""What the watch of games looks at the machine with; tests put their own in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

import attrs
from twisted.internet.defer import Deferred

from lanrage.app.game_listens import Listens, look_at_games
from lanrage.core.game_detection import RunningGame
from lanrage.core.game_match import GameIndex
from lanrage.net.game_facts import Looks
from lanrage.net.game_first_look import FirstLook
from lanrage.net.game_sockets import PortOwners
from lanrage.net.process_events import ProcessEvents

# Protocols have methods without a body.
# pylint: disable=missing-function-docstring


class Events(Protocol):
    """What tells of programs that start: :class:`lanrage.net.process_events.ProcessEvents`."""

    def open(self, started: Callable[[int], None], missed: Callable[[], None]) -> Deferred[None]: ...

    def close(self) -> None: ...


@attrs.frozen
class Senses:
    """All of it.

    :param events: tells of programs that start.
    :param first: takes the first look at a process.
    :param looks: takes the second, by the games and the networks that count.
    :param owners: finds whose ports are open.
    :param listens: looks where games listen, and what they have started.
    """

    events: Callable[[Any], Events] = ProcessEvents
    first: Callable[[GameIndex], FirstLook] = FirstLook
    looks: Callable[[GameIndex, frozenset[int]], Looks] = Looks
    owners: Callable[[], PortOwners] = PortOwners
    listens: Callable[[Iterable[RunningGame], bool], Mapping[str, Listens]] = look_at_games


REAL = Senses()
"""Those of a real machine."""
