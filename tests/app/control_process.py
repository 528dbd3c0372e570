"""A control server as a process of its own, to be killed: ``python -m tests.app.control_process FOLDER PORT``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import react

from lanrage.app.control import ControlService, ControlSettings


async def main(reactor: Any, folder: str, port: str) -> None:
    """Serve until killed; says on standard output when it listens."""
    service = ControlService(reactor, ControlSettings(Path(folder), f"tcp:{port}:interface=127.0.0.1"))
    await service.start()
    sys.stdout.write(f"listening {service.address.port}\n")
    sys.stdout.flush()
    await Deferred()


if __name__ == "__main__":
    react(lambda *args: Deferred.fromCoroutine(main(*args)), sys.argv[1:])
