"""A log file that is set aside when it is full, and that never stops being written since it cannot be set aside."""

from __future__ import annotations

import os
from contextlib import suppress
from itertools import count

from twisted.python import threadable
from twisted.python.logfile import LogFile

TRY_AGAIN = 64 * 1024
"""Bytes that are written until a file that could not be set aside is tried again: some hundred lines."""


class SteadyLogFile(LogFile):
    """Twisted's, whose rotation ends without a word where a right is missing, and leaves the file closed where a step
    fails half-way. Here a file that cannot be set aside stays open, is written on, and says so.

    The name is made absolute before, since twistd changes its folder; the right to rename may go with ``--uid``.

    :ivar trouble: why the file is not set aside, as a clause; empty while it can be.
    """

    synchronized = ["rotate"]
    trouble = ""
    _again = 0

    def shouldRotate(self) -> bool:
        """Twisted: whether the file is full."""
        return bool(self.size >= max(self.rotateLength, self._again))

    def rotate(self) -> None:
        """Set the file aside now; one that cannot be is told in :attr:`trouble`."""
        try:
            self._set_aside()
        except OSError as error:
            self.trouble = error.strerror or str(error)
            self._again = self.size + TRY_AGAIN
        else:
            self.trouble, self._again = "", 0

    def _set_aside(self) -> None:
        """
        :raises OSError: it cannot be; what was open is open still.
        """
        first, before = f"{self.path}.1", self._file
        ours = self._is_ours()
        if ours:
            self._make_room()
            os.rename(self.path, first)
        try:
            self._openFile()  # type: ignore[no-untyped-call]
        except OSError:
            with suppress(OSError):
                if ours:
                    os.rename(first, self.path)
            raise
        before.close()

    def _is_ours(self) -> bool:
        """Whether the open file has still its name: logrotate(8) takes that away, and gives it (``create``) to a new
        file, which is none to set aside."""
        try:
            return os.path.samestat(os.fstat(self._file.fileno()), os.stat(self.path))
        except FileNotFoundError:
            return False

    def _make_room(self) -> None:
        """Number 1 becomes 2, and so on; where there is none, none of the others need move."""
        numbers = []
        for number in count(1):
            if not os.path.lexists(f"{self.path}.{number}"):
                break
            numbers.append(number)
        for number in reversed(numbers):
            if number >= self.maxRotatedFiles:
                os.remove(f"{self.path}.{number}")
            else:
                os.rename(f"{self.path}.{number}", f"{self.path}.{number + 1}")


threadable.synchronize(SteadyLogFile)
