"""The server processes of the control bench: the real control service, and a bare Autobahn echo to compare it with.

``python -m tests.bench.control_server service|echo PORT FOLDER``; says ``ready`` when it listens, ends with its stdin.
"""

from __future__ import annotations

import cProfile
import os
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from autobahn.twisted.websocket import WebSocketServerFactory, WebSocketServerProtocol
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Protocol
from twisted.internet.stdio import StandardIO
from twisted.internet.task import react
from twisted.logger import globalLogBeginner, textFileLogObserver

from lanrage.app.control import ControlService, ControlSettings
from tests.bench.control_limits import raise_files

BACKLOG = 4096
"""Connections that wait to be accepted: what the kernel here allows."""


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
    """Run until stdin ends; ``BENCH_PROFILE_SERVICE`` (or ``_ECHO``) names a file for a profile."""
    raise_files()
    profile = os.environ.get(f"BENCH_PROFILE_{kind.upper()}")
    with ExitStack() as stack:
        log = stack.enter_context((Path(folder) / f"{kind}.log").open("a", encoding="utf-8"))
        globalLogBeginner.beginLoggingTo([textFileLogObserver(log)], redirectStandardIO=False)
        if profile:
            profiler = stack.enter_context(cProfile.Profile())
            stack.callback(profiler.dump_stats, profile)
        react(lambda reactor: Deferred.fromCoroutine(_serve(reactor, kind, int(port), Path(folder))))


if __name__ == "__main__":
    main(*sys.argv[1:])
