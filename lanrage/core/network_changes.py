"""What happens to this machine's network, gathered into few looks; and how long the machine slept."""

from __future__ import annotations

import enum

import attrs

SETTLE = 0.03
"""Seconds after an event in which more are awaited: taking up an address brings a handful within milliseconds."""
LONGEST = 0.25
"""Seconds after which a look is due although events keep coming."""
SLEPT = 1.0
"""Seconds of sleep from which on it counts: a NAT may have forgotten us, a game's peers have not."""


class Happening(enum.StrEnum):
    """What the kernel tells of the network (rtnetlink(7))."""

    ADDRESS = "address"
    """An address came or went."""
    ROUTE = "route"
    """A default route came or went."""
    LINK = "link"
    """A card came, went, or got or lost its carrier."""
    MISSED = "missed"
    """More happened than could be told."""


@attrs.define
class ChangeGate:
    """Bundles what happens into looks.

    A new address is seen by comparing; another router, or a cable pulled and put back, leaves the addresses as they are
    and changes the way all the same.
    """

    _first: float | None = None
    _due: float | None = None
    _ways: bool = False

    def heard(self, happening: Happening, now: float) -> None:
        """Something happened."""
        if self._first is None:
            self._first = now
        self._due = min(now + SETTLE, self._first + LONGEST)
        self._ways |= happening is not Happening.ADDRESS

    def deadline(self) -> float | None:
        """When the look is due; ``None`` while nothing happened."""
        return self._due

    def take(self) -> bool:
        """The look is made now; returns whether the ways may differ although the addresses are the same."""
        ways, self._ways = self._ways, False
        self._first = self._due = None
        return ways


@attrs.define
class SleepMeter:
    """Tells sleep by the lead of the clock that counts it (CLOCK_BOOTTIME) over the one that does not (clock(7))."""

    _lead: float | None = None

    def look(self, boot: float, awake: float) -> float:
        """Seconds slept since the look before; 0.0 for less than :data:`SLEPT`.

        :param boot: seconds by CLOCK_BOOTTIME.
        :param awake: seconds by CLOCK_MONOTONIC at the same moment.
        """
        lead = boot - awake
        before, self._lead = self._lead, lead
        if before is None or lead - before < SLEPT:
            return 0.0
        return lead - before
