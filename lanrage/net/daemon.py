"""A program that works for us in the foreground: started, listened to, ended (docs/links.rst)."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence

from twisted.internet.defer import Deferred
from twisted.internet.defer import TimeoutError as DeferredTimeout
from twisted.internet.error import ProcessExitedAlready
from twisted.internet.interfaces import IProcessTransport
from twisted.internet.protocol import ProcessProtocol
from twisted.logger import Logger
from twisted.python.failure import Failure

from lanrage.net.processes import TERM_GRACE_S, Program
from lanrage.net.threads import INetReactor

log = Logger()

MAX_WORDS = 4096
"""Bytes kept of what the program says: the reason, should it fail."""


class Daemon(ProcessProtocol):
    """One run of a program.

    :ivar words: the last bytes that it said.
    :ivar ended: whether it is gone.
    """

    def __init__(
        self,
        reactor: INetReactor,
        program: str,
        label: str,
        grace: float = TERM_GRACE_S,
        chatter: tuple[str, ...] = (),
    ) -> None:
        """`label` says in the log what it works for; `grace` is seconds from SIGTERM to SIGKILL.

        Lines that begin with one of `chatter` are not logged.
        """
        self.words = b""
        self.ended = False
        self._reactor = reactor
        self._program = program
        self._label = label
        self._grace = grace
        self._chatter = chatter
        self._wanted = True
        self._process: IProcessTransport | None = None
        self._waiters: list[Deferred[None]] = []

    def start(self, arguments: Sequence[str], environment: dict[str, str]) -> Program | None:
        """Run it and name its process; ``None`` where it ended at once."""
        argv = [os.path.basename(self._program), *arguments]
        process = self._reactor.spawnProcess(self, self._program, argv, env=environment, path="/")
        self._process = process
        return Program.of(process.pid or 0)

    async def stop(self) -> None:
        """SIGTERM, then SIGKILL after the grace; returns when it is gone."""
        self._wanted = False
        for signal in ("TERM", "KILL"):
            if not self.ended and self._process is not None:
                with contextlib.suppress(ProcessExitedAlready):  # only its pipes are not closed yet
                    self._process.signalProcess(signal)
                await self._wait(self._grace)

    async def _wait(self, seconds: float) -> None:
        waiter: Deferred[None] = Deferred()
        self._waiters.append(waiter)
        try:
            await waiter.addTimeout(seconds, self._reactor)
        except DeferredTimeout:
            self._waiters.remove(waiter)
            log.warn("{program} of {label} does not end", program=self._program, label=self._label)

    def outReceived(self, data: bytes) -> None:
        """Keep and log what it says."""
        self.words = (self.words + data)[-MAX_WORDS:]
        for line in data.decode("utf-8", "replace").splitlines():
            if line.strip() and not line.startswith(self._chatter):
                log.warn("{program} of {label}: {line!r}", program=self._program, label=self._label, line=line)

    errReceived = outReceived

    def processEnded(self, reason: Failure) -> None:
        """Tell those who wait."""
        self.ended = True
        if self._wanted:
            log.error("{program} of {label} ended: {why}", program=self._program, label=self._label, why=reason.value)
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            waiter.callback(None)
