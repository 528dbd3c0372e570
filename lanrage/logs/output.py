"""Where lines go: a file that rotates, or a stream that is open already. Neither ever stops the service."""

from __future__ import annotations

import errno
import os
import re
import stat
import syslog
from pathlib import Path
from typing import IO, Protocol

from twisted.python.logfile import LogFile

from lanrage.core.settings_limits import LOG_FILE_COUNT, LOG_FILE_SIZE
from lanrage.errors import BadInput

_LINE = re.compile(rb'\n|\{"|<\d>|\d{4}-\d\d-\d\d')
MODE = 0o640
"""Of log files: the group may read, as Debian's ``adm`` does; others may not, since they name friends' addresses."""


class Output(Protocol):
    """Takes whole lines."""

    lost: int

    def write(self, lines: bytes) -> None:
        """Write; what cannot be written is counted in `lost`."""

    def close(self) -> None:
        """Let go of it."""


class RotatingFile:
    """A file that is set aside when it is full: ``NAME.1`` is the newest of those, at most `count` are kept.

    A full disk loses lines, which are counted; the first line after that says how many.

    :param size: bytes.
    :raises BadInput: field ``log-file``, when it cannot be opened.
    """

    def __init__(self, path: Path, size: int = LOG_FILE_SIZE, count: int = LOG_FILE_COUNT) -> None:
        self.lost = 0
        self._torn = False
        path = path.absolute()
        try:
            self._file = LogFile(path.name, str(path.parent), size, _mode_for(path), count)
        except OSError as error:
            raise BadInput("log-file", f"{path} cannot be opened: {error.strerror}") from error

    def write(self, lines: bytes) -> None:
        """Write; what cannot be written is counted in `lost`."""
        try:
            if self._file._file.closed:  # a rotation that failed half-way leaves it so
                self._file._openFile()
            data = b"\n" + lines if self._torn else lines
            before = self._file._file.tell()
            self._file.write(data)
            # The file is unbuffered: of what does not fit on the disk a part is missing, and nobody is told.
            if self._file._file.tell() not in (before + len(data), len(data)):
                raise OSError(errno.ENOSPC, "half a line")
        except (OSError, ValueError):
            self.lost += 1
            self._torn = True  # a part of the line may stand there
        else:
            self._torn = False

    def rotate(self) -> None:
        """Set the file aside now."""
        try:
            self._file.rotate()
        except (OSError, ValueError):
            self._torn = False  # the next write opens it again

    def close(self) -> None:
        """Close the file."""
        if not self._file.closed:
            self._file.close()


def _mode_for(path: Path) -> int | None:
    """The mode of a file that is made; one that is there keeps its own.

    :raises OSError: something else is there: a device would be set aside, a key be written to.
    """
    try:
        status = path.lstat()
    except FileNotFoundError:
        return MODE
    if not stat.S_ISREG(status.st_mode) or (status.st_size and not _looks_like_log(path)):
        raise OSError(errno.EEXIST, "what is there is no log file")
    return None


def _looks_like_log(path: Path) -> bool:
    """It begins as our lines do: with a JSON object, a date or a priority, or with the end of a torn line."""
    with path.open("rb") as file:
        return _LINE.match(file.read(16)) is not None


class OpenStream:
    """A stream that somebody else opened, as standard output; it is not closed here."""

    def __init__(self, stream: IO[str]) -> None:
        self.lost = 0
        self._stream = stream

    def write(self, lines: bytes) -> None:
        """Write; what cannot be written is counted in `lost`."""
        try:
            self._stream.write(lines.decode("utf-8"))
            self._stream.flush()
        except (OSError, ValueError):  # a closed pipe, a full disk behind a redirection
            self.lost += 1

    def close(self) -> None:
        """Nothing to do."""


class SystemLog:
    """The machine's syslog, which takes the priority as a number and stamps the time by itself.

    :param name: of the program.
    """

    def __init__(self, name: str) -> None:
        self.lost = 0
        syslog.openlog(name, syslog.LOG_PID, syslog.LOG_DAEMON)

    def write(self, lines: bytes) -> None:
        """Write lines that begin with ``<N>``."""
        for line in lines.split(b"\n"):  # not splitlines(), for which Unicode has more ends of lines
            if line:
                syslog.syslog(int(line[1:2]), line[3:].decode("utf-8"))

    def close(self) -> None:
        """Close the connection."""
        syslog.closelog()


def to_journal(stream: IO[str], environment: dict[str, str]) -> bool:
    """Whether a stream goes straight into systemd's journal (``$JOURNAL_STREAM``, systemd.exec(5)): its device and
    inode are named there, so that a program that was redirected elsewhere does not take itself to be."""
    device, _, inode = environment.get("JOURNAL_STREAM", "").partition(":")
    try:
        status = os.fstat(stream.fileno())
    except (OSError, ValueError, AttributeError):
        return False
    return (device, inode) == (str(status.st_dev), str(status.st_ino))
