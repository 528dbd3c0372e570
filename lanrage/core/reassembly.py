"""Joins the parts of carried frames, with bounds on count, bytes and age for each origin."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection
from ipaddress import IPv4Address

import attrs

MAX_PENDING = 32
"""Unfinished frames of one origin: 160 ms of parts at 200 frames a second."""

MAX_PENDING_BYTES = 64 * 1024
"""Bytes of unfinished frames of one origin, seven of the largest; 64 members make 4 MiB at worst."""

MAX_AGE = 2.0
"""Seconds that a frame waits for its missing parts: longer than any reordering on a playable path."""


@attrs.define
class _Pending:
    parts: dict[int, bytes]
    total: int
    born: float

    def size(self) -> int:
        """Bytes held."""
        return sum(len(body) for body in self.parts.values())


@attrs.define
class Reassembly:
    """Unfinished frames, by origin, then by (boot nonce, sequence).

    :param max_frame: bytes of the largest frame that may come out.
    """

    max_frame: int
    lost: int = 0
    """Frames given up: contradictory, too large, too old, or pushed out by newer ones."""

    _pending: dict[IPv4Address, OrderedDict[tuple[int, int], _Pending]] = attrs.field(factory=dict)

    def add(
        self, origin: IPv4Address, key: tuple[int, int], part: int, total: int, body: bytes, now: float
    ) -> bytes | None:
        """Take one part of a frame.

        :param key: boot nonce and sequence number.
        :param part: number of the part, below `total`.
        :param now: seconds on a steady clock.
        :return: the whole frame when this was its last missing part.
        """
        if total == 1:
            return body
        frames = self._pending.setdefault(origin, OrderedDict())
        self._expire(frames, now)
        pending = frames.setdefault(key, _Pending({}, total, now))
        if pending.total != total or pending.parts.get(part, body) != body:
            self._give_up(frames, key)
            return None
        pending.parts[part] = body
        if pending.size() > self.max_frame:
            self._give_up(frames, key)
            return None
        if len(pending.parts) == total:
            del frames[key]
            return b"".join(pending.parts[number] for number in range(total))
        self._bound(frames)
        return None

    def keep_only(self, origins: Collection[IPv4Address]) -> None:
        """Forget all other origins."""
        for origin in self._pending.keys() - set(origins):
            del self._pending[origin]

    def pending_bytes(self, origin: IPv4Address) -> int:
        """Bytes held for one origin."""
        return sum(pending.size() for pending in self._pending.get(origin, {}).values())

    def _expire(self, frames: OrderedDict[tuple[int, int], _Pending], now: float) -> None:
        while frames and now - next(iter(frames.values())).born > MAX_AGE:
            self._give_up(frames, next(iter(frames)))

    def _bound(self, frames: OrderedDict[tuple[int, int], _Pending]) -> None:
        while len(frames) > MAX_PENDING or sum(each.size() for each in frames.values()) > MAX_PENDING_BYTES:
            self._give_up(frames, next(iter(frames)))

    def _give_up(self, frames: OrderedDict[tuple[int, int], _Pending], key: tuple[int, int]) -> None:
        del frames[key]
        self.lost += 1
