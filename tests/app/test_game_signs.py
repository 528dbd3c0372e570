"""The watch of games on a machine in memory: windows, ports, the user's word, other profiles."""

from __future__ import annotations

import os

from lanrage.app.game_ports import CALM, LATER, SOON
from lanrage.app.game_screen import PAUSE
from lanrage.app.metrics_of_games import games as readings
from lanrage.core.game_detection import Method
from lanrage.core.game_match import Owner
from lanrage.core.game_windows import Window
from lanrage.core.metric_names import BY_NAME
from lanrage.errors import BadInput
from tests.app.watch_case import WatchCase
from tests.game_set import GAMES

LOADER = "/usr/lib/wine/wine64-preloader"


class OtherSignTests(WatchCase):
    """Windows, ports, the user's word, other profiles."""

    def test_windows(self) -> None:
        """What the screen shows, also from before the start; a window whose process ended is no sign."""
        self.watch.put_windows([Window("OpenTTD 13", "openttd", os.getpid()), Window("Inbox")])
        self.assertEqual(self.told(), [])
        self.start()
        self.assertEqual(self.told(), [("Started", "openttd")])
        self.assertEqual(self.watch.running()[0].best.confidence, 0.8)
        self.watch.put_windows([])
        self.clock.advance(PAUSE)
        self.assertEqual(self.told(), [("Ended", "openttd")])
        self.watch.put_windows([Window("OpenTTD 13", "openttd", os.getpid())])
        self.clock.advance(PAUSE)
        self.end(os.getpid())
        self.assertEqual(self.told(), [("Started", "openttd"), ("Ended", "openttd")])
        self.gone()

    def test_ports(self) -> None:
        """They are looked at soon after a stranger began, once more later, then each minute."""
        self.start()
        looks, self.machine.seconds = self.machine.port_looks, self.clock.seconds
        self.clock.advance(SOON)
        self.clock.advance(LATER)
        self.assertEqual(looks, [SOON, SOON + LATER])
        self.clock.advance(10.0)
        self.machine.run(9, "/home/a/thing")
        self.machine.owners.append(Owner(os.getpid(), "/home/a/thing", frozenset({("udp", 34567)})))
        self.clock.advance(SOON)
        self.assertEqual(self.told(), [("Started", "portly")])
        self.assertEqual(self.watch.running()[0].best.confidence, 0.65)
        self.clock.advance(LATER)
        self.clock.advance(CALM)
        self.assertEqual(looks[2:], [16.0, 20.0, 80.0])
        self.machine.owners.clear()
        self.clock.advance(CALM)
        self.assertEqual(self.told()[-1], ("Ended", "portly"))
        self.gone()

    def test_a_storm_of_strangers(self) -> None:
        """However many begin, ports are looked at each few seconds."""
        self.start()
        self.clock.advance(SOON)
        before = len(self.machine.looked)
        for step in range(100):
            self.machine.run(5000 + step, f"/home/a/build/test{step}")
            self.clock.advance(0.1)
        due = [call.getTime() - self.clock.seconds() for call in self.clock.getDelayedCalls()]
        self.assertEqual((len(due), len(self.machine.looked)), (1, before))
        self.assertLessEqual(due[0], LATER)
        self.gone()

    def test_the_users_word(self) -> None:
        """Counts before all that is seen, until it is taken back; unknown games are refused."""
        self.start()
        self.machine.run(7, "/usr/games/openttd")
        self.watch.play("openttd")
        self.assertEqual(self.watch.running()[0].best.method, Method.MANUAL)
        self.end(7)
        self.assertEqual([name for name, _ in self.told()][-1], "Changed")
        self.watch.stop_play("openttd")
        self.assertEqual(self.told(), [("Ended", "openttd")])
        self.assertRaises(BadInput, self.watch.stop_play, "openttd")
        self.assertRaises(BadInput, self.watch.play, "no-such-game")
        self.gone()

    def test_other_profiles(self) -> None:
        """A game whose profile went is over; one whose profile came is found."""
        self.start()
        self.machine.run(7, "/usr/games/openttd")
        self.machine.run(8, "/usr/games/widelands")
        self.told()
        self.profiles = tuple(each for each in GAMES if each.game != "openttd")
        self.watch.profiles_changed()
        self.assertEqual(self.told(), [("Ended", "openttd")])
        self.profiles = GAMES
        self.watch.profiles_changed()
        self.assertEqual(self.told(), [("Started", "openttd")])
        self.gone()

    def test_readings(self) -> None:
        """Each is a metric of the table with its labels."""
        self.start()
        self.machine.run(7, "/usr/games/openttd")
        found = {(each.name, each.labels): each.value for each in readings(self.watch)}
        self.assertTrue(all(len(labels) == len(BY_NAME[name].labels) for name, labels in found))
        self.assertEqual(found["lanrage_games_running", ()], 1)
        self.assertEqual(found["lanrage_games_detected_total", ("process",)], 1)
        self.assertEqual(found["lanrage_games_events", ()], 1)
        self.gone()
