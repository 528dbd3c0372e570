"""Brings a party's session up again by itself when its devices went away, or could not be made at first."""

from __future__ import annotations

from collections.abc import Callable

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from lanrage.errors import LanrageError, Refused

FIRST_WAIT, LAST_WAIT = 1.0, 60.0
"""Seconds before the first attempt, doubled up to the last: a program that dies at each start must not fill the log,
and a user who has just freed a port, or installed what was missing, waits a minute at most."""
STEADY = 60.0
"""Seconds that a session must have stood before the waits start anew."""


@attrs.define(eq=False)
class Revival:
    """One attempt at a time, with growing waits, until one succeeds or it is stopped.

    :param clock: the reactor's time.
    :param attempt: brings the session up; fails with a :class:`~lanrage.errors.LanrageError` when it cannot.
    :param tell: takes the sentence for the user: what is wrong, and when it is tried again.
    """

    clock: IReactorTime
    attempt: Callable[[], Deferred[None]]
    tell: Callable[[str], None]
    _failures: int = 0
    _up_since: float | None = None
    _waiting: IDelayedCall | None = None
    _trying: bool = False
    _wanted: bool = False

    log = Logger()

    def came_up(self) -> None:
        """A session stands: what :meth:`lost` tells from now on is about this one."""
        if self._failures:
            self.log.info("the party's session stands again")
        self._wanted = True
        self._up_since = self.clock.seconds()

    def lost(self, why: str) -> None:
        """The session is of no use any more, or could not be made.

        :param why: a sentence without its full stop.
        """
        self._wanted = True
        if self._waiting is not None or self._trying:
            return
        if self._up_since is not None and self.clock.seconds() - self._up_since >= STEADY:
            self._failures = 0
        self._wait(why)

    def stop(self) -> None:
        """Try no more. An attempt that runs goes on to its end; its failure starts nothing."""
        self._wanted = False
        self._failures, self._up_since = 0, None
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _wait(self, why: str) -> None:
        wait = min(LAST_WAIT, FIRST_WAIT * 2.0**self._failures)
        self._failures = min(self._failures + 1, 10)
        sentence = f"{why}; it is tried again in {wait:.0f} s"
        self.log.error("the party has no session here: {sentence}", sentence=sentence)
        self.tell(sentence)
        self._waiting = self.clock.callLater(wait, self._try)

    def _try(self) -> None:
        self._waiting, self._trying = None, True
        self.attempt().addCallbacks(self._stands, self._failed)

    def _stands(self, _result: object) -> None:
        self._trying = False

    def _failed(self, failure: Failure) -> None:
        self._trying = False
        if not self._wanted:
            return
        if failure.check(LanrageError) is None:
            self.log.failure("the party's session met an error of its own", failure)
            self._wait("this machine cannot take part in the party: an error of its own, which the log tells")
        elif failure.check(Refused) is not None:
            self.tell(failure.getErrorMessage())  # the party's word, which waiting does not change
        else:
            self._wait(f"this machine cannot take part in the party: {failure.getErrorMessage()}")
