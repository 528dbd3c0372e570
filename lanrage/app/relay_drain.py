"""How a relay stops without losing a packet: it says so, forwards on while the pairs move, and ends.

See ``docs/protocol-relay.rst``, "Stopping".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from lanrage.core.relay_bindings import Answers
from lanrage.core.relay_table import RelayTable

LOOK = 0.1
"""Seconds between looks whether anybody is still bound."""

log = Logger()


class RelayDrain:
    """The end of one relay.

    :param say: sends what the table wants to be told.
    :param seconds: that it forwards on at most; 0 = none.
    """

    def __init__(self, reactor: Any, table: RelayTable, say: Callable[[Answers], None], seconds: float) -> None:
        self._reactor = reactor
        self._table = table
        self._say = say
        self._seconds = seconds
        self._looking: LoopingCall | None = None

    def run(self) -> Deferred[None]:
        """Fires when nobody is bound any more, or the time is over; then the relay is to be closed."""
        if len(self._table) == 0:
            return succeed(None)
        now = self._reactor.seconds()
        if not self._seconds:
            self._end()
            return succeed(None)
        count = len(self._table)
        log.info("the relay stops: {count} bindings have {seconds:g} s to move", count=count, seconds=self._seconds)
        self._say(self._table.drain(now + self._seconds, now))
        self._looking = looking = LoopingCall(self._look, now + self._seconds)
        looking.clock = self._reactor
        return looking.start(LOOK, now=False).addCallback(lambda _: self._end())

    def _look(self, until: float) -> None:
        now = self._reactor.seconds()
        self._table.expire(now)
        if self._looking is not None and (now >= until or len(self._table) == 0):
            self._looking.stop()

    def _end(self) -> None:
        now = self._reactor.seconds()
        self._say(self._table.drain(now, now))
