"""Autobahn's options as class attributes of a factory's protocol, in place of a copy in each connection.

Autobahn 26.10 copies 29 options into each connection and formats them all for a log line that nobody sees: 300 us and
2 KB of a connection. The options of one factory are the same for all of its connections.
"""

from __future__ import annotations

from typing import Any, TypeVar

P = TypeVar("P")


def with_options(protocol: type[P], factory: Any) -> type[P]:
    """A protocol class with the options that the factory has now.

    :param protocol: a ``WebSocketServerProtocol`` or ``WebSocketClientProtocol``.
    :param factory: all of its options are set; what is set later is not seen.
    """
    names: tuple[str, ...] = tuple(protocol.CONFIG_ATTRS)  # type: ignore[attr-defined]
    values = {name: getattr(factory, name) for name in names if not hasattr(protocol, name)}
    options = {name: staticmethod(value) if callable(value) else value for name, value in values.items()}
    return type(protocol.__name__, (protocol,), {**options, "CONFIG_ATTRS": (), "__module__": protocol.__module__})
