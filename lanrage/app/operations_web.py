"""The operation behind ``lanrage web``, for the table in :mod:`lanrage.app.operations` (``docs/web-api.rst``)."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from zope.interface import Interface

from lanrage.app.caller import Caller
from lanrage.app.operation import Nothing, Operation
from lanrage.app.results import Result


class WebOpened(Result, frozen=True):
    """A link to the page.

    :param url: logs the caller's user in; it counts once. A secret.
    :param page: the page's address without that.
    :param expires_s: seconds within which the link must be used.
    """

    url: str
    page: str
    expires_s: float


class IWebNode(Interface):
    """What a node does for browsers; see :class:`lanrage.app.operations.INode`."""

    # Interface methods have no self and no body.
    # pylint: disable=no-self-argument,no-method-argument

    def open_web(*, caller: Caller) -> Awaitable[dict[str, Any]]:
        """A link to the page that logs the caller's user in; the result is a :class:`WebOpened`.

        :raises Refused: ``web_off``: the node serves no page.
        """


WEB = (
    Operation(
        "web.open",
        Nothing,
        WebOpened,
        "open_web",
        "Make a link to this node's page that logs the calling user in, once.",
        "lanrage web",
        held=True,
        local=True,
    ),
)
"""The operation of ``lanrage web``."""
