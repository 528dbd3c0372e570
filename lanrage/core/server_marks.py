"""What the user keeps about servers: favourites, tags, and servers that the user named (``docs/servers.rst``).

A mark is of a member, a port and a game, since a member's address is another in another party; of an address only where
no member is behind it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType

import attrs

from lanrage.core.server_browser import MANUAL_LIMIT
from lanrage.core.server_entry import Origin
from lanrage.core.shown_text import shown_text
from lanrage.errors import BadInput

MARKS_LIMIT = 512
"""Servers with a mark; what was marked first is not forgotten for it."""
TAGS_LIMIT = 8
"""Tags of one server."""
TAG_LIMIT = 24
"""Characters of a tag."""


@attrs.frozen(order=True)
class MarkKey:
    """What stays the same about a server.

    :param who: a member's identity in hexadecimal, or an address.
    """

    who: str
    port: int
    game: str = ""

    @classmethod
    def of(cls, origin: Origin, port: int, game: str) -> MarkKey:
        """The key of a server."""
        return cls(origin.member.hex() if origin.member is not None else origin.address, port, game)


@attrs.frozen
class Mark:
    """What the user said of a server; one that says nothing is not kept.

    :param tags: in order.
    """

    favourite: bool = False
    tags: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.favourite or bool(self.tags)


@attrs.frozen
class Named:
    """A server that the user named.

    :param name: the user's own, or empty.
    """

    key: MarkKey
    name: str = ""
    tcp: bool = False


@attrs.frozen
class Marks:
    """All of them, as they are kept."""

    marks: Mapping[MarkKey, Mark] = MappingProxyType({})
    named: tuple[Named, ...] = ()

    def of(self, key: MarkKey) -> Mark:
        """A server's mark. One that was made while its game was not known counts for every game."""
        return self.marks.get(key) or self.marks.get(attrs.evolve(key, game="")) or Mark()

    def marked(self, key: MarkKey, mark: Mark) -> Marks:
        """With this mark instead of the server's.

        :raises BadInput: field ``server``: too many have one.
        """
        others = {each: known for each, known in self.marks.items() if each not in (key, attrs.evolve(key, game=""))}
        if mark and len(others) >= MARKS_LIMIT:
            raise BadInput("server", f"{MARKS_LIMIT} servers have marks already; take one off")
        return attrs.evolve(self, marks=MappingProxyType(others | ({key: mark} if mark else {})))

    def with_named(self, named: Named) -> Marks:
        """With this server; an entry of the same place is replaced.

        :raises BadInput: field ``address``: too many.
        """
        others = self._but(named.key)
        if len(others) >= MANUAL_LIMIT:
            raise BadInput("address", f"{MANUAL_LIMIT} servers are named already; remove one")
        return attrs.evolve(self, named=(*others, named))

    def without_named(self, key: MarkKey) -> Marks:
        """Without the server at this place, whatever its game; unchanged where there is none."""
        return attrs.evolve(self, named=self._but(key))

    def _but(self, key: MarkKey) -> tuple[Named, ...]:
        return tuple(each for each in self.named if (each.key.who, each.key.port) != (key.who, key.port))


def check_tag(text: str) -> str:
    """A tag as it is kept: small letters, one line.

    :raises BadInput: field ``tag``.
    """
    tag = shown_text(text, TAG_LIMIT + 1).casefold()
    if not tag or len(tag) > TAG_LIMIT:
        raise BadInput("tag", f"must have 1 to {TAG_LIMIT} characters that can be seen")
    return tag


def retagged(mark: Mark, add: Iterable[str], remove: Collection[str]) -> Mark:
    """With other tags.

    :raises BadInput: field ``tag``: one that cannot be, or too many.
    """
    gone = {check_tag(text) for text in remove}
    tags = dict.fromkeys([*mark.tags, *(check_tag(text) for text in add)])
    kept = tuple(tag for tag in tags if tag not in gone)
    if len(kept) > TAGS_LIMIT:
        raise BadInput("tag", f"a server has at most {TAGS_LIMIT} tags")
    return attrs.evolve(mark, tags=kept)
