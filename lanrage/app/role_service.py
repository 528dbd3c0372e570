"""A role as one service: its parts start one after another, and stop in the other order."""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Callable
from typing import Any

from twisted.application.service import MultiService, Service
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from lanrage.errors import LanrageError


class RoleService(MultiService):
    """One role's services. A part that cannot start ends the process with one sentence, not a traceback.

    :param parts: each has ``startService``; those with a ``started`` Deferred are waited for, in order.
    :param greeting: called once all run; says where they listen and what to do next.
    """

    log = Logger()

    def __init__(self, reactor: Any, parts: list[Service], greeting: Callable[[], list[str]]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._reactor = reactor
        self._parts = parts
        self._greeting = greeting
        self._running: list[Service] = []
        self._starting: Deferred[None] | None = None

    def startService(self) -> None:
        """Start the parts one after another."""
        super().startService()  # type: ignore[no-untyped-call]
        self._starting = Deferred.fromCoroutine(self._start())

    async def _start(self) -> None:
        try:
            for part in self._parts:
                if not self.running:  # stopped while a part was starting: the others must not start any more
                    return
                self._running.append(part)
                part.startService()
                started = getattr(part, "started", None)
                if started is not None:
                    await started
        except LanrageError as error:
            self._fail(str(error))
        except Exception:  # a bug: its traceback belongs into the log  # pylint: disable=broad-exception-caught
            self.log.failure("LANrage cannot start")
            self._fail("an unexpected error; see the log above")
        else:
            for line in self._greeting() if self.running else []:
                self.log.info("ready: {line}", line=line)

    def _fail(self, sentence: str) -> None:
        """End twistd with status 1 and one sentence; it knows no other way than its interpreter's exit."""
        self.log.critical("LANrage cannot start: {sentence}", sentence=sentence)
        atexit.register(_exit_failed, sentence)
        self._reactor.callWhenRunning(self._reactor.stop)

    def stopService(self) -> Deferred[None]:
        """Stop the parts, the last first, each after the other."""
        super().stopService()  # type: ignore[no-untyped-call]
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        while self._running:
            part = self._running.pop()
            try:
                stopping = part.stopService()
                if isinstance(stopping, Deferred):
                    await stopping
            except Exception:  # the others must stop all the same  # pylint: disable=broad-exception-caught
                self.log.failure("{part} did not stop well", part=type(part).__name__)


def _exit_failed(sentence: str) -> None:
    if sys.__stderr__ is not None:  # twistd makes log events of what is written to sys.stderr
        sys.__stderr__.write(f"lanrage: {sentence}\n")
        sys.__stderr__.flush()
    sys.stdout.flush()
    os._exit(1)
