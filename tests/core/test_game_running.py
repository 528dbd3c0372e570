"""Which games run, from the signs of them, against a plain model."""

from __future__ import annotations

import attrs
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.game_detection import (
    DetectionResult,
    GameChange,
    GameChanged,
    GameEnded,
    GameStarted,
    Method,
    RunningGame,
)
from lanrage.core.game_running import PIDS_LIMIT, SAID_BY_USER, RunningGames
from lanrage.core.play_ports import Span
from tests.strategies_detection import games, pids, signs

SPAN = Span("udp", 4000, 4000)


def sign(game: str, pid: int | None, method: Method = Method.PROCESS, confidence: float = 0.95) -> DetectionResult:
    """One sign."""
    return DetectionResult(game, method, confidence, "why", pid)


class Model(RuleBasedStateMachine):
    """Starts, ends, windows, ports and words in any order; the listeners' picture is always the machine's."""

    def __init__(self) -> None:
        super().__init__()
        self.machine = RunningGames(str.upper)
        self.now = 100.0
        self.processes: dict[int, DetectionResult] = {}
        self.windows: list[DetectionResult] = []
        self.ports: list[DetectionResult] = []
        self.said: set[str] = set()
        self.mirror: dict[str, RunningGame] = {}

    def take(self, changes: list[GameChange]) -> None:
        """What a listener knows from the changes alone."""
        for change in changes:
            game = change.running.game
            if isinstance(change, GameStarted):
                assert game not in self.mirror
                self.mirror[game] = change.running
            elif isinstance(change, GameChanged):
                assert change.before == self.mirror[game] != change.running
                self.mirror[game] = change.running
            else:
                assert self.mirror.pop(game) == change.running
                assert change.at == self.now
        self.now += 1

    @rule(result=signs(Method.PROCESS))
    def started(self, result: DetectionResult) -> None:
        """A process starts, or goes over to another program."""
        self.processes[result.pid or 0] = result
        self.take(self.machine.process(result, self.now - 5, self.now))

    @rule(gone=st.frozensets(pids, min_size=1, max_size=3))
    def exited(self, gone: frozenset[int]) -> None:
        """Some end, known or not."""
        before = set(self.mirror)
        ends = self.machine.ends_with(gone)
        self.processes = {pid: result for pid, result in self.processes.items() if pid not in gone}
        self.windows = [each for each in self.windows if each.pid not in gone]
        self.ports = [each for each in self.ports if each.pid not in gone]
        self.take(self.machine.exited(gone, self.now))
        if before - set(self.mirror):
            assert ends

    @rule(results=st.lists(signs(Method.WINDOW), max_size=3))
    def windows_are(self, results: list[DetectionResult]) -> None:
        """The screen shows these windows."""
        self.windows = results
        self.take(self.machine.windows(results, self.now))

    @rule(results=st.lists(signs(Method.PORTS), max_size=3))
    def ports_are(self, results: list[DetectionResult]) -> None:
        """These programs have ports."""
        self.ports = results
        self.take(self.machine.ports(results, self.now))

    @rule(game=games)
    def play(self, game: str) -> None:
        """The user says so."""
        self.said.add(game)
        self.take(self.machine.play(game, self.now))

    @rule(game=games)
    def stop_play(self, game: str) -> None:
        """Or takes it back."""
        assert self.machine.said(game) == (game in self.said)
        self.said.discard(game)
        self.take(self.machine.stop_play(game, self.now))

    @rule(game=games, tree=st.none() | st.frozensets(pids), backed=st.booleans())
    def looked(self, game: str, tree: frozenset[int] | None, backed: bool) -> None:
        """A look at a game, which may be gone."""
        backing = sign(game, None, Method.PORTS, 0.7) if backed else None
        self.take(self.machine.looked(game, tree, (SPAN,), backing, self.now))
        if game in self.mirror:
            assert self.mirror[game].listens == (SPAN,)

    @rule(said=st.booleans())
    def clear(self, said: bool) -> None:
        """Nobody looks any more."""
        self.processes, self.windows, self.ports = {}, [], []
        self.said = set() if said else self.said
        self.take(self.machine.clear(said, self.now))

    def wanted(self) -> dict[str, set[int]]:
        """Each game that runs with the processes that tell of it."""
        found: dict[str, set[int]] = {game: set() for game in self.said}
        all_signs = [*self.processes.values(), *self.windows, *self.ports]
        for result in all_signs:
            rivals = [each for each in all_signs if each.pid == result.pid]
            best = min(rivals, key=lambda each: (-each.confidence, list(Method).index(each.method), each.game))
            if best.game == result.game:
                found.setdefault(result.game, set()).add(result.pid or 0)
        return found

    @invariant()
    def agree(self) -> None:
        """The machine, its listeners and the model."""
        wanted = self.wanted()
        assert {running.game: running for running in self.machine.running} == self.mirror
        assert set(self.mirror) == set(wanted)
        seen = [pid for game in wanted for pid in wanted[game]]
        assert len(seen) == len(set(seen)), "a process is one game"
        for game, running in self.mirror.items():
            assert wanted[game] <= running.pids
            assert list(running.results) == sorted(running.results, key=lambda each: each.rank)
            assert (running.best.reason == SAID_BY_USER) == (game in self.said)
            assert not running.pids & {pid for other in wanted if other != game for pid in wanted[other]}


