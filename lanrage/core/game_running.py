"""Which games run, from the signs of them: a pure machine (``docs/games-detection.rst``).

A sign is a :class:`DetectionResult`; a game runs while there is one of it. A process is one game: of the signs that
name it the best counts. What a game's processes start belongs to it, and does not keep it running.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import attrs

from lanrage.core.game_detection import (
    DetectionResult,
    GameChange,
    GameChanged,
    GameEnded,
    GameStarted,
    Method,
    RunningGame,
)
from lanrage.core.play_ports import SPANS_LIMIT, Span

SIGNS_LIMIT = 256
"""Signs of one kind that are kept: nobody runs so many games."""
PIDS_LIMIT = 128
"""Processes of one game that are told."""

SAID_BY_USER = "the user says so"


@attrs.define
class RunningGames:
    """The machine; each input gives what changed by it.

    :param name_of: a game's name, by its id.
    """

    name_of: Callable[[str], str]
    _processes: dict[int, tuple[DetectionResult, float]] = attrs.field(factory=dict)
    _windows: tuple[DetectionResult, ...] = ()
    _ports: tuple[DetectionResult, ...] = ()
    _manual: dict[str, DetectionResult] = attrs.field(factory=dict)
    _trees: dict[str, frozenset[int]] = attrs.field(factory=dict)
    _listens: dict[str, tuple[Span, ...]] = attrs.field(factory=dict)
    _backing: dict[str, DetectionResult] = attrs.field(factory=dict)
    _running: dict[str, RunningGame] = attrs.field(factory=dict)

    @property
    def running(self) -> tuple[RunningGame, ...]:
        """All of them, in the order in which they were noticed."""
        return tuple(self._running.values())

    @property
    def pids(self) -> frozenset[int]:
        """Processes that are a sign of a game, and of which one wants to know when they end."""
        seen = {result.pid for result in (*self._windows, *self._ports) if result.pid is not None}
        return frozenset(seen | set(self._processes))

    @property
    def programs(self) -> frozenset[int]:
        """Processes that are a sign by their programs."""
        return frozenset(self._processes)

    def process(self, result: DetectionResult, since: float, now: float) -> list[GameChange]:
        """A process is a game; which other one it was before, it is no more.

        One that becomes a program nobody knows stays what it was: a game's script that goes over to the game's engine.

        :param since: when it began, seconds since the epoch.
        """
        assert result.pid is not None
        if result.pid in self._processes or len(self._processes) < SIGNS_LIMIT:
            self._processes[result.pid] = result, since
        return self._settle(now)

    def exited(self, pids: Iterable[int], now: float) -> list[GameChange]:
        """Processes have ended."""
        gone = frozenset(pids)
        for pid in gone:
            self._processes.pop(pid, None)
        self._windows = tuple(each for each in self._windows if each.pid not in gone)
        self._ports = tuple(each for each in self._ports if each.pid not in gone)
        self._trees = {game: tree - gone for game, tree in self._trees.items()}
        return self._settle(now)

    def forget(self, pids: Iterable[int], now: float) -> list[GameChange]:
        """The programs of these processes are no known ones any more; their windows and ports count as before."""
        for pid in pids:
            self._processes.pop(pid, None)
        return self._settle(now)

    def ends_with(self, pids: Iterable[int]) -> bool:
        """Whether a game would end with these processes."""
        gone = frozenset(pids)
        return any(all(result.pid in gone for result in results) for results in self._signs().values())

    def windows(self, results: Iterable[DetectionResult], now: float) -> list[GameChange]:
        """These windows are there, and no others."""
        self._windows = tuple(results)[:SIGNS_LIMIT]
        return self._settle(now)

    def ports(self, results: Iterable[DetectionResult], now: float) -> list[GameChange]:
        """These programs have a game's ports, and no others."""
        self._ports = tuple(results)[:SIGNS_LIMIT]
        return self._settle(now)

    def play(self, game: str, now: float) -> list[GameChange]:
        """The user says that it is played."""
        if len(self._manual) < SIGNS_LIMIT:
            self._manual[game] = DetectionResult(game, Method.MANUAL, 1.0, SAID_BY_USER)
        return self._settle(now)

    def stop_play(self, game: str, now: float) -> list[GameChange]:
        """The user takes it back; one that was not said is no error."""
        self._manual.pop(game, None)
        return self._settle(now)

    def said(self, game: str) -> bool:
        """Whether the user says that it is played."""
        return game in self._manual

    def looked(
        self,
        game: str,
        tree: frozenset[int] | None,
        listens: tuple[Span, ...],
        backing: DetectionResult | None,
        now: float,
    ) -> list[GameChange]:
        """What a running game has started and where it listens; of one that is gone it counts for nothing.

        :param tree: ``None``: as before.
        :param backing: how much these ports are the game's own.
        """
        if game not in self._running:
            return []
        if tree is not None:
            self._trees[game] = tree
        self._listens[game] = listens[:SPANS_LIMIT]
        if backing is None:
            self._backing.pop(game, None)
        else:
            self._backing[game] = backing
        return self._settle(now)

    def clear(self, said: bool, now: float) -> list[GameChange]:
        """Nobody looks any more: all have ended as far as is known.

        :param said: those, too, that the user says that are played.
        """
        if said:
            self._manual.clear()
        self._processes.clear()
        self._windows = self._ports = ()
        return self._settle(now)

    # --- within -------------------------------------------------------------------------------------------------------

    def _settle(self, now: float) -> list[GameChange]:
        wanted = self._wanted(now)
        changes: list[GameChange] = []
        for game, before in list(self._running.items()):
            after = wanted.pop(game, None)
            if after is None:
                del self._running[game]
                for table in (self._trees, self._listens, self._backing):
                    table.pop(game, None)
                changes.append(GameEnded(before, now))
            elif after != before:
                self._running[game] = after
                changes.append(GameChanged(after, before))
        for game, started in wanted.items():
            self._running[game] = started
            changes.append(GameStarted(started))
        return changes

    def _wanted(self, now: float) -> dict[str, RunningGame]:
        signs = self._signs()
        own = {result.pid for results in signs.values() for result in results}
        return {game: self._game(game, results, own, now) for game, results in signs.items()}

    def _signs(self) -> Mapping[str, list[DetectionResult]]:
        """The signs that count, by game; a process' best sign says which game it is."""
        found = [result for result, _ in self._processes.values()]
        found += [*self._windows, *self._ports, *self._manual.values()]
        found.sort(key=lambda result: (result.rank, result.game))
        game_of: dict[int, str] = {}
        signs: dict[str, list[DetectionResult]] = {}
        for result in found:
            if result.pid is None or game_of.setdefault(result.pid, result.game) == result.game:
                signs.setdefault(result.game, []).append(result)
        return signs

    def _game(self, game: str, results: list[DetectionResult], own: set[int | None], now: float) -> RunningGame:
        pids = {result.pid for result in results if result.pid is not None}
        tree = (pid for pid in sorted(self._trees.get(game, ())) if pid not in own)
        before = self._running.get(game)
        backing = self._backing.get(game)
        if backing is not None and not any(result.method is Method.PORTS for result in results):
            results = sorted([*results, backing], key=lambda result: result.rank)
        since = min([now, *(since for result, since in self._processes.values() if result.game == game)])
        return RunningGame(
            game,
            before.name if before is not None else self.name_of(game),
            tuple(results),
            frozenset([*sorted(pids), *tree][:PIDS_LIMIT]),
            self._listens.get(game, ()),
            before.since if before is not None else since,
        )
