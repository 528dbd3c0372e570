"""Two questions of the LAN plane: was this carried frame here before (exact), is this one datagram seen on two cards.

``docs/protocol-lan.rst`` says why they are two: content alone would swallow an honest beacon that repeats itself.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection
from hashlib import blake2b
from ipaddress import IPv4Address

import attrs

from lanrage.core.lan_frames import LIMITED_BROADCAST, Frame, Udp

WINDOW = 1024
"""Sequence numbers remembered of one origin: WireGuard and UDP reorder by far less; 5 s at 200 frames a second."""

MAX_NONCES = 4
"""Starts of one member remembered: frames of the one before may still be on their way, more only a liar makes."""

REPEAT_SECONDS = 0.25
"""One send reaches all capturing cards within milliseconds; a game repeats itself later, or on the same card."""

MAX_DIGESTS = 4096
"""Digests in one generation: sixteen times a busy 250 ms of 1000 frames a second."""


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


@attrs.define
class CardLedger:
    """Recognises one datagram that is seen on a second card.

    A digest belongs to the card that showed it first, as long as that card shows it again within
    :data:`REPEAT_SECONDS`: there a repetition is honest, and on every other card it is a copy. Two generations
    bound the memory; forgetting early errs on the side of carrying.
    """

    _young: dict[bytes, tuple[int, float]] = attrs.field(factory=dict)
    _old: dict[bytes, tuple[int, float]] = attrs.field(factory=dict)
    _turned: float = 0.0

    def is_copy(self, digest: bytes, card: int, now: float) -> bool:
        """Note a datagram seen on a card, and tell whether it is the copy of one seen on another.

        :param digest: by :func:`datagram_digest`.
        :param card: interface index; any other number for the LAN card.
        :param now: seconds on a steady clock.
        """
        self._turn(now)
        owner = self._young.get(digest) or self._old.get(digest)
        if owner is not None and owner[0] != card and now - owner[1] < REPEAT_SECONDS:
            return True
        self._young[digest] = (card, now)
        return False

    def _turn(self, now: float) -> None:
        if now - self._turned >= REPEAT_SECONDS or len(self._young) >= MAX_DIGESTS:
            self._old, self._young, self._turned = self._young, {}, now

    def __len__(self) -> int:
        return len(self._young) + len(self._old)


def datagram_digest(frame: Frame) -> bytes:
    """What stays the same of a datagram on whatever card it is sent, in 8 bytes.

    Source port, kind of destination (a group, or broadcast in any form), destination port, payload. Different source
    ports are two datagrams. For IPX, all of the frame.
    """
    digest = blake2b(digest_size=8)
    content = frame.content
    if isinstance(content, Udp):
        target = content.destination if content.destination.is_multicast else LIMITED_BROADCAST
        ports = content.source_port << 16 | content.destination_port
        digest.update(target.packed + ports.to_bytes(4, "big"))
        digest.update(content.payload)
    else:
        digest.update(frame.destination_mac + content.body)
    return digest.digest()
