"""A reactor's clock whose threads do their work at once, or when the test lets them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.task import Clock
from twisted.python.failure import Failure


class ThreadClock(Clock):
    """For :func:`lanrage.net.threads.in_thread`.

    :ivar held: work for threads that waits for the test; ``None`` = it is done at once.
    """

    def __init__(self) -> None:
        super().__init__()
        self.held: list[Callable[[], None]] | None = None

    def getThreadPool(self) -> ThreadClock:
        """The pool is the clock."""
        return self

    def callInThreadWithCallback(self, done: Any, call: Any, *args: Any) -> None:
        """Work for a thread."""

        def work() -> None:
            try:
                result = call(*args)
            except Exception as error:  # pylint: disable=broad-exception-caught
                done(False, Failure(error))
            else:
                done(True, result)

        if self.held is None:
            work()
        else:
            self.held.append(work)

    def callFromThread(self, call: Any, *args: Any) -> None:
        """Back in the reactor."""
        call(*args)

    def let_go(self) -> None:
        """The threads do what they held."""
        held, self.held = self.held or [], None
        for work in held:
            work()
