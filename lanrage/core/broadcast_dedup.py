"""Is this one datagram seen on two cards? By content, and never at the cost of an honest repetition.

A game that sends on all cards, or a bridge and its port, shows one datagram to several captures. Whether a carried
frame was here before is another question (:mod:`lanrage.core.dedup`); ``docs/protocol-lan.rst`` says why they are two.
"""

from __future__ import annotations

import attrs

WINDOW_SECONDS = 5.0
"""How long a datagram is remembered; the setting ``lan.dedup_window``."""

TOGETHER_SECONDS = 0.25
"""One send reaches all capturing cards within milliseconds. A card that shows the datagram again after more than this,
while the first card showed nothing, is not its echo any more."""

MAX_DIGESTS = 16_384
"""Digests in one generation: 3,000 different datagrams a second for a window of 5 s, at about 200 bytes each."""

AUDIT_EVERY = 64
"""Of so many new datagrams one is kept whole, so that the rate of false positives is measured, not believed."""

IPV4, IPV6 = b"\x08\x00", b"\x86\xdd"
ALL = b"\xff" * 4
"""Stands for every form of a broadcast's destination."""


def datagram_content(frame: bytes) -> bytes:
    """What stays the same of a datagram on whatever card it is sent.

    Kind of destination (a group, or broadcast in any form), ports, payload. Its source is this machine in any case;
    different source ports are two datagrams. Of what is not UDP, all but the source MAC.

    :param frame: in the form that travels (:func:`lanrage.core.frame_rules.canonical`), as bytes.
    """
    kind = frame[12:14]
    if kind == IPV4:
        return (ALL if frame[0] == 0xFF else frame[30:34]) + frame[34:38] + frame[42:]
    if kind == IPV6:
        return frame[38:58] + frame[62:]
    return frame[:6] + frame[12:]


@attrs.define
class BroadcastDeduplicator:
    """Recognises one datagram that is seen on a second card.

    A datagram belongs to the card that showed it first. There a repetition is honest; on every other card it is a
    copy, until :attr:`window` has passed, or until another card shows it on while the first one is silent: a game may
    move to another card. Two generations bound the memory; forgetting early errs on the side of carrying.

    Digests are Python's own of bytes: SipHash-1-3 with a key drawn at the process's start (PEP 456), 64 bits on 64-bit
    machines. Two of a million different datagrams share one with a probability of 3 in 100 million.

    :param window: seconds.
    :ivar audited: decisions "copy" that were compared byte by byte.
    :ivar false_positives: of those, how many were none (and were carried).
    """

    window: float = WINDOW_SECONDS
    audited: int = 0
    false_positives: int = 0
    _young: dict[int, tuple[int, float, float | None]] = attrs.field(factory=dict)
    """By digest: the card, when it showed the datagram last, when another card showed it first after that."""
    _old: dict[int, tuple[int, float, float | None]] = attrs.field(factory=dict)
    _turns: float = 0.0
    """When the generations change next."""
    _kept: dict[int, bytes] = attrs.field(factory=dict)
    """Whole datagrams by digest, of every :data:`AUDIT_EVERY`-th new one."""
    _fresh: int = 0

    def is_copy(self, frame: bytes, card: int, now: float) -> bool:
        """Note a datagram seen on a card, and tell whether it is the copy of one seen on another.

        :param frame: in the form that travels.
        :param card: interface index; any other number for the LAN card.
        :param now: seconds on a steady clock.
        """
        content = datagram_content(frame)
        key = hash(content)
        young = self._young
        if now >= self._turns or len(young) >= MAX_DIGESTS:
            young = self._turn(now)
        entry = young.get(key) or self._old.get(key)
        if entry is None:
            young[key] = (card, now, None)
            self._fresh += 1
            if not self._fresh % AUDIT_EVERY:
                self._kept[key] = content
            return False
        owner, shown, followed = entry
        if owner == card or now - shown >= self.window or self._moved(followed, now) or self._differs(key, content):
            young[key] = (card, now, None)
            return False
        young[key] = (owner, shown, now if followed is None else followed)
        return True

    def forget_card(self, card: int) -> None:
        """A card went away: what it showed may come from another one now."""
        for generation in (self._young, self._old):
            for key in [key for key, entry in generation.items() if entry[0] == card]:
                del generation[key]

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    @staticmethod
    def _moved(followed: float | None, now: float) -> bool:
        """Whether another card shows the datagram a second time while its own one is silent."""
        return followed is not None and now - followed >= TOGETHER_SECONDS

    def _turn(self, now: float) -> dict[int, tuple[int, float, float | None]]:
        self._old, self._young, self._turns = self._young, {}, now + self.window
        for key in [key for key in self._kept if key not in self._old]:
            del self._kept[key]
        return self._young

    def _differs(self, key: int, content: bytes) -> bool:
        kept = self._kept.get(key)
        if kept is None:
            return False
        self.audited += 1
        if kept == content:
            return False
        self.false_positives += 1
        return True
