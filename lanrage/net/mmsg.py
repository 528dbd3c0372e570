"""Many datagrams in one system call: recvmmsg(2) and sendmmsg(2), which Python's socket module lacks.

The kernel writes into memory that is laid out once, and that we read and write by views of whole numbers: no object is
made for a packet that is only passed on.
"""

from __future__ import annotations

import ctypes
import errno
import socket
import struct
from typing import NamedTuple

ADDRESS_BYTES = 16
"""``struct sockaddr_in`` (ip(7)): family, port, address, eight of padding."""
KEY = slice(2, 8)
"""Of such an address: port and address in network order."""
_libc = ctypes.CDLL(None, use_errno=True)


class _Iovec(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


class _Header(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_length", ctypes.c_uint32),
        ("iovec", ctypes.c_void_p),
        ("iovec_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    )


class _Message(ctypes.Structure):
    _fields_ = (("header", _Header), ("length", ctypes.c_uint32))


_STEP = ctypes.sizeof(_Message) // 4
_LENGTH = _Message.length.offset // 4
_NAME_STEP = ctypes.sizeof(_Message) // ctypes.sizeof(ctypes.c_size_t)


class Received(NamedTuple):
    """One call's datagrams.

    :param addresses: :data:`ADDRESS_BYTES` for each.
    :param lengths: bytes of each as it was sent; of one that is longer than the room there is but the beginning.
    """

    addresses: bytes
    lengths: list[int]


class _Batch:
    def __init__(self, size: int) -> None:
        self.size = size
        self._iovecs = (_Iovec * size)()
        self._messages = (_Message * size)()
        for number, message in enumerate(self._messages):
            message.header.iovec = ctypes.addressof(self._iovecs) + number * ctypes.sizeof(_Iovec)
            message.header.iovec_count = 1
            message.header.name_length = ADDRESS_BYTES
        self._words = memoryview(self._messages).cast("B").cast("I")


class Receiver(_Batch):
    """Takes up to `size` datagrams of at most `room` bytes at once."""

    def __init__(self, size: int = 64, room: int = 2048) -> None:
        super().__init__(size)
        self.room = room
        self._names = ctypes.create_string_buffer(size * ADDRESS_BYTES)
        self._data = ctypes.create_string_buffer(size * room)
        self.start = ctypes.addressof(self._data)
        self.view = memoryview(self._data).cast("B")
        self.firsts = self.view.cast("I")[:: room // 4]
        for number, iovec in enumerate(self._iovecs):
            iovec.base = self.start + number * room
            iovec.length = room
            self._messages[number].header.name = ctypes.addressof(self._names) + number * ADDRESS_BYTES

    def receive(self, descriptor: int) -> Received | None:
        """What waits on a socket that does not block; ``None`` when nothing does.

        The data of datagram `i` begins at :attr:`start` + `i` * :attr:`room`, until the next call.
        """
        count = _libc.recvmmsg(descriptor, self._messages, self.size, socket.MSG_DONTWAIT | socket.MSG_TRUNC, None)
        if count <= 0:
            return None
        lengths = self._words[_LENGTH::_STEP][:count].tolist()
        return Received(self._names.raw[: count * ADDRESS_BYTES], lengths)

    def data(self, number: int, length: int) -> bytes:
        """A copy of one datagram."""
        begin = number * self.room
        return bytes(self.view[begin : begin + length])


class Sender(_Batch):
    """Sends up to `size` datagrams at once, from wherever they lie in memory."""

    def __init__(self, size: int = 64) -> None:
        super().__init__(size)
        self._names = memoryview(self._messages).cast("B").cast("P")
        self._pieces = memoryview(self._iovecs).cast("B").cast("P")
        self.count = 0

    def add(self, data: int, length: int, address: int) -> int:
        """One more; there must be room for it; returns how many there are.

        :param data: where its bytes lie.
        :param address: where its ``sockaddr_in`` lies.
        """
        number = self.count
        self._names[number * _NAME_STEP] = address
        self._pieces[2 * number] = data
        self._pieces[2 * number + 1] = length
        self.count = number = number + 1
        return number

    def flush(self, descriptor: int) -> int:
        """Send all; returns how many the kernel did not take."""
        sent, count, self.count = 0, self.count, 0
        refused = 0
        step = ctypes.sizeof(_Message)
        while sent < count:
            begin = ctypes.byref(self._messages, sent * step)
            done = _libc.sendmmsg(descriptor, begin, count - sent, socket.MSG_DONTWAIT)
            if done > 0:
                sent += done
                continue
            if ctypes.get_errno() in (errno.EAGAIN, errno.ENOBUFS):
                return refused + count - sent
            refused += 1  # this one alone (unreachable, forbidden): the others go on
            sent += 1
        return refused


class Address:
    """An IPv4 address and port where the kernel finds it.

    :ivar place: where it lies, while this object lives.
    """

    def __init__(self, host: str, port: int) -> None:
        self._raw = ctypes.create_string_buffer(pack_address(host, port), ADDRESS_BYTES)
        self.place = ctypes.addressof(self._raw)


class Slab:
    """Room for packets that wait, taken once.

    :param size: how many.
    :param room: bytes of each.
    """

    def __init__(self, size: int, room: int) -> None:
        self._raw = ctypes.create_string_buffer(size * room)
        start = ctypes.addressof(self._raw)
        self._free = [start + number * room for number in range(size)]

    def keep(self, data: int, length: int) -> int:
        """Copy a packet; returns where it lies until :meth:`release`. There must be room.

        :param data: where its bytes lie now.
        """
        place = self._free.pop()
        ctypes.memmove(place, data, length)
        return place

    def release(self, place: int) -> None:
        """The packet is not needed any more."""
        self._free.append(place)


def pack_address(host: str, port: int) -> bytes:
    """``struct sockaddr_in``.

    :raises OSError: for a host that is no IPv4 address.
    """
    return struct.pack("=H", socket.AF_INET) + struct.pack("!H", port) + socket.inet_aton(host) + bytes(8)


def unpack_key(key: bytes) -> tuple[str, int]:
    """Host and port of an address's :data:`KEY`."""
    return socket.inet_ntoa(key[2:]), int.from_bytes(key[:2], "big")
