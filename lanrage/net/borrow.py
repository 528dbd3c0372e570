"""Our own descriptor of another process's socket, by ``pidfd_getfd`` (Linux 5.6)."""

from __future__ import annotations

import ctypes
import os
import socket

PIDFD_GETFD = 438
"""The system call's number, alike on all architectures (asm-generic/unistd.h); Python 3.11 does not wrap it."""

_libc = ctypes.CDLL(None, use_errno=True)


def borrow(process: int, number: int) -> socket.socket:
    """Copy a socket; the caller closes the copy.

    :param process: a descriptor of the process (:func:`os.pidfd_open`).
    :param number: the socket's descriptor there.
    :raises OSError: EPERM without CAP_SYS_PTRACE for another user's process, EBADF where the descriptor is gone,
        ENOTSOCK where it is no socket.
    """
    copy = _libc.syscall(PIDFD_GETFD, process, number, 0)
    if copy < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    try:
        return socket.socket(fileno=copy)
    except OSError:
        os.close(copy)
        raise
