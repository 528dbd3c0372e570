"""The control server's list of bans, read again whenever its file changes."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from lanrage.core.bans import FIELD, Bans
from lanrage.errors import BadInput

INTERVAL = 2.0
"""Seconds between two looks at the file's date: a ban is urgent to a person, not to a program."""
FILE_LIMIT = 8 * 1024 * 1024
"""Bytes of the file: 100,000 lines of an identity each, with remarks."""

log = Logger()


class BanWatch:
    """Keeps a list in step with a file.

    :param clock: between looks.
    :param changed: called with the list, each time that it was read.
    """

    def __init__(self, clock: Any, path: Path, changed: Callable[[Bans], None]) -> None:
        self._path, self._changed = path, changed
        self._seen: tuple[int, int, int] | None = None
        self._loop = LoopingCall(self._look)
        self._loop.clock = clock
        self._looking: Deferred[Any]

    def start(self) -> None:
        """Read the list, and look at it from now on.

        :raises BadInput: field ``ban-file``: it cannot be read; a server that is to ban must not start without.
        """
        self._seen = self._sign()
        self._read()
        self._looking = self._loop.start(INTERVAL, now=False)
        self._looking.addErrback(lambda failure: log.failure("the ban file is watched no more", failure=failure))

    def stop(self) -> None:
        """Look no more."""
        if self._loop.running:
            self._loop.stop()

    def _look(self) -> None:
        """A list that cannot be read leaves the old one in force, with one word for each change."""
        before, self._seen = self._seen, self._sign()
        if self._seen == before:
            return
        try:
            self._read()
        except BadInput as error:
            log.warn("the bans stay as they were: {error}", error=str(error))
        else:
            log.info("the bans were read again from {path}", path=str(self._path))

    def _sign(self) -> tuple[int, int, int] | None:
        """What changes when the file does; ``None`` while it is not there."""
        try:
            status = os.stat(self._path)
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size, status.st_ino

    def _read(self) -> None:
        try:
            with self._path.open(encoding="utf-8") as file:
                text = file.read(FILE_LIMIT + 1)
        except (OSError, UnicodeDecodeError) as error:
            raise BadInput(FIELD, f"{self._path} cannot be read: {error}") from error
        if len(text) > FILE_LIMIT:
            raise BadInput(FIELD, f"{self._path} has more than {FILE_LIMIT} characters")
        self._changed(Bans.parse(text))
