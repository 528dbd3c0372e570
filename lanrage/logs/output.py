"""Where lines go: a file that rotates, or a stream that is open already. Neither ever stops the service."""

from __future__ import annotations

import errno
import os
import re
import stat
import syslog
from pathlib import Path
from typing import IO, Protocol

from lanrage.core.settings_limits import LOG_FILE_COUNT, LOG_FILE_SIZE
from lanrage.errors import BadInput
from lanrage.logs.rotation import SteadyLogFile

_LINE = re.compile(rb'\n|\{"|<\d>|\d{4}-\d\d-\d\d')
MODE = 0o640
"""Of log files: the group may read, as Debian's ``adm`` does; others may not, since they name friends' addresses."""


class Output(Protocol):
    """Takes whole lines.

    :ivar lost: lines that could not be written.
    """

    lost: int

    def write(self, lines: bytes) -> None:
        """Write; what cannot be written is counted in `lost`."""

    def trouble(self) -> str:
        """What went wrong with the file itself, as a sentence; empty where nothing did, or it was told already."""

    def close(self) -> None:
        """Let go of it."""


class RotatingFile:
    """A file that is set aside when it is full: ``NAME.1`` is the newest of those, at most `count` are kept.

    A full disk loses lines, which are counted; the first line after that says how many. A file that cannot be set aside
    (no right to rename it) is written on, and that is told once, until it can be again.

    :param path: a relative one is meant from the folder of now.
    :param size: bytes.
    :raises BadInput: field ``log-file``, when it cannot be opened, or something else is there.
    """

    def __init__(self, path: Path, size: int = LOG_FILE_SIZE, count: int = LOG_FILE_COUNT) -> None:
        self.lost = 0
        self._torn = False
        self._told = ""
        path = path.absolute()
        check_file(path)
        try:
            mode = None if path.exists() else MODE
            self._file = SteadyLogFile(path.name, str(path.parent), size, mode, count)  # type: ignore[no-untyped-call]
        except OSError as error:
            raise BadInput("log-file", f"{path} cannot be opened: {error.strerror}") from error

    def write(self, lines: bytes) -> None:
        """Write; what cannot be written is counted in `lost`."""
        try:
            data = b"\n" + lines if self._torn else lines
            before = self._file._file.tell()
            self._file.write(data)  # type: ignore[no-untyped-call]
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
        if not self._file.closed:
            self._file.rotate()

    def trouble(self) -> str:
        """See :class:`Output`."""
        why, told = self._file.trouble, self._told
        self._told = why
        if not why or why == told:
            return ""
        return f"the log file {self._file.path} cannot be set aside and grows beyond its size: {why}"

    def close(self) -> None:
        """Close the file."""
        if not self._file.closed:
            self._file.close()  # type: ignore[no-untyped-call]


def check_file(path: Path) -> None:
    """Whether a log may be written there; nothing is made or changed.

    :raises BadInput: field ``log-file``: something else is there (a device would be set aside, a key be written to), or
        this process may not write.
    """
    try:
        status = path.lstat()
    except FileNotFoundError:
        return _check_folder(path.parent)
    except OSError as error:
        raise BadInput("log-file", f"{path} cannot be used: {error.strerror}") from error
    if not stat.S_ISREG(status.st_mode):
        kind = next((word for test, word in _KINDS if test(status.st_mode)), "special file")
        raise BadInput("log-file", f"{path} is a {kind}: it must be a file of its own")
    if not _may(path, os.R_OK | os.W_OK):
        raise BadInput("log-file", f"{path} may not be written by this user")
    if status.st_size and not _looks_like_log(path):
        raise BadInput("log-file", f"what is in {path} is no log: it would be written to")
    return None


_KINDS = ((stat.S_ISDIR, "folder"), (stat.S_ISLNK, "link"), (stat.S_ISCHR, "device"), (stat.S_ISBLK, "device"))


def _check_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise BadInput("log-file", f"its folder {folder} is not there")
    if not _may(folder, os.W_OK | os.X_OK):
        raise BadInput("log-file", f"its folder {folder} may not be written by this user")


def _may(path: Path, how: int) -> bool:
    return os.access(path, how, effective_ids=os.access in os.supports_effective_ids)


def _looks_like_log(path: Path) -> bool:
    """It begins as our lines do: with a JSON object, a date or a priority, or with the end of a torn line."""
    try:
        with path.open("rb") as file:
            return _LINE.match(file.read(16)) is not None
    except OSError as error:
        raise BadInput("log-file", f"{path} cannot be read: {error.strerror}") from error


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

    def trouble(self) -> str:
        """Nothing else can be wrong."""
        return ""

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

    def trouble(self) -> str:
        """Nothing else can be wrong."""
        return ""

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
