"""Measures how far the servers of the list are (``docs/servers.rst``)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.logger import Logger

from lanrage.core.server_entry import Server, ServerKey
from lanrage.core.server_latency import SAMPLE_GAP, SAMPLES, TRIES, LatencyMethod, ServerLatency
from lanrage.errors import LanrageError
from lanrage.timing import timing_decorator

AT_ONCE, AT_ONCE_EACH = 8, 2
"""Measurements under way, and of them those of one address: each is one packet at a time, and those of one member's
dead servers do not hold up the others."""
LATE = 1.0
"""Seconds between two ticks at the most: so late a measurement begins as a rule, and the next is not put off for it."""

Way = Callable[[Server], Deferred[float] | None]
"""Takes one sample in seconds; ``None`` where it cannot be used for this server. Errors of the house: it was lost."""

log = Logger()


@attrs.define
class _Measured:
    server: Server
    state: ServerLatency
    due: float
    running: Deferred[None] | None = None


class ServerLatencies:
    """What was measured of each server; driven by :meth:`tick`.

    :param ways: by method.
    """

    def __init__(self, reactor: Any, ways: Mapping[LatencyMethod, Way]) -> None:
        self._reactor, self._ways = reactor, ways
        self._servers: dict[ServerKey, _Measured] = {}

    def of(self, key: ServerKey) -> ServerLatency | None:
        """What was measured of a server."""
        known = self._servers.get(key)
        return known.state if known is not None else None

    def follow(self, servers: Iterable[Server]) -> None:
        """Measure these, and no others."""
        wanted = {each.key: each for each in servers}
        for key in self._servers.keys() - wanted.keys():
            self._give_up(self._servers.pop(key))
        for key, server in wanted.items():
            known = self._servers.get(key)
            if known is None:
                self._servers[key] = _Measured(server, ServerLatency(), self._reactor.seconds())
            else:
                known.server = server

    def tick(self) -> None:
        """Begin what is due, the longest due first."""
        now = self._reactor.seconds()
        at = Counter(key[0] for key, each in self._servers.items() if each.running is not None)
        waiting = [each for each in self._servers.values() if each.running is None and each.due <= now]
        for each in sorted(waiting, key=lambda measured: measured.due):
            address = each.server.origin.address
            if at.total() < AT_ONCE and at[address] < AT_ONCE_EACH:
                at[address] += 1
                self._begin(each)

    def stop(self) -> None:
        """Give up what is under way, forget all."""
        self.follow(())

    def _give_up(self, measured: _Measured) -> None:
        if measured.running is not None:
            measured.running.cancel()

    def _begin(self, measured: _Measured) -> None:
        begun = max(measured.due, self._reactor.seconds() - LATE)
        running = measured.running = Deferred.fromCoroutine(self._measure(measured))

        def ended(_result: Any) -> None:
            measured.running = None
            measured.due = begun + measured.state.interval

        def failed(failure: Any) -> None:
            if self._servers.get(measured.server.key) is measured:
                log.failure("a server's latency was not measured", failure)

        running.addErrback(failed).addBoth(ended)

    @timing_decorator("server.latency")
    async def _measure(self, measured: _Measured) -> None:
        server, state = measured.server, measured.state
        for method in state.methods(self._ways.keys()):
            samples = await self._samples(server, self._ways[method])
            if samples:
                state.measured(method, samples, self._reactor.seconds())
                return
        state.missed()

    async def _samples(self, server: Server, way: Way) -> list[float]:
        """Up to three; none where the way cannot be used, or the first two were lost."""
        got: list[float] = []
        for number in range(SAMPLES):
            if number:
                await deferLater(self._reactor, SAMPLE_GAP)
            asking = way(server)
            if asking is None:
                return got
            try:
                got.append(await asking)
            except LanrageError:
                if not got and number + 1 >= TRIES:
                    return got
        return got
