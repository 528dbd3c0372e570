"""Was this carried frame here before? Exact, by origin, boot nonce and sequence number (``docs/protocol-lan.rst``).

Content does not matter here: it would swallow an honest beacon that repeats itself. Whether one datagram is seen on two
cards is another question (:mod:`lanrage.core.broadcast_dedup`).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection
from ipaddress import IPv4Address

import attrs

WINDOW = 1024
"""Sequence numbers remembered of one origin: WireGuard and UDP reorder by far less; 5 s at 200 frames a second."""

MAX_NONCES = 4
"""Starts of one member remembered: frames of the one before may still be on their way, more only a liar makes."""


@attrs.define
class SequenceWindow:
    """Which of the last :data:`WINDOW` sequence numbers were accepted; older ones count as accepted."""

    highest: int = -1
    _bits: int = 0

    def seen(self, sequence: int) -> bool:
        """Whether this number was accepted before, or is too old to know."""
        behind = self.highest - sequence
        return behind >= 0 and (behind >= WINDOW or bool(self._bits >> behind & 1))

    def accept(self, sequence: int) -> None:
        """Remember a number."""
        behind = self.highest - sequence
        if behind < 0:
            self._bits = self._bits << -behind & (1 << WINDOW) - 1 if -behind < WINDOW else 0
            self.highest, behind = sequence, 0
        if behind < WINDOW:
            self._bits |= 1 << behind


@attrs.define
class FrameLedger:
    """Which carried frames were injected: one window per origin and boot nonce."""

    _windows: dict[IPv4Address, OrderedDict[int, SequenceWindow]] = attrs.field(factory=dict)

    def seen(self, origin: IPv4Address, nonce: int, sequence: int) -> bool:
        """Whether this frame was accepted before."""
        starts = self._windows.get(origin)
        window = None if starts is None else starts.get(nonce)
        return window is not None and window.seen(sequence)

    def accept(self, origin: IPv4Address, nonce: int, sequence: int) -> None:
        """Remember this frame."""
        starts = self._windows.setdefault(origin, OrderedDict())
        starts.setdefault(nonce, SequenceWindow()).accept(sequence)
        starts.move_to_end(nonce)
        if len(starts) > MAX_NONCES:
            starts.popitem(last=False)

    def keep_only(self, origins: Collection[IPv4Address]) -> None:
        """Forget all other origins."""
        for origin in self._windows.keys() - set(origins):
            del self._windows[origin]
