"""How far a server is: several samples at a time, by the best way that gets an answer (``docs/servers.rst``).

Median, smoothing and trend are those of paths (:mod:`lanrage.core.quality`), the intervals, too
(:func:`lanrage.core.path_pace.measuring_interval`). Pure: `now` is seconds of a clock that only moves forward.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from enum import StrEnum

import attrs

from lanrage.core.path_pace import FAR_INTERVAL, measuring_interval
from lanrage.core.quality import Latency, Trend

SAMPLES = 3
"""Samples of one measurement, of which the median counts."""
SAMPLE_GAP = 0.2
"""Seconds between two samples: so that one burst in a queue does not hit all three."""
SAMPLE_WITHIN = 1.0
"""Seconds after which a sample is lost."""
TRIES = 2
"""Lost samples after which a way that gave none is given up: it is blocked."""
BEST_AGAIN = 10
"""Measurements after which a better way is tried again that was blocked."""
FIRST_INTERVAL = FAR_INTERVAL
"""Seconds between measurements until there are enough for a trend: what is not known to be stable is not."""
FAILED_INTERVAL = 60.0
"""Seconds likewise at the most while nothing answers: from the first interval on each is twice as long."""


class LatencyMethod(StrEnum):
    """Ways to measure, the best first. They do not measure the same, so each value is labelled."""

    PING = "icmp"  # the kernel there answers
    QUERY = "query"  # the game there answers, when its loop gets to it
    CONNECT = "connect"  # the kernel there takes or refuses a TCP connection
    NAME = "dns"  # a name server answers; says little of the server


METHODS = tuple(LatencyMethod)


@attrs.define
class ServerLatency:
    """What was measured of one server.

    :ivar method: by which the value was measured; ``None`` while there is none.
    :ivar at: when it was measured last.
    :ivar failed: measurements in a row that nothing answered.
    """

    latency: Latency = attrs.field(factory=Latency)
    method: LatencyMethod | None = None
    at: float | None = None
    failed: int = 0
    _rounds: int = 0

    def methods(self, possible: Collection[LatencyMethod]) -> list[LatencyMethod]:
        """The ways to try now, in order: from the one that answered last on; all of them each tenth time."""
        ways = [method for method in METHODS if method in possible]
        again = self.failed or self._rounds % BEST_AGAIN == 0
        if again or self.method not in ways:
            return ways
        return ways[ways.index(self.method) :]

    def measured(self, method: LatencyMethod, samples: Sequence[float], now: float) -> None:
        """A way got answers; values of another way are not mixed with its own.

        :param samples: seconds; not empty.
        """
        if method is not self.method:
            self.latency = Latency()
        self.latency.measured(samples)
        self.method, self.at, self.failed = method, now, 0
        self._rounds += 1

    def missed(self) -> None:
        """Nothing answered by any way."""
        self.failed += 1

    @property
    def value(self) -> float | None:
        """Smoothed, in seconds; ``None`` before the first measurement, and while nothing answers."""
        return None if self.failed else self.latency.value

    @property
    def trend(self) -> Trend:
        """Over the last ten."""
        return self.latency.trend

    @property
    def interval(self) -> float:
        """Seconds until the next measurement."""
        if self.failed:
            return min(FIRST_INTERVAL * float(1 << min(self.failed - 1, 8)), FAILED_INTERVAL)
        value = self.value
        if value is None or not self.latency.settled:
            return FIRST_INTERVAL
        return measuring_interval(value, self.trend)
