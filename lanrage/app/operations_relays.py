"""The operation that shows the relays, for the table in :mod:`lanrage.app.operations`."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from zope.interface import Interface

from lanrage.app.operation import Nothing, Operation
from lanrage.app.relay_results import RelaysShown


class IRelayNode(Interface):
    """What a node shows of relays; see :class:`lanrage.app.operations.INode`."""

    # Interface methods have no self and no body.
    # pylint: disable=no-self-argument,no-method-argument

    def relays() -> Awaitable[dict[str, Any]]:
        """The relays and each member's choice among them; the result is a :class:`RelaysShown`."""


RELAYS = (
    Operation(
        "relays",
        Nothing,
        RelaysShown,
        "relays",
        "Show the relays, how far they are, and which ones each member's traffic would take and why.",
        "lanrage relays",
        reads=True,
    ),
)
