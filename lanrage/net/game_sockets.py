"""Where programs listen, and whose open ports are those of games: from proc(5), in a thread.

A look at all ports is four questions to the kernel. Only when one of the sockets is on a game's port, and was there at
the look before, the processes' descriptors are gone through for its owner, once for each socket.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import product

import attrs
import psutil

from lanrage.core.game_match import Owner
from lanrage.core.game_programs import JAVA, WINE, base, in_system
from lanrage.core.play_ports import PROTOS, Proto, Span, merged
from lanrage.net.udp_sockets import LARGEST, NETLINK_SOCK_DIAG, TIMEOUT
from lanrage.wire.sock_diag import FAMILIES
from lanrage.wire.socket_table import TABLES, Bound, ask_bound, parse_bound, read_bound

SOCKET = "socket:["
"""How a descriptor's link begins."""


def bound_here() -> list[Bound]:
    """The sockets of this process' network that others may send to.

    :raises OSError: the kernel does not tell.
    :raises DecodeError: it tells in another way.
    """
    found: list[Bound] = []
    kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC
    with socket.socket(socket.AF_NETLINK, kind, NETLINK_SOCK_DIAG) as asker:
        asker.settimeout(TIMEOUT)
        for proto, family in product(PROTOS, FAMILIES):
            asker.send(ask_bound(family, proto))
            done = False
            while not done:
                answer, done = read_bound(asker.recv(LARGEST), proto)
                found += answer
    return [each for each in found if each.inode and not each.inside]


def bound_in(folder: str) -> list[Bound]:
    """The same of another network namespace.

    :param folder: ``/proc/PID/net`` of a process in it.
    :raises OSError: it is gone.
    :raises DecodeError: the kernel writes its tables in another way.
    """
    found: list[Bound] = []
    for name, proto in TABLES:
        try:
            with open(f"{folder}/{name}", encoding="ascii") as file:
                text = file.read()
        except FileNotFoundError:
            if name.endswith("6"):  # a kernel without IPv6
                continue
            raise
        found += parse_bound(text, proto, sys.byteorder)
    return [each for each in found if each.inode and not each.inside]


def inodes_of(pid: int, proc: str = "/proc") -> set[int]:
    """The sockets that a process holds; empty where it is gone, or another user's that may not be read."""
    found: set[int] = set()
    folder = f"{proc}/{pid}/fd"
    with suppress(OSError):
        for name in os.listdir(folder):
            with suppress(OSError):
                link = os.readlink(f"{folder}/{name}")
                if link.startswith(SOCKET):
                    found.add(int(link[len(SOCKET) : -1]))
    return found


def listens_of(pids: Iterable[int], proc: str = "/proc") -> tuple[Span, ...]:
    """Where some processes listen or are bound for others to reach, each in its own network."""
    spans: set[Span] = set()
    own = os.stat(f"{proc}/self/ns/net").st_ino
    tables: dict[int, list[Bound]] = {}
    for pid in pids:
        inodes = inodes_of(pid, proc)
        if not inodes:
            continue
        with suppress(OSError):
            space = os.stat(f"{proc}/{pid}/ns/net").st_ino
            if space not in tables:
                tables[space] = bound_here() if space == own else bound_in(f"{proc}/{pid}/net")
            spans |= {Span(each.proto, each.port, each.port) for each in tables[space] if each.inode in inodes}
    return merged(spans)


def bound_of(pids: Iterable[int], proc: str = "/proc") -> list[Bound]:
    """The sockets of some processes that others may send to; of those in this process' network alone.

    :raises OSError: the kernel does not tell of sockets.
    :raises DecodeError: it tells in another way.
    """
    inodes = set().union(*(inodes_of(pid, proc) for pid in pids))
    return [each for each in bound_here() if each.inode in inodes] if inodes else []


def tree_of(pids: Iterable[int]) -> frozenset[int]:
    """What some processes have started, and what that started; without those processes themselves."""
    found: set[int] = set()
    for pid in pids:
        with suppress(psutil.Error):
            found |= {child.pid for child in psutil.Process(pid).children(recursive=True)}
    return frozenset(found - set(pids))


@attrs.define
class PortOwners:
    """Finds programs whose open ports are those of games.

    :param proc: where proc(5) is.
    """

    proc: str = "/proc"
    _seen: frozenset[int] = frozenset()
    _owners: dict[int, int] = attrs.field(factory=dict)

    def find(self, wanted: Callable[[Proto, int], bool]) -> list[Owner]:
        """The programs with a port that is wanted, and was open at the look before, too.

        Programs of the distribution are none, but those that run others (Java, Wine); nor are this process and its
        children.

        :raises OSError: the kernel does not tell of sockets.
        :raises DecodeError: it tells in another way.
        """
        matched = [each for each in bound_here() if wanted(each.proto, each.port)]
        inodes = frozenset(each.inode for each in matched)
        steady = [each for each in matched if each.inode in self._seen]
        self._seen = inodes
        self._owners = {
            inode: pid for inode, pid in self._owners.items() if inode in inodes and self._holds(pid, inode)
        }
        unknown = {each.inode for each in steady} - set(self._owners)
        if unknown:
            self._owners |= dict(self._search(unknown))
        by_pid: dict[int, set[tuple[Proto, int]]] = {}
        for each in steady:
            if each.inode in self._owners:
                by_pid.setdefault(self._owners[each.inode], set()).add((each.proto, each.port))
        own = self._own_family() if by_pid else set()
        owners = (Owner(pid, self._exe(pid), frozenset(ports)) for pid, ports in by_pid.items() if pid not in own)
        return [owner for owner in owners if _may_be_game(owner.exe)]

    def _search(self, inodes: set[int]) -> Iterator[tuple[int, int]]:
        """Who holds these sockets; of several the first, which made it."""
        left = set(inodes)
        for pid in psutil.pids():
            if not left:
                return
            held = inodes_of(pid, self.proc) & left
            left -= held
            yield from ((inode, pid) for inode in held)

    def _holds(self, pid: int, inode: int) -> bool:
        return inode in inodes_of(pid, self.proc)

    def _exe(self, pid: int) -> str:
        with suppress(OSError):
            return os.readlink(f"{self.proc}/{pid}/exe")
        return ""

    def _own_family(self) -> set[int]:
        own = os.getpid()
        return {own, *tree_of([own])}


def _may_be_game(exe: str) -> bool:
    """A program that may not be read is another user's: it is not guessed."""
    return bool(exe) and (not in_system(exe) or base(exe) in JAVA or base(exe) in WINE)
