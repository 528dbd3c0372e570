"""Makes a game's own socket a member of its multicast group on the LAN card too (``docs/protocol-lan.rst``).

A socket of another process is borrowed by ``pidfd_getfd`` (Linux 5.6), asked whether it joined the group on a real
card, and joined on the LAN card. For other users' processes this needs CAP_SYS_PTRACE to borrow and
CAP_DAC_READ_SEARCH to find the socket in ``/proc/PID/fd``. The copy is closed at once: held longer, it would keep a
game's port after its end. Everything here blocks; run it in a thread.
"""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import struct
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import suppress
from ipaddress import IPv4Address

import attrs

from lanrage.core.multicast_plan import GroupOnCard, Scan
from lanrage.net.borrow import borrow

MCAST_MSFILTER = 48
IP_DROP_MEMBERSHIP = 36
MCAST_EXCLUDE = 0
"""The filter mode of a join that names no sources (RFC 3376, 3.1); the others want listed senders, never ours."""

_FILTER_HEAD = struct.Struct("@I0L")
"""struct group_filter starts with the interface index, then a sockaddr_storage, aligned as a long is."""

_SOCKADDR = struct.Struct("=HH4s120x")
_FILTER_TAIL = struct.Struct("=II")
_MREQN = struct.Struct("=4s4si")

_libc = ctypes.CDLL(None, use_errno=True)


@attrs.define
class Adopter:
    """Adopts sockets, and lets go of those that left their group.

    :param card_index: interface index of the LAN card.
    """

    card_index: int
    _adopted: set[tuple[int, IPv4Address]] = attrs.field(factory=set)
    """(inode of the socket, group)"""

    def scan(self, places: Collection[GroupOnCard], inodes: Collection[int]) -> Scan:
        """Look at all sockets once; adopt and let go.

        :param places: groups joined on real cards.
        :param inodes: the UDP sockets of this network namespace.
        """
        found: Counter[GroupOnCard] = Counter()
        left = set(inodes)
        self._adopted = {key for key in self._adopted if key[0] in inodes}
        for pid, number, inode in _holders(left):
            try:
                borrowed = _borrow(pid, number, inode)
            except OSError:
                continue
            left.discard(inode)
            with borrowed:
                found.update(self._look_at(borrowed, inode, places))
        return Scan(dict(found), len(self._adopted), len(left))

    def _look_at(self, borrowed: socket.socket, inode: int, places: Collection[GroupOnCard]) -> list[GroupOnCard]:
        joined: list[GroupOnCard] = []
        for place in places:
            mode = _filter_mode(borrowed, place)
            if mode is not None and (mode != MCAST_EXCLUDE or self._adopt(borrowed, inode, place.group)):
                joined.append(place)
        still = {place.group for place in joined}
        for key in [key for key in self._adopted if key[0] == inode and key[1] not in still]:
            self._adopted.discard(key)
            with suppress(OSError):
                borrowed.setsockopt(socket.IPPROTO_IP, IP_DROP_MEMBERSHIP, self._request(key[1]))
        return joined

    def _adopt(self, borrowed: socket.socket, inode: int, group: IPv4Address) -> bool:
        """Join on the LAN card; false where the socket is in as many groups as it may be (igmp_max_memberships)."""
        if _filter_mode(borrowed, GroupOnCard(group, self.card_index)) is not None:
            return True
        try:
            borrowed.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, self._request(group))
        except OSError as error:
            return error.errno == errno.EADDRINUSE
        self._adopted.add((inode, group))
        return True

    def _request(self, group: IPv4Address) -> bytes:
        return _MREQN.pack(group.packed, bytes(4), self.card_index)


def _holders(inodes: set[int]) -> Iterator[tuple[int, int, int]]:
    """(pid, descriptor, inode) of each socket, until the caller has taken it out of `inodes`."""
    for pid in [int(name) for name in os.listdir("/proc") if name.isdigit()]:
        if not inodes:
            return
        folder = f"/proc/{pid}/fd"
        try:
            numbers = os.listdir(folder)
        except OSError:
            continue
        for number in numbers:
            try:
                target = os.readlink(f"{folder}/{number}")
            except OSError:
                continue
            if target.startswith("socket:[") and (inode := int(target[8:-1])) in inodes:
                yield pid, int(number), inode


def _borrow(pid: int, number: int, inode: int) -> socket.socket:
    """A copy of another process's socket.

    :raises OSError: EPERM without the right, ENOENT where the descriptor is another one by now.
    """
    process = os.pidfd_open(pid)
    try:
        copy = borrow(process, number)
    finally:
        os.close(process)
    if os.fstat(copy.fileno()).st_ino != inode:
        copy.close()
        raise OSError(errno.ENOENT, "the descriptor changed")
    return copy


def _filter_mode(borrowed: socket.socket, place: GroupOnCard) -> int | None:
    """The filter mode of the socket's membership; ``None`` where it is no member of the group on this card."""
    head = _FILTER_HEAD.pack(place.index)
    request = head + _SOCKADDR.pack(socket.AF_INET, 0, place.group.packed) + _FILTER_TAIL.pack(0, 0)
    space = ctypes.create_string_buffer(request, len(request))
    length = ctypes.c_uint(len(request))
    if _libc.getsockopt(borrowed.fileno(), socket.IPPROTO_IP, MCAST_MSFILTER, space, ctypes.byref(length)):
        return None
    return int(_FILTER_TAIL.unpack_from(space.raw, len(head) + _SOCKADDR.size)[0])
