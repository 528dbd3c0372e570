"""The sockets on which this machine listens, with the programs that hold them. Blocks for tens of milliseconds."""

from __future__ import annotations

import contextlib
import os
import socket

import psutil

from lanrage.core.listening import Listening


def listening_sockets() -> list[Listening]:
    """TCP sockets that listen and UDP sockets without a peer, this process's own left out.

    Names of other users' programs need CAP_SYS_PTRACE; sockets of the kernel (WireGuard's) have none.
    """
    names: dict[int, str] = {}
    found = []
    for each in psutil.net_connections("inet"):
        tcp = each.type == socket.SOCK_STREAM
        waits = each.status == psutil.CONN_LISTEN if tcp else not each.raddr
        if waits and each.laddr and each.pid != os.getpid():
            program = _name(each.pid, names) if each.pid else ""
            found.append(Listening("tcp" if tcp else "udp", each.laddr.ip, each.laddr.port, program))
    return found


def _name(pid: int, names: dict[int, str]) -> str:
    if pid not in names:
        names[pid] = ""
        with contextlib.suppress(psutil.Error):
            names[pid] = psutil.Process(pid).name()
    return names[pid]
