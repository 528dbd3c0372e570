"""Watches a session's windows from a thread of its own, since an X client waits for its server."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable
from typing import Protocol

from twisted.internet.defer import Deferred
from twisted.internet.defer import TimeoutError as DeferredTimeout
from twisted.logger import Logger
from twisted.python.failure import Failure

from lanrage.core.game_windows import Window
from lanrage.errors import Unreachable
from lanrage.net.threads import INetReactor

STOP_S = 2.0
"""Seconds that a stop waits for a session that does not answer; its thread holds up no end of the process."""
LOOK_S = 30.0
"""Seconds after which windows are looked at although nothing told of a change."""

log = Logger()

# Protocols have methods without a body.
# pylint: disable=missing-function-docstring


class Windows(Protocol):
    """What the thread asks; see :class:`lanrage.net.x11_windows.X11Windows`."""

    def read(self) -> tuple[Window, ...]: ...

    def changed(self, wake: int, timeout: float) -> bool: ...

    def settle(self, wake: int) -> None: ...

    def close(self) -> None: ...


class WindowWatch:
    """From :meth:`start` to :meth:`stop`, tells each time the windows differ.

    :param connect: makes the connection, in the thread.
    :param tell: called in the reactor's thread.
    :param lost: called there once when the session is gone, or was not there, with the reason.
    """

    def __init__(
        self,
        reactor: INetReactor,
        connect: Callable[[], Windows],
        tell: Callable[[tuple[Window, ...]], None],
        lost: Callable[[str], None],
    ) -> None:
        self._reactor = reactor
        self._connect = connect
        self._tell, self._lost = tell, lost
        self._pipe: tuple[int, int] | None = None
        self._stopping = threading.Event()
        self._ended: Deferred[None] | None = None

    @property
    def running(self) -> bool:
        """Whether the thread is there."""
        return self._ended is not None

    def start(self) -> None:
        """Begin; a watch that runs goes on."""
        if self._ended is not None:
            return
        self._stopping.clear()
        self._pipe = os.pipe()
        self._ended = Deferred()
        threading.Thread(target=self._run, args=(self._pipe[0],), name="windows", daemon=True).start()

    def stop(self) -> Deferred[None]:
        """End; fires when the thread has, or after :data:`STOP_S`."""
        done: Deferred[None] = Deferred()
        if self._ended is None or self._pipe is None:
            done.callback(None)
            return done
        self._stopping.set()
        os.write(self._pipe[1], b"x")
        self._ended.addBoth(lambda _: None if done.called else done.callback(None))
        return done.addTimeout(STOP_S, self._reactor).addErrback(_give_up)

    def _run(self, wake: int) -> None:
        reason = ""
        try:
            self._watch(wake)
        except Unreachable as error:
            reason = str(error)
        except Exception as error:  # a thread's error must not vanish: the agent goes on without windows  # pylint: disable=broad-exception-caught
            log.failure("the watch over windows failed")
            reason = f"the watch over windows failed: {error}"
        self._reactor.callFromThread(self._over, reason)

    def _watch(self, wake: int) -> None:
        windows = self._connect()
        before: tuple[Window, ...] | None = None
        with contextlib.closing(windows):
            while not self._stopping.is_set():
                now = windows.read()
                if now != before:
                    self._reactor.callFromThread(self._say, now)
                before = now
                if windows.changed(wake, LOOK_S):
                    windows.settle(wake)

    def _say(self, windows: tuple[Window, ...]) -> None:
        if not self._stopping.is_set():
            self._tell(windows)

    def _over(self, reason: str) -> None:
        pipe, self._pipe = self._pipe, None
        for descriptor in pipe or ():
            os.close(descriptor)
        ended, self._ended = self._ended, None
        if not self._stopping.is_set():
            self._lost(reason or "the session ended")
        if ended is not None:
            ended.callback(None)


def _give_up(failure: Failure) -> None:
    failure.trap(DeferredTimeout)
    log.info("the session does not answer: its windows are left alone")
