"""The server processes of the control bench: the real control service, and a bare Autobahn echo to compare it with.

``python -m tests.bench.control_server service|echo PORT FOLDER``; says ``ready`` when it listens, ends with its stdin.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import attrs
import psutil
from autobahn.twisted.websocket import WebSocketServerFactory, WebSocketServerProtocol
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Protocol
from twisted.internet.stdio import StandardIO
from twisted.internet.task import react
from twisted.logger import globalLogBeginner, textFileLogObserver

from lanrage.app.control import PUBLIC_KEY_FILE, ControlService, ControlSettings
from lanrage.core.identity import fingerprint
from tests.bench.control_limits import raise_files

BACKLOG = 4096
"""Connections that wait to be accepted: what the kernel here allows."""
READY_LIMIT = 120.0
"""Seconds in which a server must listen."""


class Echo(WebSocketServerProtocol):
    """What Autobahn's own example does."""

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        """Send it back."""
        self.sendMessage(payload, isBinary)


class _Parent(Protocol):
    """The stdin that the parent holds."""

    def __init__(self) -> None:
        self.gone: Deferred[None] = Deferred()

    def connectionLost(self, reason: Any = None) -> None:
        """The parent has closed it, or is gone."""
        self.gone.callback(None)


async def _serve(reactor: Any, kind: str, port: int, folder: Path) -> None:
    parent = _Parent()
    StandardIO(parent, reactor=reactor)
    service = None
    if kind == "echo":
        factory = WebSocketServerFactory(reactor=reactor)
        factory.protocol = Echo
        factory.setProtocolOptions(maxConnections=0)
        reactor.listenTCP(port, factory, backlog=BACKLOG, interface="127.0.0.1")
    else:
        listen = f"tcp:{port}:interface=127.0.0.1:backlog={BACKLOG}"
        service = ControlService(reactor, ControlSettings(folder, listen))
        service.startService()
        await service.started
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await parent.gone
    if service is not None:
        await service.stopService()


def main(kind: str, port: str, folder: str) -> None:
    """Run until stdin ends."""
    raise_files()
    log = open(Path(folder) / f"{kind}.log", "a", encoding="utf-8")  # noqa: SIM115  # as long as the process lives
    globalLogBeginner.beginLoggingTo([textFileLogObserver(log)], redirectStandardIO=False)
    profile = os.environ.get(f"BENCH_PROFILE_{kind.upper()}")
    if profile:
        import cProfile

        profiler = cProfile.Profile()
        profiler.enable()
        try:
            react(lambda reactor: Deferred.fromCoroutine(_serve(reactor, kind, int(port), Path(folder))))
        finally:
            profiler.disable()
            profiler.dump_stats(profile)
    else:
        react(lambda reactor: Deferred.fromCoroutine(_serve(reactor, kind, int(port), Path(folder))))


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
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

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
        self._process.wait(READY_LIMIT)
        self._process.stdin.close()
        self._process.stdout.close()
        self._process = None


if __name__ == "__main__":
    main(*sys.argv[1:])
