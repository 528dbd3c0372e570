"""A server process of the control bench, from outside: started, looked at, killed."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import attrs
import psutil

from lanrage.app.control import PUBLIC_KEY_FILE
from lanrage.core.identity import fingerprint

END_LIMIT = 120.0
"""Seconds in which a server that was told to end must have ended."""


@attrs.define
class ServerProcess:
    """One of them, from outside.

    :param kind: ``service`` or ``echo``.
    :param folder: its state and log.
    """

    kind: str
    port: int
    folder: Path
    _process: subprocess.Popen[bytes] | None = attrs.field(init=False, default=None)

    def start(self) -> None:
        """Start it; :meth:`wait_ready` before use."""
        command = [sys.executable, "-m", "tests.bench.control_server", self.kind, str(self.port), str(self.folder)]
        # It lives on beyond this method.
        self._process = subprocess.Popen(  # pylint: disable=consider-using-with
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def wait_ready(self) -> float:
        """Wait until it listens; seconds that it took from now. Blocks."""
        began = time.monotonic()
        assert self._process is not None
        assert self._process.stdout is not None
        if self._process.stdout.readline() != b"ready\n":
            raise RuntimeError(f"the {self.kind} server did not start: see {self.folder}")
        return time.monotonic() - began

    @property
    def pin(self) -> bytes:
        """Fingerprint of its key."""
        return fingerprint(bytes.fromhex((self.folder / PUBLIC_KEY_FILE).read_text().strip()))

    @property
    def _figures(self) -> psutil.Process:
        assert self._process is not None
        return psutil.Process(self._process.pid)

    def rss(self) -> int:
        """Bytes of memory that it holds."""
        size: int = self._figures.memory_info().rss
        return size

    def cpu(self) -> float:
        """CPU seconds that it has used."""
        times = self._figures.cpu_times()
        return float(times.user + times.system)

    def kill(self) -> None:
        """End it as a crash does."""
        assert self._process is not None
        self._process.kill()
        self._close()

    def stop(self) -> None:
        """End it as its user does."""
        if self._process is None:
            return
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._close()

    def _close(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        assert self._process.stdin is not None
        self._process.wait(END_LIMIT)
        self._process.stdin.close()
        self._process.stdout.close()
        self._process = None
