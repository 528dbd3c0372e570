"""The watch of games on a machine in memory: processes that begin and end."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from lanrage.app.game_looks import AGAIN, RESCAN_PAUSE, WAITING_LIMIT
from lanrage.app.games_config import GamesSettings
from lanrage.core.game_detection import GameChange, GameEnded, GameStarted, Method
from lanrage.core.play_ports import Span
from tests.app.watch_case import WatchCase

LOADER = "/usr/lib/wine/wine64-preloader"


class EventTests(WatchCase):
    """With a kernel that tells."""

    def test_life_of_a_game(self) -> None:
        """It starts, listens, starts a child, ends; all is told, and nothing is left after the stop."""
        self.start()
        self.assertEqual(self.watch.mode, "events")
        self.machine.run(7, "/usr/games/openttd")
        self.assertEqual(self.told(), [("Started", "openttd")])
        (running,) = self.watch.running()
        self.assertEqual((running.best.method, running.best.confidence, running.since), (Method.PROCESS, 0.95, 50.0))
        self.machine.spans["openttd"] = (Span("tcp", 3979, 3979), Span("udp", 3979, 3979))
        self.machine.trees["openttd"] = frozenset({70})
        self.clock.advance(0.05)
        (running,) = self.watch.running()
        self.assertEqual(running.listens, self.machine.spans["openttd"])
        self.assertEqual(running.pids, frozenset({7, 70}))
        self.assertEqual([result.method for result in running.results], [Method.PROCESS, Method.PORTS])
        self.assertEqual(running.results[1].confidence, 0.75)
        self.end(7)
        self.assertEqual(self.told()[-1], ("Ended", "openttd"))
        self.gone()

    def test_most_are_dismissed(self) -> None:
        """A compiler is never looked at twice."""
        self.start()
        for pid in range(100, 150):
            self.machine.run(pid, "/usr/bin/cc1")
        counters = self.watch.counters
        self.assertEqual((counters.execs, counters.dismissed, self.machine.looked), (50, 50, []))
        self.gone()

    def test_what_ran_before(self) -> None:
        """A game that is there already is found by the look at all."""
        self.machine.run(7, "/usr/games/openttd")
        self.start()
        self.assertEqual(self.told(), [("Started", "openttd")])
        self.gone()
        self.assertEqual(self.told(), [("Ended", "openttd")])

    def test_fork_that_goes_on(self) -> None:
        """A server that forks itself into the background is one game without a gap, whose last process ends it."""
        self.start()
        self.machine.run(7, "/usr/games/openttd", "openttd", "-D")
        self.machine.run(8, "/usr/games/openttd", "openttd", "-D", told=False)
        self.end(7)
        self.assertEqual({name for name, _ in self.told()}, {"Started", "Changed"})
        self.assertEqual(self.watch.running()[0].pids, frozenset({8}))
        self.end(8)
        self.assertEqual(self.told(), [("Ended", "openttd")])
        self.gone()

    def test_two_processes(self) -> None:
        """Of two the first that ends is no reason for a look at all."""
        self.start()
        before = self.machine.whole_looks
        for pid in (7, 8):
            self.machine.run(pid, "/usr/games/openttd")
        self.end(7)
        self.assertEqual((self.machine.whole_looks, len(self.watch.running())), (before, 1))
        self.gone()

    def test_wine_says_late(self) -> None:
        """Its loader is looked at again until it names the game, and not for ever."""
        self.start()
        self.machine.run(7, LOADER, LOADER, "wine64")
        self.clock.advance(AGAIN[0])
        self.assertEqual(self.told(), [])
        self.machine.run(7, LOADER, r"Z:\Dungeon\game.exe", told=False)
        self.clock.advance(AGAIN[1])
        self.assertEqual(self.told(), [("Started", "dungeon")])
        self.machine.run(9, LOADER, LOADER, "wine64")
        self.clock.pump([1.0] * 20)
        self.assertEqual(self.machine.looked.count(9), len(AGAIN) + 1)
        self.gone()

    def test_goes_over_to_another_program(self) -> None:
        """To another game's it is that game; to one that nobody knows it stays what it was."""
        self.start()
        self.machine.run(7, "/usr/games/openttd")
        self.machine.run(7, "/opt/engine")
        self.assertEqual(self.told(), [("Started", "openttd")])
        self.machine.run(7, "/usr/games/widelands")
        self.assertEqual(self.told(), [("Ended", "openttd"), ("Started", "widelands")])
        self.gone()

    def test_lost_events(self) -> None:
        """However many are lost, all processes are looked at once, a second later."""
        self.start()
        before = self.watch.counters.rescans
        self.machine.run(7, "/usr/games/openttd", told=False)
        assert self.machine.events is not None
        for _ in range(5):
            self.machine.events.missed()
        self.clock.advance(RESCAN_PAUSE)
        self.assertEqual((self.watch.counters.rescans, self.watch.counters.missed), (before + 1, 5))
        self.assertEqual(self.told(), [("Started", "openttd")])
        self.gone()

    def test_gone_before_anybody_looked(self) -> None:
        """A server that forks at once and ends is found by a look at all, which a build does not bring each second."""
        self.start()
        self.clock.advance(30.0)
        before = self.watch.counters.rescans
        self.machine.run(8, "/usr/games/openttd", told=False)
        assert self.machine.events is not None
        self.machine.events.started(7)
        self.clock.advance(RESCAN_PAUSE)
        self.assertEqual(self.told(), [("Started", "openttd")])
        for _ in range(40):
            self.machine.events.started(7)
            self.clock.advance(1.0)
        self.assertEqual(self.watch.counters.rescans, before + 1 + 4)
        self.gone()

    def test_busy_thread(self) -> None:
        """What comes while a thread looks waits for it, bounded; a stop meanwhile closes what it brings."""
        self.start()
        self.clock.held = []
        for pid in range(1000, 1000 + 2 * WAITING_LIMIT):
            self.machine.run(pid, "/usr/games/openttd")
        self.assertEqual(len(self.clock.held), 1)
        stopping = Deferred.fromCoroutine(self.watch.stop(for_good=True))
        self.assertNoResult(stopping)
        self.clock.let_go()
        self.assertIsNone(self.successResultOf(stopping))
        self.assertTrue(self.machine.handed)
        self.gone()

    def test_too_many_are_all(self) -> None:
        """More than may wait are found by a look at all."""
        self.start()
        self.clock.held = []
        for pid in range(1000, 1000 + WAITING_LIMIT + 5):
            self.machine.run(pid, "/usr/games/widelands" if pid == 1003 else "/usr/games/openttd")
        self.clock.let_go()
        self.assertEqual({game for _, game in self.told()}, {"openttd", "widelands"})
        self.gone()

    def test_a_look_that_fails(self) -> None:
        """It is logged, and the next one goes on."""
        self.start()
        broken: Any = None
        self.machine.processes[7] = broken
        assert self.machine.events is not None
        self.machine.run(7, "/usr/games/openttd", told=False)
        self.watch._looks.looks = lambda: (_ for _ in ()).throw(ValueError("broken"))
        self.machine.events.started(7)
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
        self.watch._looks.looks = self.watch._look
        self.machine.events.started(7)
        self.assertEqual(self.told(), [("Started", "openttd")])
        self.gone()

    def test_a_listener_that_fails(self) -> None:
        """It keeps nothing from the others; one that has stopped hears nothing more."""
        self.watch.listen(lambda change: 1 // 0)  # type: ignore[arg-type]
        heard: list[GameChange] = []
        stop = self.watch.listen(heard.append)
        self.start()
        self.machine.run(7, "/usr/games/openttd")
        stop()
        stop()
        self.end(7)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), len(self.changes))
        self.assertEqual([type(each) for each in heard], [GameStarted])
        self.assertIsInstance(self.changes[-1], GameEnded)
        self.gone()


