"""Which servers are shown, and in which order (``docs/servers.rst``)."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import attrs
from rapidfuzz import fuzz

from lanrage.core.server_entry import Joinable, Server, Sort
from lanrage.core.server_marks import Mark

ALIKE = 85.0
"""Share of a word, of 100, that must be found in a text for it to match in spite of a slip."""
FUZZY_FROM = 4
"""Letters of a word from which slips are forgiven: shorter words would match nearly everything."""


@attrs.frozen
class Listed:
    """A server with what is known of it beside the table.

    :param member: the name of who runs it, or its address.
    :param game: the name of its game, or empty.
    :param latency: seconds, if known.
    :param alias: the user's own name for it.
    """

    server: Server
    member: str
    game: str
    mark: Mark = Mark()
    latency: float | None = None
    alias: str = ""

    @property
    def name(self) -> str:
        """What it is called: as the user named it, else its own name, else its game's at its member's."""
        return self.alias or self.server.facts.name or f"{self.game or 'server'} of {self.member}"


@attrs.frozen
class ServerFilter:
    """What a server must be to be shown; what is not said may be any.

    :param game: a profile's id, or a game's name.
    :param players: at least so many play.
    :param password: it asks for one, or not; one that does not say counts as without.
    :param room: it is not full.
    :param reachable: it can be joined from here.
    :param text: each word is in what is said of the server, or nearly so.
    """

    game: str = ""
    players: int = 0
    password: bool | None = None
    room: bool = False
    reachable: bool = False
    favourite: bool = False
    tag: str = ""
    text: str = ""

    def shows(self, listed: Listed) -> bool:
        """Whether it is shown."""
        server, facts, mark = listed.server, listed.server.facts, listed.mark
        return (
            (not self.game or self.game.casefold() in {server.game, listed.game.casefold()})
            and (facts.players or 0) >= self.players
            and (self.password is None or bool(facts.password) is self.password)
            and not (self.room and server.full)
            and not (self.reachable and server.verdict.joinable is not Joinable.YES)
            and not (self.favourite and not mark.favourite)
            and (not self.tag or self.tag.casefold() in mark.tags)
            and found(self.text, _words_of(listed))
        )


def _words_of(listed: Listed) -> str:
    facts = listed.server.facts
    parts = (listed.name, listed.game, listed.server.game, listed.member, facts.map, facts.mode, *listed.mark.tags)
    return " ".join(parts).casefold()


def found(text: str, where: str) -> bool:
    """Whether each word of a search is in a text of small letters; a longer word also with a slip."""
    return all(word in where or _nearly(word, where) for word in text.casefold().split())


def _nearly(word: str, where: str) -> bool:
    if len(word) < FUZZY_FROM:
        return False
    return any(fuzz.ratio(word, other, score_cutoff=ALIKE) >= ALIKE for other in where.split())


_ORDERS: dict[Sort, Callable[[Listed], tuple[object, ...]]] = {
    Sort.NAME: lambda each: (),
    Sort.GAME: lambda each: (each.game.casefold(),),
    Sort.PLAYERS: lambda each: (-(each.server.facts.players or 0),),
    Sort.LATENCY: lambda each: (each.latency is None, each.latency or 0.0),
    Sort.MEMBER: lambda each: (each.member.casefold(),),
}


def ordered(servers: Iterable[Listed], sort: Sort) -> list[Listed]:
    """In this order; favourites first, and those that are equal by name and place."""
    order = _ORDERS[sort]

    def key(each: Listed) -> tuple[object, ...]:
        return not each.mark.favourite, *order(each), each.name.casefold(), each.server.key

    return sorted(servers, key=key)
