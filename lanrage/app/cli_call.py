"""How the command line finds its node and asks it."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import attrs

from lanrage.app.operations import Progress

if TYPE_CHECKING:
    from lanrage.app.client import NodeClient

Caller = Callable[[str, str, dict[str, Any], Progress | None], Any]
"""Carries out (socket path, operation, arguments, progress) and gives the result, or raises an error of the house."""


Watcher = Callable[[str, str, dict[str, Any], float, Callable[[Any], None]], None]
"""Asks (socket path, operation, arguments) again each so many seconds and shows each result, until it is interrupted;
raises what a :data:`Caller` raises."""

Work = Callable[["NodeClient", Any], Awaitable[Any]]
"""What is done with a connection (and the reactor)."""


def call_node(path: str, op: str, args: dict[str, Any], progress: Progress | None) -> Any:
    """Ask the node at `path`, running the reactor until it answered."""
    return converse(path, lambda node, _: node.call(op, args, progress=progress))


def watch_node(path: str, op: str, args: dict[str, Any], every: float, show: Callable[[Any], None]) -> None:
    """Ask the node at `path` again and again, running the reactor until it fails or is interrupted."""
    converse(path, lambda node, clock: keep_asking(lambda: node.call(op, args), every, show, clock))


async def keep_asking(ask: Callable[[], Awaitable[Any]], every: float, show: Callable[[Any], None], clock: Any) -> None:
    """Ask and show, with a pause after each: who reads slowly is asked for no more than it reads.

    :param every: seconds of the pause.
    """
    from twisted.internet.task import deferLater

    while True:
        show(await ask())
        await deferLater(clock, every)


def converse(path: str, work: Work) -> Any:
    """Run the reactor while this is done with a connection to the node at `path`; its result.

    :raises KeyboardInterrupt: it was interrupted.
    """
    from twisted.internet import reactor
    from twisted.internet.defer import CancelledError, Deferred
    from twisted.python.failure import Failure

    from lanrage.app.client import NodeClient

    steering: Any = reactor
    outcome: list[Any] = []
    ending: list[bool] = []

    async def ask() -> Any:
        async with NodeClient(steering, path) as node:
            return await work(node, steering)

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


@attrs.frozen
class Tools:
    """By what the command line acts; a test puts its own in.

    :param execute: replaces this process by a program (its path, its arguments with its name).
    :param user: who runs it.
    """

    call: Caller = call_node
    watch: Watcher = watch_node
    converse: Callable[[str, Work], Any] = converse
    execute: Callable[[str, list[str]], Any] = os.execv
    user: Callable[[], int] = os.geteuid
