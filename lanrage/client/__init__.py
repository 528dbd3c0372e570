"""A Python client of a node, for programs that use Twisted (``docs/client.rst``).

Each operation is a method that takes its arguments by name and gives its result's class::

    async with lanrage.client.connect(reactor) as node:
        joined = await node.party.join(code=code, member_name="Ann")
        async for status in node.watch.status():
            ...
"""

from __future__ import annotations

from lanrage.client.node import Node, connect

__all__ = ["Node", "connect"]
