"""Messages about leases between bytes and :mod:`lanrage.core.leases` (``docs/protocol-lan.rst``).

They travel as messages of :attr:`lanrage.wire.frames.Kind.LEASE`. Numbers are big-endian, times microseconds::

    0      1           5
    +------+-----------+
    | word | epoch (4) | then by word
    +------+-----------+
    hello   nothing
    grant   show (1), beat (14), the frame
    renew   beats (14 each): lease (2), beat (4), period (4), age (4)
    cancel, have, lack
            leases (2 each)
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from enum import IntEnum

from lanrage.core.lan_frames import Drop
from lanrage.core.leases import (
    FRAME_LIMIT,
    LEASES_LIMIT,
    LONGEST_PERIOD,
    Beat,
    Cancel,
    Grant,
    Have,
    Hello,
    Lack,
    Message,
    Renew,
    fits,
)
from lanrage.errors import DecodeError
from lanrage.wire.packets import read_frame, write_frame

MICROSECONDS = 1_000_000
LONGEST_AGE = 4 * LONGEST_PERIOD
"""Seconds since a beat that a message may name: twice as long as an origin keeps a lease that it does not see."""


class Word(IntEnum):
    """What a message says."""

    HELLO = 1
    GRANT = 2
    RENEW = 3
    CANCEL = 4
    HAVE = 5
    LACK = 6


_LISTS: dict[Word, type[Cancel] | type[Have] | type[Lack]] = {
    Word.CANCEL: Cancel,
    Word.HAVE: Have,
    Word.LACK: Lack,
}
_HEAD = struct.Struct("!BI")
_BEAT = struct.Struct("!HIII")
_LEASE = struct.Struct("!H")
_SHOW = struct.Struct("!?")
GRANT_BYTES = _HEAD.size + _SHOW.size + _BEAT.size
"""Of a grant before its frame."""


def encode(message: Message) -> bytes:
    """The bytes of a message."""
    if isinstance(message, Hello):
        return _HEAD.pack(Word.HELLO, message.epoch)
    if isinstance(message, Grant):
        head = _HEAD.pack(Word.GRANT, message.epoch) + _SHOW.pack(message.show) + _beat_bytes(message.at)
        return head + write_frame(message.frame)
    if isinstance(message, Renew):
        return _HEAD.pack(Word.RENEW, message.epoch) + b"".join(map(_beat_bytes, message.beats))
    word = next(word for word, kind in _LISTS.items() if isinstance(message, kind))
    return _HEAD.pack(word, message.epoch) + b"".join(map(_LEASE.pack, message.leases))


def decode(data: bytes) -> Message:
    """Read a message.

    :raises DecodeError: for bytes that are none, or name what no lease can have.
    """
    if len(data) < _HEAD.size:
        raise DecodeError(f"{len(data)} bytes are too few for a message about leases")
    number, epoch = _HEAD.unpack_from(data)
    if number not in Word.__members__.values():
        raise DecodeError(f"unknown message {number} about leases")
    word, body = Word(number), data[_HEAD.size :]
    if word is Word.HELLO:
        if body:
            raise DecodeError("a greeting has no more than its epoch")
        return Hello(epoch)
    if word is Word.GRANT:
        return _read_grant(epoch, body)
    if word is Word.RENEW:
        return Renew(epoch, tuple(_read_beat(row) for row in _rows(body, _BEAT)))
    return _LISTS[word](epoch, tuple(lease for (lease,) in _rows(body, _LEASE)))


def _beat_bytes(at: Beat) -> bytes:
    return _BEAT.pack(at.lease, at.beat, round(at.period * MICROSECONDS), round(at.age * MICROSECONDS))


def _read_beat(row: tuple[int, ...]) -> Beat:
    lease, beat, period, age = row
    if not fits(period / MICROSECONDS) or age > LONGEST_AGE * MICROSECONDS:
        raise DecodeError("the period or age of a lease is out of range")
    return Beat(lease, beat, period / MICROSECONDS, age / MICROSECONDS)


def _read_grant(epoch: int, body: bytes) -> Grant:
    start = _SHOW.size + _BEAT.size
    if not start < len(body) <= start + FRAME_LIMIT or body[0] > 1:
        raise DecodeError("a grant of a wrong length")
    frame = read_frame(body[start:])
    if isinstance(frame, Drop) or write_frame(frame) != body[start:]:
        raise DecodeError("the frame of a grant is none that may travel")
    return Grant(epoch, _read_beat(_BEAT.unpack_from(body, _SHOW.size)), bool(body[0]), frame)


def _rows(body: bytes, row: struct.Struct) -> Iterator[tuple[int, ...]]:
    if not body or len(body) % row.size or len(body) > LEASES_LIMIT * row.size:
        raise DecodeError(f"{len(body)} bytes of rows are none, too many or cut")
    return row.iter_unpack(body)
