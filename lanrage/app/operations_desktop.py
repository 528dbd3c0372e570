"""The operations of a party's everyday, for the table in :mod:`lanrage.app.operations` (``docs/desktop.rst``)."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Annotated, Any

from msgspec import Meta
from zope.interface import Interface

from lanrage.app.desktop_results import LagsShown, ReadyShown, RecentParties
from lanrage.app.operation import Nothing, Operation, Request

# Interface methods have no self and no body.
# pylint: disable=no-self-argument,no-method-argument


class AnswerReady(Request, frozen=True):
    """Arguments of ``party.ready``."""

    ready: Annotated[bool, Meta(description="true or false: whether you are ready")] = True


class IDesktopNode(Interface):
    """What a node does for who sits before it; see :class:`lanrage.app.operations.INode`."""

    def recent_parties() -> Awaitable[dict[str, Any]]:
        """The parties of late; the result is a :class:`RecentParties`."""

    def ready_check() -> Awaitable[dict[str, Any]]:
        """Ask all members whether they are ready; the result is a :class:`ReadyShown`.

        :raises Refused: ``not_allowed``, ``busy``, ``not_in_party``, ``no_card``.
        """

    def answer_ready(*, ready: bool) -> Awaitable[dict[str, Any]]:
        """Answer a ready check; the result is a :class:`ReadyShown`.

        :raises Refused: ``not_asked``, ``not_in_party``, ``no_card``.
        """

    def show_lags() -> Awaitable[dict[str, Any]]:
        """Who lags; the result is a :class:`LagsShown`.

        :raises Refused: ``not_in_party``, ``no_card``.
        """


DESKTOP = (
    Operation(
        "party.recent",
        Nothing,
        RecentParties,
        "recent_parties",
        "Show the parties that this machine took part in lately, and with whom.",
        "lanrage party recent",
        reads=True,
    ),
    Operation(
        "party.ready_check",
        Nothing,
        ReadyShown,
        "ready_check",
        "As host or moderator, ask all members whether they are ready; they have a minute to answer.",
        "lanrage party ready-check",
    ),
    Operation(
        "party.ready",
        AnswerReady,
        ReadyShown,
        "answer_ready",
        "Answer a ready check, or change the answer.",
        "lanrage party ready",
    ),
    Operation(
        "party.lags",
        Nothing,
        LagsShown,
        "show_lags",
        "Show who lags, and why, as all members measure it.",
        "lanrage party lags",
        reads=True,
    ),
)
"""Rows of the table."""
