"""The operation that draws QR codes, for the table in :mod:`lanrage.app.operations`."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Annotated, Any

from msgspec import Meta
from zope.interface import Interface

from lanrage.app.operation import Operation, Request
from lanrage.app.qr import TEXT_LIMIT
from lanrage.app.results import Result


class MakeQr(Request, frozen=True):
    """Arguments of ``qr``."""

    text: Annotated[
        str, Meta(min_length=1, max_length=TEXT_LIMIT, description=f"a text of 1 to {TEXT_LIMIT} bytes, such as a link")
    ]


class QrShown(Result, frozen=True):
    """A QR code.

    :param svg: as the text of an SVG picture.
    :param terminal: in half blocks, two rows of modules a line.
    """

    svg: str
    terminal: str


class IQrNode(Interface):
    """What draws QR codes; see :class:`lanrage.app.operations.INode`."""

    # Interface methods have no self and no body.
    # pylint: disable=no-self-argument,no-method-argument

    def make_qr(*, text: str) -> Awaitable[dict[str, Any]]:
        """The code of a text; the result is a :class:`QrShown`.

        :raises BadInput: field ``text``: it does not fit into a code.
        """


QR = (
    Operation(
        "qr",
        MakeQr,
        QrShown,
        "make_qr",
        "Draw a text, such as an invitation's link, as a QR code.",
        "lanrage qr lanrage://play.example.org:7766/join",
    ),
)
"""Rows of the table."""
