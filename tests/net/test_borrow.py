"""Another process's socket, borrowed; here the process is our own."""

from __future__ import annotations

import errno
import os
import socket
from pathlib import Path

import pytest
from twisted.trial.unittest import SynchronousTestCase

from lanrage.net.borrow import borrow


def descriptors() -> int:
    """How many this process has."""
    return len(list(Path("/proc/self/fd").iterdir()))


class BorrowTests(SynchronousTestCase):
    """The copy is the same socket, and nothing is left open."""

    def setUp(self) -> None:
        """A descriptor of this process."""
        self.process = os.pidfd_open(os.getpid())
        self.addCleanup(os.close, self.process)

    def test_same_socket(self) -> None:
        """The copy has the socket's name and outlives it until it is closed."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
            own.bind(("127.0.0.1", 0))
            with borrow(self.process, own.fileno()) as copy:
                assert copy.getsockname() == own.getsockname()
                assert copy.fileno() != own.fileno()

    def test_no_socket(self) -> None:
        """What is no socket, or gone, is an error that leaves no descriptor behind."""
        before = descriptors()
        with open("/dev/null", "rb") as other:
            number = other.fileno()
            with pytest.raises(OSError, match=os.strerror(errno.ENOTSOCK)):
                borrow(self.process, number)
        with pytest.raises(OSError, match=os.strerror(errno.EBADF)):
            borrow(self.process, number)
        assert descriptors() == before
