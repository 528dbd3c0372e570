"""The history of games: bounded, and true to the changes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.game_detection import DetectionResult, GameChanged, GameEnded, GameStarted, Method, RunningGame
from lanrage.core.game_history import HISTORY_LIMIT, GameHistory, Played


def running(game: str, since: float, method: Method = Method.PORTS, confidence: float = 0.6) -> RunningGame:
    """A game that runs."""
    return RunningGame(
        game, game.title(), (DetectionResult(game, method, confidence, "why", 5),), frozenset({5}), (), since
    )


class HistoryTests(SynchronousTestCase):
    """:class:`GameHistory`."""

    def test_life(self) -> None:
        """A start, a better sign, the end; the rest is none of its business."""
        history, ports, process = GameHistory(), running("doom", 5.0), running("doom", 5.0, Method.PROCESS, 0.95)
        self.assertFalse(history.note(GameEnded(ports, 1.0)))
        self.assertTrue(history.note(GameStarted(ports)))
        self.assertTrue(history.note(GameChanged(process, ports)))
        self.assertFalse(history.note(GameChanged(ports, process)))
        self.assertEqual(history.running, frozenset({"doom"}))
        self.assertTrue(history.note(GameEnded(ports, 9.0)))
        self.assertEqual(history.played, (Played("doom", "Doom", Method.PROCESS, 0.95, 5.0, 9.0),))
        self.assertEqual(history.running, frozenset())

    def test_clock_that_went_back(self) -> None:
        """No game ends before it began."""
        history = GameHistory()
        history.note(GameStarted(running("doom", 50.0)))
        history.note(GameEnded(running("doom", 50.0), 3.0))
        self.assertEqual(history.played[0].until, 50.0)

    def test_after_a_crash(self) -> None:
        """What an earlier run left open stays open, and is not ended by this one's games."""
        before = Played("doom", "Doom", Method.PROCESS, 0.95, 1.0)
        history = GameHistory([before])
        history.note(GameStarted(running("doom", 5.0)))
        history.note(GameEnded(running("doom", 5.0), 6.0))
        self.assertEqual([each.until for each in history.played], [None, 6.0])

    @given(st.lists(st.tuples(st.sampled_from("abcd"), st.booleans()), max_size=30), st.integers(0, HISTORY_LIMIT + 3))
    def test_any_order(self, steps: list[tuple[str, bool]], before: int) -> None:
        """Never more than the limit; the games that are open are those that began last and did not end."""
        history = GameHistory([Played("old", "Old", Method.MANUAL, 1.0, 0.0, 1.0)] * before)
        opened: dict[str, float] = {}
        for at, (game, starts) in enumerate(steps, 10):
            if starts and game not in opened:
                opened[game] = float(at)
                self.assertTrue(history.note(GameStarted(running(game, float(at)))))
            elif not starts:
                self.assertEqual(
                    history.note(GameEnded(running(game, 0.0), float(at))), opened.pop(game, None) is not None
                )
        self.assertLessEqual(len(history.played), HISTORY_LIMIT)
        self.assertEqual(history.running, frozenset(opened))
        still = {each.game: each.since for each in history.played if each.until is None}
        self.assertEqual(still, opened)
