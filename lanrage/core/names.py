"""When two names are one: what a reader cannot tell apart must not name two members."""

from __future__ import annotations

import unicodedata


def name_key(name: str) -> str:
    """The form by which names are compared: NFKC, without case and invisible characters, spaces run together.

    NFKC and not NFC, since full-width letters and ligatures look like the plain ones in a lobby.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return " ".join("".join(char for char in folded if unicodedata.category(char) != "Cf").split())
