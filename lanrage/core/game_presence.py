"""What members play and host: the words, and who tells them when (``docs/games-effects.rst``).

Each member tells the others when it changed, when a link comes up, and again now and then; what nobody repeats is
forgotten. A pure machine: inputs come with the time and give back to whom something is to be sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import attrs

from lanrage.core.game_detection import RunningGame
from lanrage.core.game_profile import GameProfile, PortRole
from lanrage.core.play_ports import PROTOS, Proto, Span
from lanrage.core.shown_text import shown_text

SURE = 0.76
"""Others are told of a game from this confidence on: open ports alone (0.75 at most) are a guess."""
GAMES_LIMIT = 8
"""Games of one member at once."""
SERVERS_LIMIT = 4
"""Servers of one game at one member."""
NAME_LIMIT = 48
"""Characters of a game's name; of 396 collected names the longest that matters has 43."""
REPEAT, JITTER = 30.0, 6.0
"""Seconds between two tellings of the same, give or take."""
SILENCE = 110.0
"""Seconds until a member that repeats nothing plays nothing: three tellings were lost."""
SPACING = 1.0
"""Seconds between two tellings because something changed; the first goes at once."""
AGAIN = 2.0
"""Seconds after which a member whose link came up, or that started anew, is told once more: the first may be lost
while the link settles."""
LIVES_LIMIT, LIVES_SPAN = 3, 60.0
"""Lives of one member in so many seconds that all are told once more for: people restart a node no more often."""
FAREWELLS = 3
"""Tellings that nothing is played any more: some may be lost."""
LIFE_BYTES = 8
"""Of the number that tells one life of a node from its next."""


@attrs.frozen
class Hosted:
    """A server of a game at one member, at its party address.

    :param query: name of the protocol by which it is asked; empty where none is known.
    :param query_port: where, 0 without a protocol.
    """

    proto: Proto
    port: int
    query: str = ""
    query_port: int = 0


@attrs.frozen
class Playing:
    """A game that runs at one member.

    :param game: the profile's id.
    :param hosting: others can join it there.
    """

    game: str
    name: str
    hosting: bool = False
    servers: tuple[Hosted, ...] = ()


def playing(running: RunningGame, profile: GameProfile | None) -> Playing:
    """What others are told of a game that runs here.

    A server is a socket of it that listens at a port which its profile knows as the game's.
    """
    told = profile.name if profile is not None else running.name
    name = shown_text(told, NAME_LIMIT) or running.game
    servers = tuple(_servers(running, profile))[:SERVERS_LIMIT] if profile is not None else ()
    return Playing(running.game, name, bool(servers), servers)


def _servers(running: RunningGame, profile: GameProfile) -> Iterable[Hosted]:
    for use in (each for each in profile.ports if each.role is PortRole.GAME):
        for span in running.listens:
            if span.proto == use.span.proto:
                ports = range(max(span.first, use.span.first), min(span.last, use.span.last) + 1)
                for port in ports[:SERVERS_LIMIT]:
                    yield _hosted(use.span, port, running.listens, profile)


def _hosted(known: Span, port: int, listens: tuple[Span, ...], profile: GameProfile) -> Hosted:
    """A second server on one machine has its query port as far from its own port as the first."""
    if profile.query is None:
        return Hosted(known.proto, port)
    usual = profile.query_port if profile.query_port is not None else port
    moved = usual + port - known.first if profile.query_port is not None else port
    there = any((proto, moved) in span for span in listens for proto in PROTOS)
    return Hosted(known.proto, port, profile.query, moved if there else usual)


@attrs.define
class _Member:
    """What one member told last.

    :param born: when new lives of it made this node tell all once more, within the last :data:`LIVES_SPAN`.
    """

    life: bytes
    number: int
    games: tuple[Playing, ...]
    at: float
    born: tuple[float, ...]


