"""Joins the IP fragments of one datagram that this machine sent, with bounds (RFC 791, 3.2; RFC 815; RFC 5722).

A game's datagram that is larger than a card's MTU leaves in fragments. Only whole datagrams can be judged.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable

import attrs

from lanrage.core.lan_frames import Drop

UNIT = 8
"""Offsets count in eight bytes; every fragment but the last is a multiple of it."""

MAX_PENDING = 16
"""Datagrams that wait for fragments: the kernel sends the fragments of one behind each other."""

MAX_PENDING_BYTES = 64 * 1024
"""Of all datagrams that wait."""

MAX_FRAGMENTS = 64
"""Of one datagram: seven at the least MTU that IPv6 knows, more for odd cards."""

MAX_AGE = 1.0
"""Seconds that a datagram waits: its fragments are sent in one go."""


@attrs.frozen
class Fragment:
    """A piece of the payload of an IP packet.

    :param head: what the fragments of one datagram have in common besides `key`: what to build it of.
    :param key: which datagram it belongs to: addresses, identification.
    :param offset: in bytes.
    :param more: others follow behind it.
    :param body: not empty.
    """

    head: bytes
    key: Hashable
    offset: int
    more: bool
    body: bytes

    @property
    def end(self) -> int:
        """The offset behind it."""
        return self.offset + len(self.body)


@attrs.define
class _Datagram:
    born: float
    pieces: dict[int, Fragment] = attrs.field(factory=dict)
    total: int | None = None
    refused: bool = False
    """Nothing of it is taken any more; it stays known, so that it is counted once."""

    def size(self) -> int:
        """Bytes held."""
        return sum(len(piece.body) for piece in self.pieces.values())

    def refuse(self) -> None:
        """Hold nothing of it any more."""
        self.refused, self.pieces = True, {}

    def is_whole(self) -> bool:
        """All is there: pieces never overlap, so their sum tells."""
        return self.total is not None and self.size() == self.total

    def contradicts(self, new: Fragment) -> bool:
        """Whether a fragment overlaps what is there, or gives the datagram another end."""
        if not new.more and self.total not in (None, new.end):
            return True
        total = self.total if new.more else new.end
        furthest = max((piece.end for piece in self.pieces.values()), default=0)
        if total is not None and max(furthest, new.end) > total:
            return True
        return any(new.offset < piece.end and piece.offset < new.end for piece in self.pieces.values())

    def joined(self) -> tuple[bytes, bytes]:
        """The first fragment's head, and the payload."""
        ordered = [self.pieces[offset] for offset in sorted(self.pieces)]
        return ordered[0].head, b"".join(piece.body for piece in ordered)


@attrs.define
class IpFragments:
    """Datagrams whose fragments are not all there.

    :param largest: bytes of the largest payload that may come out.
    :ivar lost: datagrams given up: fragments that did not come, or too many that wait.
    """

    largest: int
    lost: int = 0
    _waiting: OrderedDict[Hashable, _Datagram] = attrs.field(factory=OrderedDict)

    def add(self, fragment: Fragment, now: float) -> tuple[bytes, bytes] | Drop | None:
        """Take a fragment.

        :param now: seconds on a steady clock.
        :return: head and payload of the datagram that it completes; ``None`` where others are missing, or the datagram
            was refused before; or why it is refused now.
        """
        self._expire(now)
        datagram = self._waiting.setdefault(fragment.key, _Datagram(now))
        result = self._take(fragment, datagram)
        self._bound()
        return result

    def _take(self, fragment: Fragment, datagram: _Datagram) -> tuple[bytes, bytes] | Drop | None:
        if datagram.refused or datagram.pieces.get(fragment.offset) == fragment:
            return None  # an exact repetition is no overlap (RFC 8200, 4.5)
        refusal = self._judge(fragment, datagram)
        if refusal is not None:
            datagram.refuse()
            return refusal
        datagram.pieces[fragment.offset] = fragment
        if not fragment.more:
            datagram.total = fragment.end
        if datagram.is_whole():
            del self._waiting[fragment.key]
            return datagram.joined()
        return None

    def waiting_bytes(self) -> int:
        """Bytes held."""
        return sum(datagram.size() for datagram in self._waiting.values())

    def __len__(self) -> int:
        return len(self._waiting)

    def _judge(self, fragment: Fragment, datagram: _Datagram) -> Drop | None:
        if fragment.end > self.largest:
            return Drop.TOO_LONG
        if fragment.more and len(fragment.body) % UNIT:
            return Drop.MALFORMED
        if datagram.contradicts(fragment) or len(datagram.pieces) >= MAX_FRAGMENTS:
            return Drop.IP_FRAGMENT
        return None

    def _expire(self, now: float) -> None:
        while self._waiting and now - next(iter(self._waiting.values())).born > MAX_AGE:
            self._give_up()

    def _bound(self) -> None:
        while len(self._waiting) > MAX_PENDING or self.waiting_bytes() > MAX_PENDING_BYTES:
            self._give_up()

    def _give_up(self) -> None:
        _, datagram = self._waiting.popitem(last=False)
        self.lost += not datagram.refused