class PollingTests(WatchCase):
    """With a kernel that does not tell."""

    def test_interval(self) -> None:
        """All processes are looked at each few seconds; ends are told at once all the same."""
        self.machine.tells = False
        self.start()
        self.assertEqual((self.watch.mode, self.watch.trouble), ("polling", "the kernel does not tell"))
        self.machine.run(7, "/usr/games/openttd")
        self.clock.advance(4.9)
        self.assertEqual(self.told(), [])
        self.clock.advance(0.1)
        self.assertEqual(self.told(), [("Started", "openttd")])
        self.clock.pump([5.0] * 3)
        self.assertEqual([change for change in self.told() if change[0] != "Changed"], [])
        self.assertEqual(self.machine.open_descriptors, 1)
        self.end(7)
        self.assertEqual(self.told(), [("Ended", "openttd")])
        self.gone()

    def test_settings(self) -> None:
        """Another interval counts at once; off ends all but the user's word, on finds it again."""
        self.machine.tells = False
        modes: list[bool] = []
        self.watch.on_mode = modes.append
        self.start()
        self.run_async(self.watch.use(GamesSettings(True, 20.0)))
        self.machine.run(7, "/usr/games/openttd")
        self.clock.advance(19.0)
        self.assertEqual(self.told(), [])
        self.clock.advance(1.0)
        self.watch.play("widelands")
        self.assertEqual(self.told(), [("Started", "openttd"), ("Started", "widelands")])
        self.run_async(self.watch.use(GamesSettings(False, 20.0)))
        self.assertEqual((self.told(), self.watch.mode), ([("Ended", "openttd")], "off"))
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.run_async(self.watch.use(GamesSettings(True, 20.0)))
        self.assertEqual(self.told(), [("Started", "openttd")])
        self.assertEqual(modes, [True, False, True])
        self.gone()

    def test_off_from_the_start(self) -> None:
        """Nothing is looked at, and settings alone never start what was stopped."""
        self.watch = self.make(GamesSettings(False))
        self.start()
        self.assertEqual((self.watch.mode, self.machine.whole_looks), ("off", 0))
        self.gone()
        self.run_async(self.watch.use(GamesSettings(True)))
        self.assertEqual(self.watch.mode, "off")
