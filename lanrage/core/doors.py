"""Where to knock at a member that no path reaches, and when, while no server helps (``docs/protocol-probe.rst``)."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from lanrage.core.links import Endpoint
from lanrage.core.path import Path

REMEMBERED = 8
"""Addresses of a member that are kept for the next start."""
HEARD = 4
"""Addresses from which a member's packets came, while its session was not known."""
KNOCK_GAPS = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
"""Seconds between offers to a member that no path reaches; a NAT's mapping outlives the last one, which goes on for ten
minutes, so that two who both wait for each other meet."""
PATIENCE, LATE_GAP = 44, 60.0
"""After so many offers in vain the member is away rather than lost: so many seconds between them from then on."""


@attrs.define
class Doors:
    """A member's doors.

    :param remembered: addresses that worked in an earlier life, the best first.
    """

    remembered: tuple[Endpoint, ...] = ()
    _heard: dict[Endpoint, None] = attrs.field(init=False, factory=dict)
    _unsure: Endpoint | None = attrs.field(init=False, default=None)
    _tries: int = attrs.field(init=False, default=0)

    def heard(self, source: Endpoint, *, sure: bool = True) -> None:
        """A verified packet of the member came from there.

        :param sure: it was of the member's present life; there is one place for all that may be copies.
        """
        if not sure:
            self._unsure = source
            return
        self._heard.pop(source, None)
        self._heard[source] = None
        if len(self._heard) > HEARD:
            del self._heard[next(iter(self._heard))]

    def all(self, paths: Iterable[Path]) -> tuple[Endpoint, ...]:
        """Every address worth a knock: the member's last packets, relay ports of ours, what worked before."""
        doors = [*reversed(self._heard), *([self._unsure] if self._unsure is not None else [])]
        relays = [path.endpoint for path in paths if path.relayed]
        worked = [path.endpoint for path in paths if path.rtt is not None]
        return tuple(dict.fromkeys([*doors, *relays, *worked[:REMEMBERED], *self.remembered]))

    def gap(self) -> float:
        """Seconds until the next offer, longer each time."""
        self._tries += 1
        return LATE_GAP if self._tries > PATIENCE else KNOCK_GAPS[min(self._tries, len(KNOCK_GAPS)) - 1]

    def reached(self) -> None:
        """A path is open: the next search begins anew."""
        self._tries = 0


def to_remember(paths: Iterable[Path], before: Iterable[Endpoint]) -> tuple[Endpoint, ...]:
    """The addresses of a member to keep for the next start: open ones by quality, other known ones, those kept before.

    :param before: what is kept now.
    """
    direct = [path for path in paths if not path.relayed]
    ranked = sorted((p for p in direct if p.proven), key=lambda path: path.order) + [p for p in direct if not p.proven]
    return tuple(dict.fromkeys([*(path.endpoint for path in ranked), *before]))[:REMEMBERED]
