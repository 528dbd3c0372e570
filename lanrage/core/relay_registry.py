"""What a control server knows of its relays: which ones it names to nodes, and when it must tell nodes anew.

Relays that the server's operator names are offered without a word of theirs. One that reports is known by its address
and ports; while it is silent it is not offered. Pure: `now` is an argument.
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

import attrs

from lanrage.core.relay_report import REPORT_INTERVAL, RelayReport
from lanrage.core.relay_revocations import REVOCATIONS_LIMIT, Revocation

SILENT_AFTER = 3 * REPORT_INTERVAL + 1.0
"""Seconds without a report after which a relay that reports is not offered: two reports may be lost."""
OFFERED_LIMIT = 32
"""Relays named to nodes: as many as the message holds."""
RELAY_ID_PATTERN = r"^[0-9a-f]{0,16}\Z"
"""A relay's name; empty for one of a server that gives none."""
LOAD_STEP = 0.2
"""Change of load that nodes are told of; less is no reason to choose again."""
OVERLOADED = 0.8
"""Load from which on a relay is left to pairs that have no other."""
FORGET_AFTER = 600.0
"""Seconds without a report after which a relay that nobody named is forgotten altogether."""


class Place(NamedTuple):
    """Where a relay is: host (empty = the control server's own) and UDP ports."""

    host: str
    first: int
    last: int


@attrs.frozen
class RelayEntry:
    """A relay as nodes are told of it.

    :param relay_id: 16 hexadecimal digits, the same for all nodes.
    """

    relay_id: str
    place: Place
    region: str = ""
    load: float = 0.0
    draining: bool = False

    def differs(self, other: RelayEntry) -> bool:
        """Whether nodes would choose otherwise."""
        same = (self.relay_id, self.place, self.region, self.draining)
        if same != (other.relay_id, other.place, other.region, other.draining):
            return True
        overloaded = (self.load >= OVERLOADED) != (other.load >= OVERLOADED)
        return overloaded or abs(self.load - other.load) >= LOAD_STEP


@attrs.frozen
class _Heard:
    """The last report of a relay, and when it came."""

    report: RelayReport
    at: float


def relay_id(place: Place) -> str:
    """The name of a relay between nodes: of its address and ports, 16 hexadecimal digits."""
    text = f"{place.host} {place.first} {place.last}".encode()
    return hashlib.blake2s(text, digest_size=8, person=b"lrrelay").hexdigest()


@attrs.define
class RelayRegistry:
    """The relays of one control server.

    :param named: those that the operator named.
    """

    named: tuple[Place, ...] = ()
    _heard: dict[Place, _Heard] = attrs.field(init=False, factory=dict)
    _told: tuple[RelayEntry, ...] = attrs.field(init=False)

    @_told.default
    def _told_at_first(self) -> tuple[RelayEntry, ...]:
        return tuple(map(self._entry, self.named[:OFFERED_LIMIT]))

    def report(self, report: RelayReport, now: float) -> None:
        """A relay that may report did; the reporter's host is filled in."""
        place = Place(report.host, report.first, report.last)
        if place not in self._heard and len(self._heard) >= 2 * OFFERED_LIMIT:
            del self._heard[min(self._heard, key=lambda each: self._heard[each].at)]
        self._heard[place] = _Heard(report, now)

    def offered(self, now: float) -> tuple[RelayEntry, ...]:
        """Those to name to nodes, the operator's first."""
        self._forget(now)
        places = dict.fromkeys([*self.named, *self._heard])
        found = [self._entry(place) for place in places if self.state(place, now) not in ("silent", "ill")]
        return tuple(found[:OFFERED_LIMIT])

    def news(self, now: float) -> tuple[RelayEntry, ...] | None:
        """What all nodes are to be told now; ``None`` while nothing of weight has changed."""
        offered, before = self.offered(now), self._told
        if len(before) == len(offered) and not any(a.differs(b) for a, b in zip(before, offered, strict=True)):
            return None
        self._told = offered
        return offered

    def state(self, place: Place, now: float) -> str:
        """``unreported``, ``up``, ``draining``, ``ill`` or ``silent``."""
        heard = self._heard.get(place)
        if heard is None:
            return "unreported"
        if now - heard.at > SILENT_AFTER:
            return "silent"
        if heard.report.draining:
            return "draining"
        return "ill" if heard.report.trouble and not self._alone(place, now) else "up"

    def facts(self, now: float) -> list[dict[str, object]]:
        """All relays with their last reports, for the operator."""
        rows: list[dict[str, object]] = []
        for place in dict.fromkeys([*self.named, *self._heard]):
            heard = self._heard.get(place)
            name = f"{place.host}:{place.first}-{place.last}"
            row: dict[str, object] = {"relay": name, "state": self.state(place, now)}
            if heard is not None:
                row |= attrs.asdict(heard.report) | {"age_s": round(now - heard.at, 1)}
            rows.append(row)
        return rows

    def _alone(self, place: Place, now: float) -> bool:
        """Whether no other relay that is well was heard or named: an ill one is better than none."""
        others = [each for each in dict.fromkeys([*self.named, *self._heard]) if each != place]
        return not any(self._well(each, now) for each in others)

    def _well(self, place: Place, now: float) -> bool:
        heard = self._heard.get(place)
        if heard is None:
            return True
        return now - heard.at <= SILENT_AFTER and not heard.report.draining and not heard.report.trouble

    def _entry(self, place: Place) -> RelayEntry:
        heard = self._heard.get(place)
        if heard is None:
            return RelayEntry(relay_id(place), place)
        report = heard.report
        return RelayEntry(relay_id(place), place, report.region, round(report.load, 2), report.draining)

    def _forget(self, now: float) -> None:
        old = [p for p, heard in self._heard.items() if now - heard.at > FORGET_AFTER and p not in self.named]
        for place in old:
            del self._heard[place]


@attrs.define
class RevocationLog:
    """The revocations of the last hour, numbered, for relays that were not there when they were made."""

    limit: int = REVOCATIONS_LIMIT
    number: int = 0
    _rows: dict[int, Revocation] = attrs.field(init=False, factory=dict)

    def add(self, revocation: Revocation) -> None:
        """One more."""
        self.number += 1
        self._rows[self.number] = revocation
        if len(self._rows) > self.limit:
            del self._rows[next(iter(self._rows))]

    def since(self, number: int, wall: float, most: int) -> tuple[int, tuple[Revocation, ...]]:
        """Those after a number that still count, at most so many, and the number to ask from next."""
        self._rows = {key: row for key, row in self._rows.items() if row.until > wall}
        later = [(key, row) for key, row in self._rows.items() if key > number][:most]
        return (later[-1][0] if len(later) == most else self.number), tuple(row for _, row in later)
