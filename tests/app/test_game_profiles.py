"""A node's profiles of games: the user's folder is followed, on real files and a clock of the test's."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.game_fixed_ports import FixedPorts
from lanrage.app.game_profiles import INTERVAL, GameProfiles
from lanrage.core.game_reading import Reading, read_games
from lanrage.core.play_ports import InPlay, PlayPorts, Source, Span
from lanrage.errors import StoreError
from tests.fakes_threads import ThreadClock
from tests.log_tape import start_tape
from tests.store.test_game_profiles import own_game


def shipped() -> tuple[Reading, ...]:
    """Two games that come with the program."""
    return (read_games("s", own_game("tag", 40_000)), read_games("t", own_game("tig", 40_001)))


class ProfilesCase(SynchronousTestCase):
    """A user's folder, and what a node knows."""

    def setUp(self) -> None:
        """An empty folder; the node has started."""
        self.folder = Path(tempfile.mkdtemp(prefix="lanrage-games-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.clock = ThreadClock()
        self.profiles = GameProfiles(self.clock, self.folder, shipped)
        self.changes = 0
        self.tape = start_tape(self)
        self.deafen = self.profiles.on_change(self.count)
        self.now(self.profiles.start())

    def now(self, work: Coroutine[Any, Any, None]) -> None:
        """It is done at once, threads included."""
        self.successResultOf(Deferred.fromCoroutine(work))

    def count(self) -> None:
        """A change was told."""
        self.changes += 1

    def write(self, text: str, name: str = "a.toml") -> None:
        """The user saves a file; the node looks."""
        (self.folder / "new").write_text(text, encoding="utf-8")
        (self.folder / "new").replace(self.folder / name)
        self.clock.advance(INTERVAL)

    def ports(self) -> dict[str, str]:
        """What is known: the port of each game."""
        return {game.game: str(game.ports[0].span) for game in self.profiles.all()}


class ProfilesTests(ProfilesCase):
    """The folder is followed."""

    def test_shipped(self) -> None:
        """Known from the start, and told once."""
        self.assertEqual({"tag": "40000/udp", "tig": "40001/udp"}, self.ports())
        self.assertEqual(1, self.changes)
        self.assertIsNone(self.profiles.get("tug"))

    def test_own_game_overrides(self) -> None:
        """By its id, while the file is there; then the program's counts again."""
        self.write(own_game("tag", 41_000))
        self.assertEqual({"tag": "41000/udp", "tig": "40001/udp"}, self.ports())
        game = self.profiles.get("tag")
        assert game is not None
        self.assertTrue(game.own)
        (self.folder / "a.toml").unlink()
        self.clock.advance(INTERVAL)
        self.assertEqual({"tag": "40000/udp", "tig": "40001/udp"}, self.ports())
        self.assertEqual(3, self.changes)

    def test_bad_file(self) -> None:
        """It is named once with line and rule, in the log and for the user, while what it said before counts."""
        self.write(own_game("tag", 41_000))
        self.write(own_game("tag", 41_000).replace('41000/udp", role', '0/udp", role'))
        self.assertEqual({"tag": "41000/udp", "tig": "40001/udp"}, self.ports())
        self.clock.advance(10 * INTERVAL)
        (problem,) = self.profiles.problems
        path = str(self.folder / "a.toml")
        self.assertEqual((path, 8), (problem.file, problem.line))
        told = self.tape.where(file=path, level="warning")
        self.assertEqual(1, len(told))
        self.assertIn(f"{path}:8: tag: ports[0].ports: '0/udp' is not PORT", told[0]["problem"])
        self.assertEqual(2, self.changes)
        self.write(own_game("tag", 42_000))
        self.assertEqual(({"tag": "42000/udp", "tig": "40001/udp"}, ()), (self.ports(), self.profiles.problems))

    def test_nothing_new(self) -> None:
        """A file that was written again with the same games is no change for those who listen."""
        self.write(own_game("tag", 41_000))
        self.write(own_game("tag", 41_000) + "\n# a remark\n")
        self.assertEqual(2, self.changes)
        self.deafen()
        self.deafen()
        self.write(own_game("tag", 42_000))
        self.assertEqual(2, self.changes)

    def test_stopped(self) -> None:
        """No look follows, what one under way finds counts no more, no call is left; it starts again."""
        self.clock.held = []
        self.write(own_game("tag", 41_000))
        self.profiles.stop()
        self.clock.let_go()
        self.clock.advance(10 * INTERVAL)
        self.assertEqual(({"tag": "40000/udp", "tig": "40001/udp"}, []), (self.ports(), self.clock.getDelayedCalls()))
        self.now(self.profiles.start())
        self.assertEqual("41000/udp", self.ports()["tag"])

    def test_another_folder(self) -> None:
        """What is in it counts at once, what was in the other one no more; a look at that is in vain."""
        other = self.folder / "other"
        other.mkdir()
        (other / "b.toml").write_text(own_game("tug", 43_000), encoding="utf-8")
        self.write(own_game("tag", 41_000))
        self.clock.held = []
        self.write(own_game("tag", 42_000))
        looking = Deferred.fromCoroutine(self.profiles.use(other))
        self.clock.let_go()
        self.successResultOf(looking)
        self.assertEqual({"tag": "40000/udp", "tig": "40001/udp", "tug": "43000/udp"}, self.ports())
        self.assertEqual(other, self.profiles.folder)

    def test_damaged_installation(self) -> None:
        """The start says so."""

        def damaged() -> tuple[Reading, ...]:
            raise StoreError("install anew")

        profiles = GameProfiles(self.clock, self.folder, damaged)
        self.failureResultOf(Deferred.fromCoroutine(profiles.start()), StoreError)
        profiles.stop()

    def tearDown(self) -> None:
        """Stop."""
        self.profiles.stop()


class FixedPortsTests(ProfilesCase):
    """The registry of ports in play follows the profiles."""

    def test_followed(self) -> None:
        """Games come, change and go in it; what others put there stays."""
        registry = PlayPorts()
        registry.put(Source.USER, "lan.ports", [Span("udp", 1, 1)], "named")
        fixed = FixedPorts(self.profiles)
        fixed.start(registry)
        self.write(own_game("tag", 41_000) + own_game("tug", 41_001).partition("\n\n")[2])
        self.assertEqual(
            [
                InPlay(Span("udp", 41_000, 41_000), Source.FIXED, "tag", "tag"),
                InPlay(Span("udp", 40_001, 40_001), Source.FIXED, "tig", "tig"),
                InPlay(Span("udp", 41_001, 41_001), Source.FIXED, "tug", "tug"),
                InPlay(Span("udp", 1, 1), Source.USER, "lan.ports", "named"),
            ],
            registry.all(),
        )
        (self.folder / "a.toml").unlink()
        self.clock.advance(INTERVAL)
        self.assertEqual((Span("udp", 40_000, 40_001),), registry.of(Source.FIXED))
        fixed.stop()
        self.write(own_game("tag", 42_000))
        self.assertEqual((Span("udp", 40_000, 40_001),), registry.of(Source.FIXED))
        self.profiles.stop()
