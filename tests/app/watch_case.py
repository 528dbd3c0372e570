"""A watch of games on a machine in memory, for tests."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.game_watch import GameWatch
from lanrage.app.games_config import GamesSettings
from lanrage.core.game_detection import GameChange
from tests.fakes_game_senses import MemoryMachine
from tests.game_set import GAMES
from tests.reader_clock import ReaderClock

LOADER = "/usr/lib/wine/wine64-preloader"


class WatchCase(SynchronousTestCase):
    """A watch with a clock."""

    def setUp(self) -> None:
        """It is not started."""
        self.clock = ReaderClock()
        self.machine = MemoryMachine()
        self.profiles = GAMES
        self.changes: list[GameChange] = []
        self.watch = self.make()

    def make(self, settings: GamesSettings = GamesSettings(True, 5.0)) -> GameWatch:  # noqa: B008
        """A watch of the machine."""
        senses = self.machine.senses()
        watch = GameWatch(self.clock, lambda: self.profiles, settings, now=self.now, senses=senses)
        watch.listen(self.changes.append)
        return watch

    def now(self) -> float:
        """Seconds since the epoch."""
        return 1000.0 + self.clock.seconds()

    def run_async(self, work: Any) -> None:
        """Done at once."""
        self.assertIsNone(self.successResultOf(Deferred.fromCoroutine(work)))

    def start(self) -> None:
        """Start it."""
        self.run_async(self.watch.start())

    def told(self) -> list[tuple[str, str]]:
        """What was told since the last question."""
        told = [(type(change).__name__.removeprefix("Game"), change.running.game) for change in self.changes]
        self.changes.clear()
        return told

    def end(self, pid: int) -> None:
        """A process ends, and its descriptor says so."""
        self.machine.processes.pop(pid, None)
        for reader in list(self.clock.readers):
            if getattr(reader, "_pid", None) == pid:
                reader.doRead()

    def gone(self) -> None:
        """Stop; nothing is left."""
        self.run_async(self.watch.stop(for_good=True))
        self.assertEqual((self.clock.getDelayedCalls(), self.clock.readers), ([], []))
        self.assertEqual((self.machine.open_descriptors, self.machine.events), (0, None))
        self.assertEqual(self.watch.running(), ())