@attrs.define
class PresenceTalk:
    """The machine of one node.

    :param life: drawn at the start, :data:`LIFE_BYTES` bytes.
    :param draw: a number from 0 to 1.
    :ivar games: what this node tells of itself.
    :ivar number: of what it tells; grows by each change.
    """

    life: bytes
    _draw: Callable[[], float]
    games: tuple[Playing, ...] = ()
    number: int = 0
    _members: dict[bytes, _Member] = attrs.field(factory=dict)
    _ready: frozenset[bytes] = frozenset()
    _cut_off: frozenset[bytes] = frozenset()
    _told_at: float | None = None
    _due: float | None = None
    _farewells: int = 0

    @property
    def members(self) -> dict[bytes, tuple[Playing, ...]]:
        """Who plays what, by identity; who plays nothing, or is cut off, is not there."""
        there = ((identity, each) for identity, each in self._members.items() if identity not in self._cut_off)
        return {identity: each.games for identity, each in there if each.games}

    def cut_off(self, identities: frozenset[bytes]) -> bool:
        """No path leads to these members any more; whether somebody is shown otherwise than before.

        What they told is kept: a path that opens again shows it.
        """
        before = self.members
        self._cut_off = identities
        return self.members != before

    def said(self, games: tuple[Playing, ...], now: float) -> frozenset[bytes]:
        """These are what this node plays; to whom to tell it now."""
        if games == self.games:
            return frozenset()
        self.games, self.number, self._farewells = games, self.number + 1, FAREWELLS
        if self._told_at is None or now - self._told_at >= SPACING:
            return self._tell(now)
        self._due = self._told_at + SPACING
        return frozenset()

    def ready(self, identities: frozenset[bytes], now: float) -> frozenset[bytes]:
        """These members' links are up, and no others; to whom to tell what is played here.

        What was heard of the others is kept until they are silent for too long, or :meth:`gone`.
        """
        fresh, self._ready = identities - self._ready, identities
        if fresh:
            self._soon(now)
        return fresh

    def gone(self, members: frozenset[bytes]) -> bool:
        """Only these are members any more; whether somebody who played is none."""
        return self._forget([identity for identity in self._members if identity not in members])

    def left(self) -> tuple[int, frozenset[bytes]]:
        """This node goes out of its party; by which number to tell whom that it plays nothing there any more.

        What it plays in the next party has a higher number.
        """
        farewell, to = self.number + 1, self._ready if self.games or self._farewells > 0 else frozenset()
        self.number, self._ready, self._due = self.number + 2, frozenset(), None
        self._cut_off = frozenset()
        self._members.clear()
        return farewell, to

    def heard(
        self, identity: bytes, life: bytes, number: int, games: tuple[Playing, ...], now: float
    ) -> tuple[bool, frozenset[bytes]]:
        """A member told; whether it is something else than before, and to whom to tell what is played here.

        What was sent earlier and comes later does not count. A member in a new life knows nothing yet: its links may
        have come up unnoticed here. Beyond :data:`LIVES_LIMIT`
        of its lives it is told alone.
        """
        known = self._members.get(identity)
        if known is not None and known.life == life and number < known.number:
            return False, frozenset()
        new = known is None or known.life != life
        born = tuple(at for at in (known.born if known is not None else ()) if now - at < LIVES_SPAN)
        if new and len(born) < LIVES_LIMIT:
            born = (*born, now)
            self._soon(now)
        self._members[identity] = _Member(life, number, games, now, born)
        return games != (known.games if known is not None else ()), frozenset({identity} if new and self.games else ())

    def tick(self, now: float) -> tuple[frozenset[bytes], bool]:
        """Time has passed: to whom to tell, and whether somebody was forgotten."""
        late = [identity for identity, each in self._members.items() if now >= each.at + SILENCE]
        forgotten = self._forget(late)
        due = self._due is not None and now >= self._due
        return (self._tell(now) if due else frozenset()), forgotten

    def deadline(self) -> float | None:
        """When :meth:`tick` is due."""
        moments = [each.at + SILENCE for each in self._members.values()]
        if self._due is not None:
            moments.append(self._due)
        return min(moments, default=None)

    def _forget(self, identities: Iterable[bytes]) -> bool:
        """Whether one of them played."""
        return sum(len(self._members.pop(identity).games) for identity in identities) > 0

    def _soon(self, now: float) -> None:
        """All are told once more; where nothing is played nobody needs it."""
        if self.games:
            self._due = min(now + AGAIN, self._due if self._due is not None else now + AGAIN)

    def _tell(self, now: float) -> frozenset[bytes]:
        self._told_at = now
        self._farewells -= not self.games
        more = bool(self.games) or self._farewells > 0
        self._due = now + self._interval() if more and self._ready else None
        return self._ready

    def _interval(self) -> float:
        return REPEAT - JITTER + 2 * JITTER * self._draw()