Model.TestCase.settings = settings(max_examples=40, stateful_step_count=25)


TestRunningGames = Model.TestCase


class CaseTests(SynchronousTestCase):
    """Single cases with whole values."""

    def setUp(self) -> None:
        """No game runs."""
        self.machine = RunningGames(str.title)

    def test_one_game_of_many_processes(self) -> None:
        """A wrapper and the game are one; it began with the first of them, and ends with the last."""
        (started,) = self.machine.process(sign("doom", 5), 90.0, 100.0)
        expected = RunningGame("doom", "Doom", (sign("doom", 5),), frozenset({5}), (), 90.0)
        self.assertEqual(started, GameStarted(expected))
        (changed,) = self.machine.process(sign("doom", 6), 95.0, 101.0)
        assert isinstance(changed, GameChanged)
        self.assertEqual((changed.running.pids, changed.running.since), (frozenset({5, 6}), 90.0))
        self.assertEqual([type(each) for each in self.machine.exited([5], 102.0)], [GameChanged])
        self.assertFalse(self.machine.ends_with([5]))
        self.assertTrue(self.machine.ends_with([6]))
        (ended,) = self.machine.exited([6], 103.0)
        assert isinstance(ended, GameEnded)
        self.assertEqual((ended.running.game, ended.at), ("doom", 103.0))
        self.assertEqual(self.machine.exited([6], 104.0), [])

    def test_what_it_started_does_not_keep_it(self) -> None:
        """Children belong to a game, but for those that are another one; they do not outlive it."""
        self.machine.process(sign("doom", 5), 0.0, 0.0)
        self.machine.process(sign("tee", 7), 0.0, 0.0)
        self.machine.looked("doom", frozenset({6, 7}), (SPAN,), None, 1.0)
        self.assertEqual([running.pids for running in self.machine.running], [frozenset({5, 6}), frozenset({7})])
        self.assertEqual([type(each) for each in self.machine.exited([5], 2.0)], [GameEnded])

    def test_own_ports_are_a_sign_more(self) -> None:
        """They come behind the process; where the game is gone they count for nothing."""
        backing = attrs.evolve(sign("doom", None, Method.PORTS, 0.75))
        self.assertEqual(self.machine.looked("doom", None, (SPAN,), backing, 0.0), [])
        self.machine.process(sign("doom", 5), 0.0, 0.0)
        self.machine.looked("doom", None, (SPAN,), backing, 1.0)
        (running,) = self.machine.running
        self.assertEqual(running.results, (sign("doom", 5), backing))
        self.assertEqual([type(each) for each in self.machine.exited([5], 2.0)], [GameEnded])

    def test_limits(self) -> None:
        """A game with a thousand children tells of some."""
        self.machine.process(sign("doom", 5), 0.0, 0.0)
        self.machine.looked("doom", frozenset(range(1000, 2000)), (), None, 1.0)
        (running,) = self.machine.running
        self.assertEqual(len(running.pids), PIDS_LIMIT)
        self.assertIn(5, running.pids)
