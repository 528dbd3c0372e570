"""Ports in play: which ports games use here, and who says so (``docs/guard.rst``).

Three sources speak through one registry: the list that comes with the program, the user's own list, and whatever
notices games (:meth:`PlayPorts.started`, :meth:`PlayPorts.ended`). While games are noticed the program's list rests:
their ports are in play from their start to their end. What follows the ports listens for changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum
from typing import Literal

import attrs

from lanrage.errors import BadInput

Proto = Literal["tcp", "udp"]
PROTOS: tuple[Proto, ...] = ("tcp", "udp")

SPANS_LIMIT = 64
"""Spans of one game, or of the user's list: the busiest known game has eight."""
GAMES_LIMIT = 256
"""Games of one source: more than anybody runs at once, and than the list of the program has."""
LAST_PORT = 65535


class Source(Enum):
    """Who says that a port is in play."""

    FIXED = "fixed"  # the list that comes with the program
    USER = "user"  # the setting lan.ports
    DETECTED = "detected"  # a game was seen running


@attrs.frozen(order=True)
class Span:
    """Consecutive ports of one protocol.

    :param first: 1 to 65535.
    :param last: at least `first`.
    """

    proto: Proto
    first: int
    last: int

    def __contains__(self, port: tuple[Proto, int]) -> bool:
        return port[0] == self.proto and self.first <= port[1] <= self.last

    def __str__(self) -> str:
        ports = str(self.first) if self.first == self.last else f"{self.first}-{self.last}"
        return f"{ports}/{self.proto}"


@attrs.frozen
class InPlay:
    """A span with the reason why it is in play.

    :param game: its key within the source; for a user's list ``lan.ports``.
    """

    span: Span
    source: Source
    game: str
    reason: str


def check_span(first: int, last: int, field: str, text: str) -> None:
    """Refuse what is no span of ports.

    :raises BadInput: names `field`.
    """
    if not 1 <= first <= last <= LAST_PORT:
        raise BadInput(field, f"{text!r} is not PORT or FIRST-LAST from 1 to {LAST_PORT}, with /tcp or /udp or neither")


def parse_spans(text: str, field: str) -> tuple[Span, ...]:
    """Read ``4445,27960-27963/udp``; without a protocol both are meant. An empty text is no ports.

    :raises BadInput: names `field` and the rule.
    """
    words = [word.strip() for word in text.split(",") if word.strip()]
    if len(words) > SPANS_LIMIT:
        raise BadInput(field, f"more than {SPANS_LIMIT} spans of ports")
    return tuple(span for word in words for span in _parse_word(word, field))


def _parse_word(word: str, field: str) -> Iterable[Span]:
    ports, slash, proto = word.partition("/")
    first_text, dash, last_text = ports.partition("-")
    numbers = [_number(first_text), _number(last_text) if dash else _number(first_text)]
    protos = [each for each in PROTOS if not slash or each == proto]
    if not protos:
        numbers = [0, 0]
    check_span(numbers[0], numbers[1], field, word)
    return (Span(each, *numbers) for each in protos)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= len(str(LAST_PORT)) else 0


def merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The same ports in order, in as few spans as can be."""
    found: list[Span] = []
    for span in sorted(spans):
        before = found[-1] if found else None
        if before is not None and before.proto == span.proto and span.first <= before.last + 1:
            found[-1] = attrs.evolve(before, last=max(before.last, span.last))
        else:
            found.append(span)
    return tuple(found)


class PlayPorts:
    """The registry. Each source has games by a key of its own; the last word on a game counts."""

    def __init__(self) -> None:
        self._games: dict[tuple[Source, str], tuple[str, tuple[Span, ...]]] = {}
        self._listeners: list[Callable[[], None]] = []
        self._watched = False

    def put(self, source: Source, game: str, spans: Iterable[Span], reason: str) -> None:
        """These are the ports of this game, and no others.

        :param game: at most one entry a source and game.
        :raises BadInput: field ``ports``: too many spans, or games of this source; nothing was changed.
        """
        taken = merged(spans)
        if len(taken) > SPANS_LIMIT:
            raise BadInput("ports", f"{game} has more than {SPANS_LIMIT} spans of ports")
        others = sum(1 for each, name in self._games if each is source and name != game)
        if others >= GAMES_LIMIT:
            raise BadInput("ports", f"more than {GAMES_LIMIT} games of the source {source.value}")
        if self._games.get((source, game)) != (reason, taken):
            self._games[source, game] = reason, taken
            self._tell()

    def take_out(self, source: Source, game: str) -> None:
        """This game is not played any more; an unknown one is no error."""
        if self._games.pop((source, game), None) is not None:
            self._tell()

    def started(self, game: str, spans: Iterable[Span]) -> None:
        """A game was seen to start: for what notices games.

        :raises BadInput: see :meth:`put`.
        """
        self.put(Source.DETECTED, game, spans, f"{game} runs")

    def ended(self, game: str) -> None:
        """A game was seen to end."""
        self.take_out(Source.DETECTED, game)

    def watched(self, watched: bool) -> None:
        """Whether somebody notices games: then the program's own list is not in play, but what is seen to run."""
        if watched is not self._watched:
            self._watched = watched
            self._tell()

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` after each change; the result ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def all(self) -> list[InPlay]:
        """Every span with its reason: sources in their order, games by name."""
        order = list(Source)
        rows = sorted(self._standing(), key=lambda row: (order.index(row[0][0]), row[0][1]))
        return [InPlay(span, source, game, reason) for (source, game), (reason, spans) in rows for span in spans]

    def of(self, *sources: Source) -> tuple[Span, ...]:
        """The ports that these sources name, merged."""
        spans = (each for (source, _), (_, spans) in self._standing() if source in sources for each in spans)
        return merged(spans)

    def reasons(self, proto: Proto, port: int) -> list[str]:
        """Why a port is in play; empty where it is not."""
        return [each.reason for each in self.all() if (proto, port) in each.span]

    def _standing(self) -> list[tuple[tuple[Source, str], tuple[str, tuple[Span, ...]]]]:
        """All that counts now."""
        return [row for row in self._games.items() if not (self._watched and row[0][0] is Source.FIXED)]

    def _tell(self) -> None:
        for listener in tuple(self._listeners):
            listener()
