"""Operations that show the paths to the members, for the table in :mod:`lanrage.app.operations`."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from zope.interface import Interface

from lanrage.app.operation import Nothing, Operation
from lanrage.app.operations_governing import OfMember
from lanrage.app.path_results import PathsShown, PeerShown


class IPathNode(Interface):
    """What a node shows of its paths; see :class:`lanrage.app.operations.INode`."""

    # Interface methods have no self and no body.
    # pylint: disable=no-self-argument,no-method-argument

    def paths() -> Awaitable[dict[str, Any]]:
        """All paths to all members; the result is a :class:`PathsShown`."""

    def show_peer(*, member: str) -> Awaitable[dict[str, Any]]:
        """One member's link with its history; the result is a :class:`PeerShown`."""


PATHS = (
    Operation(
        "paths",
        Nothing,
        PathsShown,
        "paths",
        "Show every path to every member, how good it is, and which one is in use.",
        "lanrage paths",
        reads=True,
    ),
    Operation(
        "peers.show",
        OfMember,
        PeerShown,
        "show_peer",
        "Show the link to one member: its paths, and each move of its traffic with the reason.",
        "lanrage peers show Ben --history",
        reads=True,
    ),
)
