"""Tells the service manager how a role lives: starting, ready, alive, stopping (``docs/operations/service.rst``).

Both are parts of the role: :class:`Heartbeat` is started before all others and stopped after them, :class:`Readiness`
is started once all those stand that the role cannot do without, and stopped first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.application.service import Service
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from lanrage.net.supervisor import Supervisor

BEATS = 3
"""In the time after which the watchdog strikes: one that is lost, or late, does no harm."""
CALM = 10.0
"""Seconds from beat to beat where there is no watchdog: only what it says of itself may have changed."""
PATIENCE = 30.0
"""Seconds that a start or a stop is given from each beat on: it may take long (a disk, a relay that lets its pairs
move on), as long as the reactor turns."""
STARTING, STOPPING = "starting", "stopping"

log = Logger()


class Heartbeat(Service):
    """Says from within the reactor that it turns: one that is stuck says nothing, and the manager starts another.

    :param words: what the role says of itself, once it is ready.
    :ivar phase: ``starting``, empty while it is ready, ``stopping``.
    """

    def __init__(self, reactor: Any, supervisor: Supervisor, words: Callable[[], list[str]]) -> None:
        self._supervisor, self._words = supervisor, words
        self._interval = supervisor.watchdog / BEATS if supervisor.watchdog is not None else CALM
        self._loop = LoopingCall(self._beat)
        self._loop.clock = reactor
        self._told = ""
        self._failed = False
        self.phase = STARTING

    def startService(self) -> None:
        """Begin, with a beat at once."""
        super().startService()  # type: ignore[no-untyped-call]
        self.phase, self._told = STARTING, ""
        self._loop.start(self._interval)

    def stopService(self) -> None:
        """End."""
        super().stopService()  # type: ignore[no-untyped-call]
        if self._loop.running:
            self._loop.stop()

    def enter(self, phase: str, **fields: str) -> None:
        """Another phase begins: tell it, with what the manager must know of it, and the status line."""
        self.phase, self._told = phase, self._status(phase)
        self._tell(**fields, STATUS=self._told)

    def _beat(self) -> None:
        fields = {"WATCHDOG": "1"}
        if self.phase:
            fields["EXTEND_TIMEOUT_USEC"] = str(int(max(PATIENCE, BEATS * self._interval) * 1_000_000))
        status = self._status(self.phase)
        if status != self._told:
            self._told = fields["STATUS"] = status
        self._tell(**fields)

    def _status(self, phase: str) -> str:
        if phase:
            return phase
        try:
            return "; ".join(self._words())
        except Exception:  # pylint: disable=broad-exception-caught  # a line of status is not worth the process
            log.failure("what the role says of itself cannot be told")
            return self._told or "running"

    def _tell(self, **fields: str) -> None:
        taken = self._supervisor.tell(**fields)
        if not taken and not self._failed:
            log.warn("the service manager at {address} takes no notice", address=self._supervisor.address)
        self._failed = not taken


class Readiness(Service):
    """Tells that the role is ready when it starts, and that it stops when it stops.

    :param heartbeat: through which it is told.
    """

    def __init__(self, heartbeat: Heartbeat) -> None:
        self._heartbeat = heartbeat

    def startService(self) -> None:
        """All that the role needs stands."""
        super().startService()  # type: ignore[no-untyped-call]
        self._heartbeat.enter("", READY="1")

    def stopService(self) -> None:
        """The first thing of a stop."""
        if self.running:
            super().stopService()  # type: ignore[no-untyped-call]
            self._heartbeat.enter(STOPPING, STOPPING="1")
