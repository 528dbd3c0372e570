"""The watch of games on the real machine: a copy of a program, named like a game's."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from lanrage.app.game_senses import Senses
from lanrage.app.game_watch import GameWatch
from lanrage.app.games_config import GamesSettings
from lanrage.core.play_ports import Span
from tests.bench.detect_watcher import NoEvents
from tests.game_set import L, W, game

SERVER = (
    "import os, socket, sys\n"
    "tcp = socket.create_server(('0.0.0.0', 0))\n"
    "sys.stdin.readline()\n"
    "if os.fork():\n"
    "    os._exit(0)\n"  # as a server that goes into the background
    "print(os.getpid(), tcp.getsockname()[1], flush=True)\n"
    "sys.stdin.read()\n"
)


GAMES_HERE = (game("Watched", [(L, "watched-by-test")]), game("Hunted", [(W, "hunted-by-test.exe")]))
"""Games that nobody else plays on this machine."""


class RealTests(TestCase):
    """With processes of the test's own."""

    timeout = 120

    def setUp(self) -> None:
        """A folder of programs."""
        from twisted.internet import reactor

        self.reactor: Any = reactor
        self.folder = Path(tempfile.mkdtemp(prefix="lanrage-watch-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def copy(self, name: str, program: str) -> str:
        """A program of this name."""
        shutil.copy(os.path.realpath(program), self.folder / name)
        return str(self.folder / name)

    async def until(self, condition: Callable[[], Any]) -> None:
        """Wait for an event."""
        while not condition():
            await deferLater(self.reactor, 0.01)

    async def life(self, watch: GameWatch) -> None:
        """A server that forks, a Windows program beside it; both end, and nothing is left."""
        changes: list[Any] = []
        watch.listen(changes.append)

        def running() -> dict[str, Any]:
            ours = {each.game: each for each in watch.running()}
            return {game: ours[game] for game in ("watched", "hunted") if game in ours}

        await watch.start()
        words = [self.copy("watched-by-test", sys.executable), "-c", SERVER]
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
            assert server.stdout is not None
            assert server.stdin is not None
            await self.until(lambda: running() and running()["watched"].pids == {server.pid})
            server.stdin.write(b"\n")
            server.stdin.flush()
            pid, port = map(int, server.stdout.readline().split())
            await self.until(lambda: running()["watched"].pids == {pid})
            await self.until(lambda: Span("tcp", port, port) in running()["watched"].listens)
            argv = [r"Z:\My Games\hunted-by-test.exe", "60"]
            with subprocess.Popen(argv, executable=self.copy("wine64-preloader", "/bin/sleep")) as windows:
                await self.until(lambda: len(running()) == 2)
                windows.kill()
            await self.until(lambda: "hunted" not in running())
            server.stdin.close()
        await self.until(lambda: not running())
        names = [(type(each).__name__, each.running.game) for each in changes if each.running.game == "watched"]
        self.assertEqual([name for name, _ in names if name != "GameChanged"], ["GameStarted", "GameEnded"])

    @pytest.mark.needs("net-admin")
    def test_events(self) -> Deferred[None]:
        """By the kernel's word."""

        async def run() -> None:
            watch = GameWatch(self.reactor, lambda: GAMES_HERE)
            await self.life(watch)
            self.assertEqual((watch.mode, watch.trouble), ("events", ""))
            await watch.stop(for_good=True)

        return Deferred.fromCoroutine(run())

    def test_polling(self) -> Deferred[None]:
        """By looks at all processes, without any right."""

        async def run() -> None:
            settings, senses = GamesSettings(poll=0.1), Senses(events=lambda reactor: NoEvents())
            watch = GameWatch(self.reactor, lambda: GAMES_HERE, settings, senses=senses)
            await self.life(watch)
            self.assertEqual(watch.mode, "polling")
            await watch.stop(for_good=True)

        return Deferred.fromCoroutine(run())
