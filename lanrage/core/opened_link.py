"""A link as a desktop hands it over (``x-scheme-handler/lanrage``); from any web page, so it is checked here. Pure."""

from __future__ import annotations

from lanrage.core.code import CODE_LIMIT, LINK_START, InvitationCode
from lanrage.errors import BadInput

LINK_LIMIT = CODE_LIMIT + 300
"""Characters: a code, and the server that is shown before it."""
SHORT = f"{LINK_START}join/"
"""The other way to write it: with nothing but the code behind."""


def read_link(text: str) -> InvitationCode:
    """The invitation in a link: ``lanrage://HOST:PORT/join#CODE`` or ``lanrage://join/CODE``.

    :raises BadInput: field ``link``.
    """
    text = text.strip()
    if len(text) > LINK_LIMIT or not text.isascii() or not text.isprintable():
        raise BadInput("link", "too long, or not plain text")
    if not text.lower().startswith(LINK_START):
        raise BadInput("link", f"a link begins with {LINK_START}")
    code = text[len(SHORT) :].rstrip("/") if text.lower().startswith(SHORT) else text
    try:
        return InvitationCode.decode(code)
    except BadInput as error:
        raise BadInput("link", error.rule) from error
