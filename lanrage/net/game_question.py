"""What every question to a game server has: its answer, its end, its patience."""

from __future__ import annotations

import abc
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall

from lanrage.core.game_server import ServerFacts
from lanrage.errors import DecodeError, Unanswered
from lanrage.wire.games import Query, Reply

REPLIES_MOST = 4
"""Steps of one question (a token or a challenge is one); a server that wants more is playing with us."""


class Question(abc.ABC):
    """One question to one server.

    :param target: address and port.
    :param source: our address, or ``""``.
    :ivar answer: fires with facts and seconds; fails with :class:`Unanswered`. To cancel it ends the question.
    """

    def __init__(self, reactor: Any, query: Query, target: tuple[str, int], source: str, token: int) -> None:
        self._reactor = reactor
        self._query = query
        self._target = target
        self._source = source
        self._token = token
        self._sent_at = 0.0
        self._replies = 0
        self._broken = ""
        self._over = False
        self._calls: list[IDelayedCall] = []
        self.answer: Deferred[tuple[ServerFacts, float]] = Deferred(lambda _: self._end())

    def start(self, timeout: float) -> None:
        """Open the socket and ask.

        :param timeout: seconds until it fails.
        :raises OSError: when there is no socket, or no way to the server; CannotListenError likewise. The question is
            over then, and its answer will not come.
        """
        try:
            self._open(timeout)
        except BaseException:
            self.answer.addErrback(lambda _: None)
            self._end()
            raise
        self._later(timeout, self._silent)

    @abc.abstractmethod
    def _open(self, timeout: float) -> None:
        """Open the socket; the question goes out now or as soon as it can."""

    @abc.abstractmethod
    def _send(self, payload: bytes) -> None:
        """Send one more payload."""

    @abc.abstractmethod
    def _close(self) -> None:
        """Close the socket; may be called twice."""

    def _later(self, seconds: float, call: Callable[[], None]) -> None:
        """Call it then, unless the question is over."""
        if not self._over:
            self._calls.append(self._reactor.callLater(seconds, call))

    def _heard(self, payload: bytes) -> None:
        """Understand what came; broken answers are waited out, a right one may follow."""
        try:
            told = self._query.read(payload, self._token)
        except DecodeError as error:
            self._broken = str(error)
            return
        if isinstance(told, Reply):
            self._replies += 1
            if self._replies > REPLIES_MOST:
                self._fail("wants ever more questions")
                return
            self._sent_at = self._reactor.seconds()
            self._send(told.payload)
        elif told is not None and not self._over:
            rtt = self._reactor.seconds() - self._sent_at
            if self._query.farewell is not None:
                self._send(self._query.farewell(payload))
            self._end()
            self.answer.callback((told, rtt))

    def _silent(self) -> None:
        self._fail(f"answers something broken: {self._broken}" if self._broken else "does not answer")

    def _fail(self, why: str) -> None:
        if not self._over:
            self._end()
            host, port = self._target
            self.answer.errback(Unanswered(f"{host} port {port} ({self._query.name}) {why}"))

    def _end(self) -> None:
        self._over = True
        for call in self._calls:
            if call.active():
                call.cancel()
        self._calls.clear()
        self._close()
