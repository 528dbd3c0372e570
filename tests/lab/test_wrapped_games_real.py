"""Games inside real wrappers: a Windows program under Wine, a program in a sandbox such as Flatpak makes."""

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
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from lanrage.app.game_watch import GameWatch
from lanrage.core.play_ports import Span
from tests.game_set import L, W, game
from tests.x_server import NO_XVFB, start_server

WINE = shutil.which("wine")
PROGRAMS = Path("/usr/lib/x86_64-linux-gnu/wine/x86_64-windows")
"""Where Debian's Wine has its Windows programs."""
GAMES = (game("Hunted", [(W, "hunted-by-test.exe")]), game("Boxed", [(L, "boxed-by-test")]))
LISTENER = (
    "import socket, sys\n"
    "udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
    "udp.bind(('0.0.0.0', 0))\n"
    "print(udp.getsockname()[1], flush=True)\n"
    "sys.stdin.read()\n"
)
QUIET = subprocess.DEVNULL


@pytest.mark.lab
@pytest.mark.needs("net-admin")
class WrappedGameTests(TestCase):
    """The watch of games on the real machine."""

    timeout = 240

    def setUp(self) -> None:
        """A watch of games and a folder."""
        from twisted.internet import reactor

        self.reactor: Any = reactor
        self.folder = Path(tempfile.mkdtemp(prefix="lanrage-wrapped-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.watch = GameWatch(self.reactor, lambda: GAMES)
        self.ends: list[str] = []
        self.watch.listen(lambda change: self.ends.append(type(change).__name__))

    def found(self, name: str) -> Any:
        """The game as the watch has it."""
        return next((each for each in self.watch.running() if each.game == name), None)

    async def until(self, condition: Callable[[], Any]) -> None:
        """Wait for an event."""
        while not condition():
            await deferLater(self.reactor, 0.01)

    async def over(self, name: str) -> None:
        """It ends as one game that began once."""
        await self.until(lambda: self.found(name) is None)
        await self.watch.stop(for_good=True)
        self.assertEqual([each for each in self.ends if each != "GameChanged"], ["GameStarted", "GameEnded"])

    @pytest.mark.skipif(bool(NO_XVFB), reason=NO_XVFB)
    @pytest.mark.skipif(WINE is None or not PROGRAMS.is_dir(), reason="needs Wine: apt-get install wine64 wine")
    async def test_wine(self) -> None:
        """Wine's helpers, which start first and stay longer, are no game; the game's own window is its life."""
        assert WINE is not None
        shutil.copy(PROGRAMS / "winemine.exe", self.folder / "hunted-by-test.exe")
        display, _ = start_server(self.addCleanup)
        environment = {
            **os.environ,
            "HOME": str(self.folder),
            "WINEPREFIX": str(self.folder / "prefix"),
            "DISPLAY": display,
            "WINEDEBUG": "-all",
            "WINEDLLOVERRIDES": "mscoree=;mshtml=",
        }
        self.addCleanup(subprocess.run, ["/usr/lib/wine/wineserver64", "-k", "-w"], env=environment, check=False)
        await self.watch.start()
        argv = [WINE, "hunted-by-test.exe"]
        with subprocess.Popen(argv, cwd=self.folder, env=environment, stdin=QUIET, stdout=QUIET, stderr=QUIET) as wine:
            await self.until(lambda: self.found("hunted"))
            self.assertEqual(self.found("hunted").pids, {wine.pid})
            comm = Path(f"/proc/{wine.pid}/comm")
            await self.until(lambda: comm.read_text("utf-8") == "hunted-by-test.\n")  # as Wine names it later
            self.assertEqual([each.game for each in self.watch.running() if each.game == "hunted"], ["hunted"])
            wine.terminate()
        await self.over("hunted")

    @pytest.mark.skipif(shutil.which("bwrap") is None, reason="needs bwrap: apt-get install bubblewrap")
    async def test_sandbox(self) -> None:
        """The program has a path and process numbers of its own; it counts with its ports; bwrap does not."""
        shutil.copy(os.path.realpath(sys.executable), self.folder / "boxed-by-test")
        info = str(self.folder / "info")
        Path(info).write_text("[Application]\nname=org.example.Boxed\n", "utf-8")
        usr = [word for name in ("usr", "lib", "lib64", "etc") for word in ("--ro-bind", f"/{name}", f"/{name}")]
        argv = ["bwrap", *usr, "--ro-bind", str(self.folder), "/app/bin", "--ro-bind", info, "/.flatpak-info"]
        argv += ["--proc", "/proc", "--dev", "/dev", "--unshare-pid", "--unshare-ipc", "--die-with-parent"]
        await self.watch.start()
        with subprocess.Popen(
            [*argv, "/app/bin/boxed-by-test", "-c", LISTENER], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as box:
            assert box.stdout is not None
            assert box.stdin is not None
            port = int(box.stdout.readline())
            await self.until(lambda: self.found("boxed") and Span("udp", port, port) in self.found("boxed").listens)
            self.assertNotIn(box.pid, self.found("boxed").pids)
            box.stdin.close()
        await self.over("boxed")
