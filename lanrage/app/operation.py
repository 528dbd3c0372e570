"""What a row of the table of operations is, and the arguments that many of them share."""

from __future__ import annotations

from typing import Annotated

import attrs
import msgspec
from msgspec import Meta

from lanrage.core.certificates import NAME_LIMIT, Name
from lanrage.core.code import CODE_LIMIT
from lanrage.core.setting import PLAYER

CODE_TEXT_LIMIT = 2 * CODE_LIMIT
"""Characters of a pasted code with the line breaks that a chat program puts into it."""


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of all requests: unknown arguments are refused."""


_NAME = f"1 to {NAME_LIMIT} characters, without control characters and without blanks at its ends"
NameText = Annotated[Name, Meta(description=_NAME)]
CodeText = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=CODE_TEXT_LIMIT,
        description="an invitation code, which starts with LR1-, its link, or a spoken code",
    ),
]


class Nothing(Request, frozen=True):
    """No arguments."""


@attrs.frozen
class Operation:
    """One row of the table.

    :param name: as the local API calls it.
    :param request: the type of its arguments; each field's description is its rule.
    :param result: the type of its result.
    :param method: the method of :class:`INode`; it takes the request's fields as arguments of the same names.
    :param help: one sentence.
    :param example: the command line that does the same.
    :param long: it tells its progress.
    :param held: it concerns the program that calls, and lasts as long as its connection: the method is told who calls
        (:class:`lanrage.app.caller.Caller`).
    :param asked: the method is told who calls, where somebody does: not all of them may have it all.
    :param reads: it changes nothing and is cheap: it may be asked by HTTP's GET, and watched. Such a one is neither
        long nor held.
    :param local: it is for programs that connect by the socket, and refused to the page (``docs/web-api.rst``).
    :param roles: whose processes do it.
    """

    name: str
    request: type[msgspec.Struct]
    result: type[msgspec.Struct]
    method: str
    help: str
    example: str
    long: bool = False
    held: bool = False
    asked: bool = False
    reads: bool = False
    local: bool = False
    roles: tuple[str, ...] = PLAYER
