"""One process that looks for games, steered by lines: ``events``, ``polling``, ``psutil``, ``off``, ``cpu``, ``end``.

Each line is answered with one of JSON; what is noticed is told as it is, with the machine's steady time. ``psutil`` is
the plain way: all processes, with name, file and command line, each compared with all names, in a thread.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
from rapidfuzz import fuzz, process
from twisted.internet.defer import Deferred, fail
from twisted.internet.stdio import StandardIO
from twisted.internet.task import LoopingCall
from twisted.protocols.basic import LineOnlyReceiver

from lanrage.app.game_profiles import GameProfiles
from lanrage.app.game_senses import Senses
from lanrage.app.game_watch import GameWatch
from lanrage.app.games_config import GamesSettings
from lanrage.app.service import keep_steady
from lanrage.core.game_detection import GameChange, GameEnded, GameStarted
from lanrage.core.game_names import CLOSE
from lanrage.core.game_profile import GameProfile
from lanrage.errors import MissingRight
from lanrage.net.threads import in_thread
from tests.game_set import GAMES

POLL = 5.0
"""Seconds between two looks."""


def tell(**said: Any) -> None:
    """One line of JSON."""
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()


class NoEvents:
    """A kernel that does not tell."""

    def open(self, started: Callable[[int], None], missed: Callable[[], None]) -> Deferred[None]:
        """Refused."""
        del started, missed
        return fail(MissingRight("the bench wants it so"))

    def close(self) -> None:
        """Nothing is open."""


class PlainPolling:
    """All processes by psutil, each :data:`POLL` seconds."""

    def __init__(self, reactor: Any, profiles: tuple[GameProfile, ...]) -> None:
        self._reactor = reactor
        self._names = [program.name.lower() for profile in profiles for program in profile.executables]
        self._seen: set[int] = set()
        self._loop = LoopingCall(self._look)

    def start(self) -> None:
        """Begin."""
        self._loop.start(POLL)

    def stop(self) -> None:
        """End."""
        if self._loop.running:
            self._loop.stop()

    def _look(self) -> Deferred[None]:
        return in_thread(self._reactor, self._find).addCallback(self._found)

    def _find(self) -> set[int]:
        found = set()
        for each in psutil.process_iter(["pid", "name", "exe", "cmdline"]):
            name = (each.info["name"] or "").lower()
            if process.extractOne(name, self._names, scorer=fuzz.ratio, score_cutoff=CLOSE) is not None:
                found.add(each.pid)
        return found

    def _found(self, pids: set[int]) -> None:
        for pid in pids - self._seen:
            tell(started=str(pid), pid=pid, at=time.monotonic())
        self._seen = pids


class Watcher(LineOnlyReceiver):
    """Does what the lines say."""

    delimiter = b"\n"

    def __init__(self, reactor: Any, profiles: tuple[GameProfile, ...]) -> None:
        self._reactor, self._profiles = reactor, profiles
        self._watch: GameWatch | None = None
        self._plain: PlainPolling | None = None

    def lineReceived(self, line: bytes) -> None:
        """A line."""
        word = line.decode()
        if word == "cpu":
            counters = self._watch.counters if self._watch is not None else None
            execs = 0 if counters is None else counters.execs
            tell(cpu=time.process_time(), execs=execs)
        elif word == "names":
            tell(mode=word, names=[program.name for profile in self._profiles for program in profile.executables])
        else:
            Deferred.fromCoroutine(self._be(word)).addErrback(lambda failure: tell(failed=str(failure)))

    async def _be(self, word: str) -> None:
        if self._watch is not None:
            await self._watch.stop(for_good=True)
            self._watch = None
        if self._plain is not None:
            self._plain.stop()
            self._plain = None
        if word in {"events", "polling"}:
            senses = Senses() if word == "events" else Senses(events=lambda reactor: NoEvents())
            self._watch = GameWatch(self._reactor, lambda: self._profiles, GamesSettings(True, POLL), senses=senses)
            self._watch.listen(heard)
            await self._watch.start()
        elif word == "psutil":
            self._plain = PlainPolling(self._reactor, self._profiles)
            self._plain.start()
        elif word == "end":
            self._reactor.stop()
        tell(mode=word, is_mode=self._watch.mode if self._watch is not None else word, profiles=len(self._profiles))


def heard(change: GameChange) -> None:
    """Tell of a game."""
    running = change.running
    if isinstance(change, GameStarted):
        tell(started=running.game, pid=running.best.pid, at=time.monotonic(), why=running.best.reason)
    elif isinstance(change, GameEnded):
        tell(ended=running.game, at=time.monotonic())


def main() -> None:
    """Run until ``end``."""
    from twisted.internet import reactor  # pylint: disable=import-outside-toplevel

    keep_steady(reactor)

    async def begin() -> None:
        with tempfile.TemporaryDirectory(prefix="bench-detect-") as folder:
            shipped = GameProfiles(reactor, Path(folder))
            await shipped.start()
            profiles = shipped.all()
            shipped.stop()
        known = {profile.game for profile in profiles}
        StandardIO(Watcher(reactor, (*profiles, *(each for each in GAMES if each.game not in known))))

    reactor.callWhenRunning(lambda: Deferred.fromCoroutine(begin()))
    reactor.run()


if __name__ == "__main__":
    main()
