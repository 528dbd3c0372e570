"""What a relay tells its control server of itself, and how it gets at the rates (``docs/protocol-relay.rst``)."""

from __future__ import annotations

import attrs

REPORT_INTERVAL = 5.0
"""Seconds between two reports: a control server notices within three of them that a relay is gone."""
FULL_PACKETS = 50_000.0
"""Packets a second that count as a full load unless the operator says otherwise; ``python -m tests.bench relay`` shows
what a machine forwards."""
LATE = 0.25
"""Seconds by which the relay's own timer may be late; above it packets wait, and the relay says that it is ill."""


@attrs.frozen
class Rates:
    """What a relay did since the report before, a second each."""

    packets: float = 0.0
    bytes: float = 0.0
    drops: float = 0.0


@attrs.frozen
class RelayReport:
    """One report.

    :param host: address or name at which nodes reach the relay; empty = as the control server sees it.
    :param first: first and
    :param last: last of its UDP ports.
    :param region: the operator's word for where it stands.
    :param load: 0 (idle) to 1 (full).
    :param draining: it is about to stop.
    :param bindings: ends that are bound, of
    :param capacity: so many at most.
    :param trouble: what is wrong with it, in a sentence; empty = nothing.
    """

    host: str
    first: int
    last: int
    region: str = ""
    load: float = 0.0
    draining: bool = False
    bindings: int = 0
    capacity: int = 0
    rates: Rates = Rates()
    trouble: str = ""


@attrs.define
class ReportMeter:
    """Makes rates of counters.

    :param full: packets a second that are a full load.
    """

    full: float = FULL_PACKETS
    _at: float | None = attrs.field(init=False, default=None)
    _before: tuple[int, int, int] = attrs.field(init=False, default=(0, 0, 0))
    rates: Rates = attrs.field(init=False, factory=Rates)

    def count(self, seen: tuple[int, int, int], now: float) -> Rates:
        """The rates since the last call; those of before when it was a moment ago.

        :param seen: packets and bytes forwarded, and packets dropped, since the start, in whatever mode.
        """
        if self._at is None:
            self._at, self._before = now, seen
        elif now - self._at >= REPORT_INTERVAL / 10:
            passed = now - self._at
            self.rates = Rates(*(max(0.0, (new - old) / passed) for new, old in zip(seen, self._before, strict=True)))
            self._at, self._before = now, seen
        return self.rates

    def load(self, bindings: int, capacity: int) -> float:
        """How full the relay is, by what is scarcest: 0 to 1."""
        shares = (bindings / capacity if capacity else 1.0, self.rates.packets / self.full if self.full else 0.0)
        return min(1.0, max(0.0, *shares))
