"""Whose sockets are a game's: the watch looks at known programs, and believes no guess about processes."""

from __future__ import annotations

import os

import attrs

from lanrage.app.game_listens import Listens, look_at_games, roots_of
from lanrage.app.game_ports import SOON
from lanrage.app.game_screen import PAUSE
from lanrage.core.game_detection import DetectionResult, Method, RunningGame
from lanrage.core.game_match import Owner
from lanrage.core.game_presence import SURE
from lanrage.core.game_windows import Window
from lanrage.core.play_ports import Span
from tests.app.watch_case import WatchCase
from tests.game_set import GAMES


def seen(*signs: tuple[Method, int | None]) -> RunningGame:
    """A game with these signs."""
    results = tuple(DetectionResult("g", method, 0.7, "why", pid) for method, pid in signs)
    return RunningGame("g", "G", results, frozenset(pid for _, pid in signs if pid is not None), (), 0.0)


class RootTests(WatchCase):
    """Which processes are looked at."""

    def test_what_is_believed(self) -> None:
        """Known programs before those that have its ports; a window's process never."""
        self.assertEqual(roots_of(seen((Method.PROCESS, 1), (Method.PORTS, 2), (Method.WINDOW, 3))), frozenset({1}))
        self.assertEqual(roots_of(seen((Method.PORTS, 2), (Method.WINDOW, 3))), frozenset({2}))
        self.assertEqual(roots_of(seen((Method.WINDOW, 3), (Method.MANUAL, None))), frozenset())

    def test_a_window_s_process_is_not_looked_at(self) -> None:
        """Not even as one of the processes that the game is known to have."""
        game = attrs.evolve(seen((Method.WINDOW, os.getpid())), pids=frozenset({os.getpid(), os.getppid()}))
        self.assertEqual(look_at_games([game], True), {"g": Listens((), frozenset())})
        self.watch.put_windows([Window("OpenTTD 13", pid=os.getpid())])
        self.start()
        self.machine.spans["openttd"] = (Span("tcp", 22, 22),)
        self.clock.advance(10.0)
        self.assertEqual(self.watch.running()[0].listens, ())
        self.gone()

    def test_known_before_it_has_a_process(self) -> None:
        """The user's word comes first, the process a second later: then it is looked at as quickly as any."""
        self.start()
        self.watch.play("openttd")
        self.clock.advance(1.0)
        self.machine.spans["openttd"] = (Span("tcp", 3979, 3979),)
        self.machine.run(7, "/usr/games/openttd")
        self.clock.advance(0.05)
        self.assertEqual(self.watch.running()[0].listens, (Span("tcp", 3979, 3979),))
        self.gone()

    def test_all_ports_are_a_guess(self) -> None:
        """One open port of one makes 75 %, which nobody else is told."""
        result = self.watch.index.own_ports("openttd", [])
        self.assertIsNone(result)
        self.start()
        result = self.watch.index.own_ports("widely", [("udp", 41500)])
        assert result is not None
        self.assertEqual(result.confidence, 0.75)
        self.assertLess(result.confidence, SURE)
        self.gone()

    def test_titles_that_change_all_the_time(self) -> None:
        """They are matched once at once and then each second, the last of them for good."""
        self.start()
        self.clock.advance(PAUSE)
        self.watch.put_windows([Window("OpenTTD 13")])
        self.watch.put_windows([Window("Factorio")])
        self.watch.put_windows([Window("Widelands")])
        self.assertEqual(self.told(), [("Started", "openttd")])
        self.clock.advance(PAUSE)
        self.assertEqual(self.told(), [("Ended", "openttd"), ("Started", "widelands")])
        self.watch.put_windows([])
        self.gone()


class AnewTests(WatchCase):
    """What runs goes on when other games are known, and when a number of a process comes again."""

    def test_other_profiles_end_nothing(self) -> None:
        """A game that is known by its ports, and one by its window, are matched anew without an end."""
        self.start()
        self.machine.owners.append(Owner(os.getpid(), "/home/a/thing", frozenset({("udp", 34567)})))
        self.watch.put_windows([Window("Factorio", pid=os.getppid())])
        self.clock.advance(SOON)
        self.clock.advance(PAUSE)
        self.assertEqual({game for _, game in self.told()}, {"portly", "factorio"})
        self.profiles = tuple(each for each in GAMES if each.game != "widelands")
        self.watch.profiles_changed()
        self.assertEqual(self.told(), [])
        self.profiles = tuple(each for each in GAMES if each.game not in {"portly", "factorio"})
        self.watch.profiles_changed()
        self.assertEqual({*self.told()}, {("Ended", "portly"), ("Ended", "factorio")})
        self.gone()

    def test_a_number_comes_again(self) -> None:
        """A process that has the number of one that just ended, at the look for its forks, is a game that runs."""
        self.start()
        self.machine.run(7, "/usr/games/openttd")
        self.clock.held = []
        self.end(7)
        self.machine.run(7, "/usr/games/openttd", told=False)
        self.clock.let_go()
        self.clock.held = None
        self.assertEqual([game.game for game in self.watch.running()], ["openttd"])
        self.assertNotIn(("Ended", "openttd"), self.told())
        self.end(7)
        self.assertEqual(self.told(), [("Ended", "openttd")])
        self.gone()
