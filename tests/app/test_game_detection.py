"""The detection as a part of a role, its history, and the operations and commands on it."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred

from lanrage.app.game_chronicle import SAVE_AFTER
from lanrage.app.game_detection import GameDetection
from lanrage.app.operations import perform
from lanrage.core.game_detection import Method
from lanrage.core.game_history import Played
from lanrage.errors import BadInput, StoreError
from lanrage.store.game_history import GameHistoryFile
from tests.app.node_world import NodeCase
from tests.app.test_cli import CommandCase
from tests.app.watch_case import WatchCase


class DetectionTests(WatchCase):
    """:class:`GameDetection` on a machine in memory."""

    def setUp(self) -> None:
        """A state folder."""
        super().setUp()
        self.folder = Path(tempfile.mkdtemp(prefix="lanrage-detection-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.part = GameDetection(self.clock, self.folder, self.watch)

    def begin(self) -> None:
        """Start the part."""
        self.part.startService()
        self.assertIsNone(self.successResultOf(self.part.started))

    def finish(self) -> None:
        """Stop it; nothing is left."""
        self.assertIsNone(self.successResultOf(self.part.stopService()))
        self.gone()

    def stored(self) -> list[Played]:
        """What is on disk."""
        return GameHistoryFile(self.folder).load()

    def test_history_survives(self) -> None:
        """Starts and ends are on disk a moment later, at the stop at once, and there again after it."""
        self.begin()
        self.machine.run(7, "/usr/games/openttd")
        self.assertEqual(self.stored(), [])
        self.clock.advance(SAVE_AFTER)
        first = Played("openttd", "OpenTTD", Method.PROCESS, 0.95, 50.0)
        self.assertEqual(self.stored(), [first])
        self.clock.advance(10.0)
        self.finish()
        (ended,) = self.stored()
        self.assertEqual(ended.until, 1000.0 + self.clock.seconds())
        self.watch = self.make()
        self.part = GameDetection(self.clock, self.folder, self.watch)
        self.begin()
        self.assertEqual([each.until for each in self.part.chronicle.history.played], [ended.until, None])
        self.finish()

    def test_slow_disk(self) -> None:
        """What comes while a thread writes is written after it; a stop waits for it."""
        self.begin()
        self.machine.run(7, "/usr/games/openttd")
        self.clock.held = []
        self.clock.advance(SAVE_AFTER)
        self.watch.play("widelands")
        self.clock.advance(SAVE_AFTER)
        stopping = self.part.stopService()
        self.assertNoResult(stopping)
        self.clock.let_go()
        self.assertIsNone(self.successResultOf(stopping))
        self.assertEqual([each.until is not None for each in self.stored()], [True, True])
        self.gone()

    def test_full_disk(self) -> None:
        """The games go on, and somebody is told."""
        self.begin()
        blocked = self.folder / "blocked"
        blocked.write_text("")
        self.part.chronicle.folder = blocked
        self.machine.run(7, "/usr/games/openttd")
        self.clock.advance(SAVE_AFTER)
        self.assertEqual(len(self.watch.running()), 1)
        self.finish()
        self.assertRaises(StoreError, GameHistoryFile(blocked).save, [])


class CommandTests(CommandCase):
    """``lanrage games detect``, ``history`` and ``play``."""

    def test_detect(self) -> None:
        """A row for each sign; how one looks for games."""
        out = self.done("games", "detect")
        rows = [row.split() for row in out.splitlines()]
        self.assertIn("OpenTTD process 95 % the program openttd 3979/tcp, 3979/udp".split(), rows)
        self.assertIn("ports 75 % its ports 3979/tcp, 3979/udp are open".split(), rows)
        self.assertIn("2 games can be noticed; the kernel tells of each program that starts.", out)
        (game,) = json.loads(self.done("games", "detect", "--json"))["games"]
        self.assertEqual((game["pids"], game["method"], game["confidence"]), ([4711, 4712], "process", 0.95))

    def test_ways(self) -> None:
        """Why processes are looked at in an interval; that they are not."""
        self.node.mode = "polling"
        self.assertIn("processes are looked at each 5 s, since the kernel does not tell", self.done("games", "detect"))
        self.node.mode = "off"
        self.assertIn("lanrage settings set games.detect on", self.done("games", "detect"))

    def test_history(self) -> None:
        """The newest first, with what runs and what ended unseen."""
        out = self.done("games", "history")
        lines = [line for line in out.splitlines() if "Tag" in line or "OpenTTD" in line]
        self.assertEqual([line.split()[0] for line in lines], ["OpenTTD", "Tag", "Tag"])
        self.assertIn("runs", lines[0])
        self.assertIn("not seen", lines[2])
        self.assertEqual(len(json.loads(self.done("games", "history", "--limit", "1", "--json"))["played"]), 1)
        self.assertEqual(self.run_command("games", "history", "--limit", "0").exit_code, 2)

    def test_play(self) -> None:
        """What you play, and that you do no more."""
        self.assertIn("the user says so", self.done("games", "play", "tag"))
        self.assertIn("No game runs.", self.done("games", "play", "tag", "--stop"))


class NodeTests(NodeCase):
    """The operations of a real node, whose detection does not run."""

    def test_operations(self) -> Deferred[None]:
        """Nothing runs; a game that nobody knows is refused; settings of games are taken."""

        async def life() -> None:
            anna = await self.player("anna", 1)
            shown: dict[str, Any] = await perform(anna.node, "games.detect", {})
            self.assertEqual((shown["mode"], shown["games"], shown["poll_s"]), ("off", [], 5.0))
            self.assertEqual(await perform(anna.node, "games.history", {}), {"played": []})
            await self.fails(BadInput, "bad_input", perform(anna.node, "games.play", {"game": "no such game"}))
            await perform(anna.node, "settings.set", {"values": {"games.poll": "2.5", "games.detect": "off"}})
            self.assertEqual((await perform(anna.node, "games.detect", {}))["poll_s"], 2.5)
            self.assertFalse(anna.node.games.watch.settings.detect)
            self.assertEqual(anna.node.room_networks(), frozenset())
            names = {reading.name for reading in anna.node.readings_of_games()}
            self.assertIn("lanrage_games_running", names)

        return self.run_async(life())
