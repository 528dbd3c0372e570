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


Watcher = Callable[[str, str, dict[str, Any], Callable[[Any], None]], None]
"""Watches (socket path, operation, arguments) and shows each result, until it is interrupted; raises what a
:data:`Caller` raises."""


Work = Callable[["NodeClient", Any], Awaitable[Any]]
"""What is done with a connection (and the reactor)."""


def call_node(path: str, op: str, args: dict[str, Any], progress: Progress | None) -> Any:
    """Ask the node at `path`, running the reactor until it answered."""
    return converse(path, lambda node, _: node.call(op, args, progress=progress))


def watch_node(path: str, op: str, args: dict[str, Any], show: Callable[[Any], None]) -> None:
    """Show an operation's result and each change of it, running the reactor until it fails or is interrupted."""
    converse(path, lambda node, _: show_each(node, op, args, show))


async def show_each(node: Any, op: str, args: dict[str, Any], show: Callable[[Any], None]) -> None:
    """Show each result of an operation that is watched: who reads slowly is told the newest alone."""
    async for result in node.watch(op, args):
        show(result)


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
        """Begin the work once the reactor runs, and end the reactor with it."""
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
