"""Keeps the kernel from gluing datagrams together on WireGuard's port, which would hide probes (docs/links.rst).

Newer versions of wireguard-go ask for ``UDP_GRO``: datagrams that come close together from one sender are handed over
as one packet. The raw socket beside it then sees one packet that begins with WireGuard's bytes, and its filter misses
the probe behind them. The option belongs to the socket, so we borrow the socket and switch it off.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
from collections.abc import Iterable
from pathlib import Path

from twisted.logger import Logger

from lanrage.net.borrow import borrow

log = Logger()

UDP_GRO = 104
"""<linux/udp.h>; Python 3.11 does not name it."""
GONE = (errno.EBADF, errno.ENOTSOCK)
"""Closed since it was listed, as the socket of our last question to the program: no reason to leave the others."""


def switch_off_gro(pid: int) -> int:
    """Switch merging off on the UDP sockets of a program of ours; returns on how many it was on.

    What may not be borrowed is left as it is, and logged: links work all the same, some probes get lost under load.
    Blocks, for microseconds.
    """
    return switch_off_gro_of(pid, _sockets(pid))


def switch_off_gro_of(pid: int, numbers: Iterable[int]) -> int:
    """The same for descriptors of the program; those that it has closed since they were listed are passed over."""
    changed = 0
    try:
        process = os.pidfd_open(pid)
    except OSError:
        return 0
    try:
        for number in numbers:
            changed += _switch_off(process, number)
    except OSError as error:
        log.warn("UDP_GRO of process {pid} stays as it is: {error}", pid=pid, error=error)
    finally:
        os.close(process)
    return changed


def _sockets(pid: int) -> list[int]:
    found = []
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # the program has ended
        for path in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):
                if os.readlink(path).startswith("socket:"):
                    found.append(int(path.name))
    return found


def _switch_off(process: int, number: int) -> bool:
    try:
        borrowed = borrow(process, number)
    except OSError as error:
        if error.errno in GONE:
            return False
        raise
    with contextlib.closing(borrowed):
        if borrowed.type != socket.SOCK_DGRAM or borrowed.family not in (socket.AF_INET, socket.AF_INET6):
            return False
        if not borrowed.getsockopt(socket.IPPROTO_UDP, UDP_GRO):
            return False
        borrowed.setsockopt(socket.IPPROTO_UDP, UDP_GRO, 0)
        return True
