"""The messages by which members tell what they hear (``docs/protocol-interest.rst``).

Numbers are big-endian; a set is its count, then the distance of each member from the one before, smallest first, in
7-bit groups (LEB128), then the groups in the same way as numbers of 28 bits below 224.0.0.0::

    1 all      | epoch (4) | revision (4) | 0 ports groups, or 1 for everything
    2 changed  | epoch (4) | revision (4) | opened ports, groups | closed ports, groups
    3 held     | epoch (4) | revision (4) | digest (4)
    4 ask
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from ipaddress import IPv4Address

from lanrage.core.interest import DIGEST_BYTES, EVERYTHING, MAX_GROUPS, MAX_PORTS, Interest
from lanrage.core.interest_talk import Ask, Changed, Held, Message, Told
from lanrage.errors import DecodeError

TOLD, CHANGED, HELD, ASK = 1, 2, 3, 4
_HEAD = struct.Struct("!BII")
FIRST_GROUP = 0xE0000000
GROUPS = 1 << 28
PORTS = 1 << 16
LONGEST_NUMBER = 4
"""Bytes of the largest distance, 28 bits."""


def encode_interest(message: Message) -> bytes:
    """The bytes of a message; at most :data:`~lanrage.wire.packets.MAX_FRAME_BYTES` where the sets are in bounds."""
    if isinstance(message, Ask):
        return bytes([ASK])
    if isinstance(message, Told):
        head = _HEAD.pack(TOLD, message.epoch, message.revision)
        return head + (b"\x01" if message.interest.everything else b"\x00" + _sets(message.interest))
    if isinstance(message, Changed):
        head = _HEAD.pack(CHANGED, message.epoch, message.revision)
        return head + _sets(message.opened) + _sets(message.closed)
    return _HEAD.pack(HELD, message.epoch, message.revision) + message.digest


def decode_interest(data: bytes) -> Message:
    """Read a message.

    :raises DecodeError: for bytes that are none.
    """
    if data == bytes([ASK]):
        return Ask()
    if len(data) <= _HEAD.size:
        raise DecodeError("too short for a message about interest")
    kind, epoch, revision = _HEAD.unpack_from(data)
    reader = _Reader(data, _HEAD.size)
    if kind == TOLD:
        message: Message = Told(epoch, revision, _read_all(reader))
    elif kind == CHANGED:
        message = Changed(epoch, revision, reader.sets(), reader.sets())
    elif kind == HELD:
        message = Held(epoch, revision, reader.take(DIGEST_BYTES))
    else:
        raise DecodeError(f"message about interest of unknown kind {kind}")
    if reader.place != len(data):
        raise DecodeError("a message about interest has more bytes than it says")
    return message


def _read_all(reader: _Reader) -> Interest:
    everything = reader.take(1)[0]
    if everything > 1:
        raise DecodeError("a flag is neither 0 nor 1")
    return EVERYTHING if everything else reader.sets()


def _sets(interest: Interest) -> bytes:
    groups = (int(group) - FIRST_GROUP for group in interest.groups)
    return _set(interest.ports) + _set(groups)


def _set(numbers: Iterable[int]) -> bytes:
    ordered = sorted(numbers)
    last = 0
    parts = [_number(len(ordered))]
    for number in ordered:
        parts.append(_number(number - last))
        last = number
    return b"".join(parts)


def _number(value: int) -> bytes:
    made = bytearray()
    while value > 0x7F:
        made.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(made) + bytes([value])


class _Reader:
    """Reads forward through a message."""

    def __init__(self, data: bytes, place: int) -> None:
        self._data = data
        self.place = place

    def take(self, count: int) -> bytes:
        """The next bytes."""
        taken = self._data[self.place : self.place + count]
        if len(taken) != count:
            raise DecodeError("a message about interest ends early")
        self.place += count
        return taken

    def sets(self) -> Interest:
        """Ports and groups."""
        ports = self._set(MAX_PORTS, PORTS)
        groups = self._set(MAX_GROUPS, GROUPS)
        return Interest(frozenset(ports), frozenset(IPv4Address(FIRST_GROUP + number) for number in groups))

    def _set(self, most: int, limit: int) -> list[int]:
        count = self._number()
        if count > most:
            raise DecodeError(f"{count} in a set are more than {most}")
        found: list[int] = []
        for _ in range(count):
            distance = self._number()
            if found and not distance:
                raise DecodeError("a set names a number twice")
            found.append(distance + (found[-1] if found else 0))
        if found and found[-1] >= limit:
            raise DecodeError(f"{found[-1]} in a set is not below {limit}")
        return found

    def _number(self) -> int:
        value = 0
        for turn in range(LONGEST_NUMBER):
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << 7 * turn
            if byte < 0x80:
                if turn and not byte:
                    raise DecodeError("a number is longer than it need be")
                return value
        raise DecodeError("a number is too long")
