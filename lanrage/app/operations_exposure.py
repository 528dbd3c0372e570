"""The operation that shows what a party reaches, for the table in :mod:`lanrage.app.operations`."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from zope.interface import Interface

from lanrage.app.operation import Nothing, Operation
from lanrage.app.results import Result
from lanrage.core.listening import ServiceFacts


class InPlayShown(Result, frozen=True):
    """Ports in play, and why.

    :param ports: as ``--lan-ports`` takes them.
    :param source: ``fixed``, ``user`` or ``detected``.
    """

    ports: str
    source: str
    game: str
    reason: str


class ExposureShown(Result, frozen=True):
    """What a party reaches of this machine (:class:`lanrage.core.listening.ExposureFacts`), and the ports in play."""

    exposure: str
    services: list[ServiceFacts]
    refused: int
    restored: int
    trouble: str
    understood: bool
    in_play: list[InPlayShown]


class IExposedNode(Interface):
    """What a node shows of its exposure; see :class:`lanrage.app.operations.INode`."""

    # Interface methods have no self and no body.
    # pylint: disable=no-self-argument,no-method-argument

    def exposure() -> Awaitable[dict[str, Any]]:
        """What members reach; the result is an :class:`ExposureShown`."""


EXPOSURE = (
    Operation(
        "lan.exposure",
        Nothing,
        ExposureShown,
        "exposure",
        "Show what of this machine the party reaches, and which ports are in play.",
        "lanrage lan exposure",
        reads=True,
    ),
)
