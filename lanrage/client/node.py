"""A connection to a node, with a method for each of its operations."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from twisted.internet.defer import Deferred

from lanrage.app.cli_find import Wanted
from lanrage.app.client import NodeClient
from lanrage.client.asking import Asker
from lanrage.client.calls_node import NodeCalls


class Node(NodeCalls):
    """A node, or a control server or relay that runs alone, for ``async with``.

    Its methods raise :class:`lanrage.errors.LanrageError`: what was refused, with ``code``, and for a wrong argument
    ``field``; ``unreachable`` where the connection ended.

    :param client: not connected yet.
    :ivar client: for operations by their names.
    """

    def __init__(self, client: NodeClient) -> None:
        super().__init__(Asker(client))
        self.client = client

    async def __aenter__(self) -> Self:
        """Connect.

        :raises Unreachable: nobody listens there; the message says how to start one.
        :raises MissingRight: this user may not speak to it.
        """
        await self.client.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        await self.client.__aexit__(kind, error, trace)

    def ended(self) -> Deferred[None]:
        """Fires when the connection has ended."""
        return self.client.ended()


def connect(reactor: Any, path: str | Path = "", *, role: str = "", state_dir: str = "") -> Node:
    """A connection, to be entered by ``async with``.

    :param path: of the socket; empty = ``LANRAGE_SOCKET``, or else as the command line finds it (``docs/cli.rst``).
    :param role: ``control`` or ``relay``: the one that runs alone here.
    :param state_dir: the state folder of that role.
    :raises Unreachable: no such process runs here.
    """
    elsewhere = role or state_dir
    socket = os.fspath(path) or ("" if elsewhere else os.environ.get("LANRAGE_SOCKET", ""))
    return Node(NodeClient(reactor, Wanted(socket, role, state_dir).find()))
