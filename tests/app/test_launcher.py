"""Games are started for a user's agent: real programs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import attrs
from twisted.internet import reactor as installed_reactor
from twisted.internet.defer import CancelledError, Deferred
from twisted.trial.unittest import TestCase

from lanrage.app.launcher import Launcher, launch_command
from lanrage.core.game_orders import Launch
from lanrage.core.game_profile import Executable, GameProfile, Join, JoinMethod, Platform
from lanrage.errors import BadInput, MissingRight, Refused

reactor: Any = installed_reactor
ROOT = Path(__file__).resolve().parents[2]

TAG = GameProfile(
    "tag",
    "Tag",
    "high",
    (),
    executables=(Executable(Platform.LINUX, "lr-tag"),),
    join=Join(JoinMethod.COMMAND, ("{address}:{port}",), ("lr-tag",)),
)


TALKS = """#!/bin/sh
set -e
sleep 0.5
echo to its output
ps -o sid= -p $$ > {said}
"""


class LauncherTests(TestCase):
    """Real programs."""

    timeout = 120

    def setUp(self) -> None:
        """A folder of programs."""
        self.folder = Path(tempfile.mkdtemp(prefix="lanrage-launch-"))
        self.addCleanup(shutil.rmtree, self.folder)
        before = os.environ["PATH"]
        self.addCleanup(os.environ.__setitem__, "PATH", before)
        os.environ["PATH"] = f"{self.folder}{os.pathsep}{before}"

    def test_not_installed(self) -> None:
        """It says what would have to be."""
        order = Launch(game="tag", address="10.66.0.2", port=7)
        self.assertIn("lr-tag", str(self.assertRaises(MissingRight, launch_command, TAG, order)))
        foreign = attrs.evolve(TAG, join=Join(JoinMethod.COMMAND, ("{address}:{port}",)))
        for profile in (None, foreign, attrs.evolve(TAG, join=None)):
            self.assertEqual(self.assertRaises(BadInput, launch_command, profile, order).field, "game")

    async def test_started_without_a_shell(self) -> None:
        """The program gets the address as one argument; root, and an unknown game, start nothing."""
        said = self.game('#!/bin/sh\nprintf %s "$*" > {said}\n')
        order = Launch(game="tag", address="10.66.0.2", port=7)
        with self.assertRaises(Refused):
            await Launcher(reactor, {"tag": TAG}.get, lambda: 0)(order)
        launch = Launcher(reactor, {"tag": TAG}.get, lambda: 1000)
        with self.assertRaises(BadInput):
            await launch(Launch(game="other", address="10.66.0.3", port=7))
        started = Deferred.fromCoroutine(launch(order))
        self.assertEqual(said.read_text(), "10.66.0.2:7")
        await started
        self.assertEqual([], launch.running)

    async def test_ends_at_once(self) -> None:
        """A game that ends with an error before it plays is not started; one that a signal ends neither."""
        order = Launch(game="tag", address="10.66.0.2", port=7)
        launch = Launcher(reactor, {"tag": TAG}.get, lambda: 1000)
        for script, word in (("exit 3", "status 3"), ("kill -KILL $$", "signal 9")):
            self.game(f"#!/bin/sh\n{script}\n")
            with self.assertRaises(Refused) as caught:
                await launch(order)
            self.assertEqual("not_started", caught.exception.code)
            self.assertIn(word, caught.exception.message)
        self.assertEqual([], launch.running)

    async def test_given_up(self) -> None:
        """Nobody waits for it: no timer is left, and the game runs on to its end."""
        said = self.game(TALKS)
        launch = Launcher(reactor, {"tag": TAG}.get, lambda: 1000)
        starting = Deferred.fromCoroutine(launch(Launch(game="tag", address="10.66.0.2", port=7)))
        starting.cancel()
        with self.assertRaises(CancelledError):
            await starting
        self.assertTrue(said.read_text().split())
        while launch.running:
            turn: Deferred[None] = Deferred()
            reactor.callLater(0.01, turn.callback, None)
            await turn

    def test_game_goes_on(self) -> None:
        """An agent ends, and the game that it started still writes to its output and is in a session of its own."""
        said = self.game(TALKS)
        argv = [sys.executable, "-m", "tests.agent_that_ends", "lr-tag"]
        agent = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=30, check=True)
        with said.open() as told:
            session = int(told.read().split()[-1])
        self.assertNotEqual(session, os.getsid(0))
        self.assertEqual(agent.stderr, "")

    def game(self, script: str) -> Path:
        """A program that the profile names; what it says comes by the pipe."""
        said = self.folder / "said"
        if not said.exists():
            os.mkfifo(said)
        program = self.folder / "lr-tag"
        program.write_text(script.format(said=said))
        program.chmod(0o755)
        return said
