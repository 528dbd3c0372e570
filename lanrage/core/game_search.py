"""Finding a game by what a person types. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from lanrage.core.game_profile import GameProfile
from lanrage.errors import BadInput

NEAR_SHOWN = 5
"""Games that an error names."""


def search_games(profiles: Iterable[GameProfile], query: str) -> list[GameProfile]:
    """The games whose id or name holds each word of the query, by name."""
    words = query.casefold().split()
    found = [each for each in profiles if all(word in f"{each.game} {each.name}".casefold() for word in words)]
    return sorted(found, key=lambda each: (each.name.casefold(), each.game))


def find_game(profiles: Iterable[GameProfile], text: str) -> GameProfile:
    """The game of this id or name, or the one that a search finds.

    :raises BadInput: field ``game``: there is none, or more than one.
    """
    known = tuple(profiles)
    exact = [each for each in known if text.casefold() in (each.game, each.name.casefold())]
    found = exact[:1] or search_games(known, text)
    if not found:
        raise BadInput("game", f"{text!r} is no game that is known; lanrage games list names all")
    if len(found) > 1:
        near = ", ".join(each.game for each in found[:NEAR_SHOWN])
        raise BadInput("game", f"{text!r} fits {len(found)} games; name one of {near}{', ...' * (len(found) > 5)}")
    return found[0]
