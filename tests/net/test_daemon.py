"""A program that works for us: its words, its end, and its end against its will."""

from __future__ import annotations

import shutil
from typing import Any, cast

from twisted.internet.task import deferLater
from twisted.logger import capturedLogs
from twisted.trial.unittest import TestCase

from lanrage.net.daemon import Daemon
from lanrage.net.processes import Program

SHELL = shutil.which("sh") or "/bin/sh"
SPEAK = "trap '' TERM; echo ready; while :; do sleep 0.05; done"


class TestDaemon(TestCase):
    """On real programs."""

    timeout = 120

    def setUp(self) -> None:
        """The reactor, and a daemon that runs a shell."""
        from twisted.internet import reactor

        self.reactor = cast(Any, reactor)
        self.daemon = Daemon(self.reactor, SHELL, "a test", grace=0.1)
        self.addCleanup(self.daemon.stop)

    async def until(self, word: bytes) -> None:
        """Wait for what it says."""
        while word not in self.daemon.words:
            await deferLater(self.reactor, 0.005)

    async def test_stops(self) -> None:
        """An obedient program is gone after the stop; a second stop is no error."""
        program = self.daemon.start(["-c", "echo ready; exec sleep 60"], {"PATH": "/bin:/usr/bin"})
        assert program is not None
        await self.until(b"ready")
        await self.daemon.stop()
        await self.daemon.stop()
        assert self.daemon.ended
        assert Program.of(program.pid) != program

    async def test_kills(self) -> None:
        """One that ignores SIGTERM is killed."""
        program = self.daemon.start(["-c", SPEAK], {"PATH": "/bin:/usr/bin"})
        assert program is not None
        await self.until(b"ready")
        await self.daemon.stop()
        assert self.daemon.ended

    async def test_ends_by_itself(self) -> None:
        """What it said last is kept, and its end is known."""
        self.daemon.start(["-c", "echo reason >&2; exit 3"], {"PATH": "/bin:/usr/bin"})
        while not self.daemon.ended:
            await deferLater(self.reactor, 0.005)
        assert self.daemon.words == b"reason\n"

    async def test_log(self) -> None:
        """Each line is logged once, as text that cannot forge a line of the log; its chatter is not."""
        daemon = Daemon(self.reactor, SHELL, "a test", chatter=("| ",))
        with capturedLogs() as events:
            daemon.start(["-c", "printf '| hello\\n\\none\\ntwo\\n'"], {"PATH": "/bin:/usr/bin"})
            while not daemon.ended:
                await deferLater(self.reactor, 0.005)
        assert [event["line"] for event in events if "line" in event] == ["one", "two"]

    async def test_never_started(self) -> None:
        """Stopping what was not started is no error."""
        await self.daemon.stop()
        assert not self.daemon.ended
