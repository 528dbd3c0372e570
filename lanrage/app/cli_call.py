"""How the command line asks a process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lanrage.app.cli_find import beside
from lanrage.app.operations import Progress
from lanrage.errors import Unreachable

Caller = Callable[[str, str, dict[str, Any], Progress | None], Any]
"""Carries out (socket path, operation, arguments, progress) and gives the result, or raises an error of the house."""


def call_node(path: str, op: str, args: dict[str, Any], progress: Progress | None) -> Any:
    """Ask the process at `path`, running the reactor until it answered."""
    from twisted.internet import reactor
    from twisted.internet.defer import CancelledError, Deferred
    from twisted.python.failure import Failure

    from lanrage.app.client import NodeClient

    steering: Any = reactor
    outcome: list[Any] = []
    ending: list[bool] = []

    async def ask() -> Any:
        try:
            async with NodeClient(steering, path) as node:
                return await node.call(op, args, progress=progress)
        except Unreachable as error:
            raise Unreachable(f"{error}{beside(path)}") from error

    def start() -> None:
        asking = Deferred.fromCoroutine(ask()).addBoth(outcome.append)

        def interrupted() -> Deferred[None]:
            ending.append(True)
            asking.cancel()
            return asking

        steering.addSystemEventTrigger("before", "shutdown", interrupted)
        asking.addCallback(lambda _: None if ending else steering.stop())

    steering.callWhenRunning(start)
    steering.run()
    if not outcome:
        raise KeyboardInterrupt
    if isinstance(outcome[0], Failure):
        if outcome[0].check(CancelledError):
            raise KeyboardInterrupt
        outcome[0].raiseException()
    return outcome[0]
