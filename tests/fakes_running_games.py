"""Games, their watch, their profiles and marks in memory, for tests of what running games change."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from lanrage.core.game_detection import (
    DetectionResult,
    GameChange,
    GameChanged,
    GameEnded,
    GameStarted,
    Method,
    RunningGame,
)
from lanrage.core.game_profile import (
    Discovery,
    DiscoveryKind,
    Fact,
    GameProfile,
    PortRole,
    PortUse,
    Speaker,
    TrafficClass,
)
from lanrage.core.game_tuning import Marked
from lanrage.core.play_ports import Proto, Span

TEEWORLDS = GameProfile(
    "teeworlds",
    "Teeworlds",
    "high",
    (Fact("8303/udp", "a test"),),
    ports=(PortUse(Span("udp", 8303, 8310), PortRole.GAME),),
    discovery=(Discovery(DiscoveryKind.BROADCAST, Speaker.CLIENT, (Span("udp", 8303, 8310),)),),
    query="teeworlds",
    keepalive=10,
    mtu=1400,
    traffic=TrafficClass.REALTIME,
)
ARMA = GameProfile(
    "arma",
    "ARMA",
    "high",
    (Fact("2302/udp", "a test"),),
    ports=(PortUse(Span("udp", 2302, 2302), PortRole.GAME), PortUse(Span("udp", 2303, 2303), PortRole.QUERY)),
    query="a2s",
    query_port=2303,
    keepalive=7,
)
FILES = GameProfile(
    "files",
    "File sharing",
    "low",
    (Fact("8305/tcp", "a test"),),
    ports=(PortUse(Span("udp", 8305, 8400), PortRole.GAME),),
    mtu=1300,
    traffic=TrafficClass.BULK,
)


def udp(first: int, last: int = 0) -> Span:
    """A span of UDP ports."""
    proto: Proto = "udp"
    return Span(proto, first, last or first)


def running(game: str, *listens: Span, name: str = "", confidence: float = 0.95) -> RunningGame:
    """A game that runs as process 7."""
    found = DetectionResult(game, Method.PROCESS, confidence, "a process", 7)
    return RunningGame(game, name or game.title(), (found,), frozenset({7}), listens, 0.0)


@attrs.define(eq=False)
class MemoryWatch:
    """Games that a test starts and ends."""

    games: dict[str, RunningGame] = attrs.field(factory=dict)
    listeners: list[Callable[[GameChange], None]] = attrs.field(factory=list)

    def running(self) -> tuple[RunningGame, ...]:
        """See :class:`lanrage.app.game_presence.Watch`."""
        return tuple(self.games.values())

    def listen(self, call: Callable[[GameChange], None]) -> Callable[[], None]:
        """See :class:`lanrage.app.game_presence.Watch`."""
        self.listeners.append(call)
        return lambda: self.listeners.remove(call)

    def put(self, game: RunningGame) -> None:
        """It began, or is another than it was."""
        before = self.games.get(game.game)
        self.games[game.game] = game
        self._tell(GameStarted(game) if before is None else GameChanged(game, before))

    def end(self, game: str) -> None:
        """It is gone."""
        self._tell(GameEnded(self.games.pop(game), 9.0))

    def _tell(self, change: GameChange) -> None:
        for call in tuple(self.listeners):
            call(change)


@attrs.define(eq=False)
class MemoryProfiles:
    """Profiles that a test changes."""

    known: dict[str, GameProfile] = attrs.field(factory=lambda: {each.game: each for each in (TEEWORLDS, ARMA, FILES)})
    listeners: list[Callable[[], None]] = attrs.field(factory=list)

    def get(self, game: str) -> GameProfile | None:
        """See :class:`lanrage.app.game_presence.Profiles`."""
        return self.known.get(game)

    def on_change(self, call: Callable[[], None]) -> Callable[[], None]:
        """See :class:`lanrage.app.game_presence.Profiles`."""
        self.listeners.append(call)
        return lambda: self.listeners.remove(call)

    def put(self, profile: GameProfile) -> None:
        """A file was changed."""
        self.known[profile.game] = profile
        for call in tuple(self.listeners):
            call()


@attrs.define(eq=False)
class MemoryMarks:
    """What would be marked: port, marks, outer class; ``None`` while nothing is."""

    standing: tuple[int, tuple[Marked, ...], TrafficClass | None] | None = None
    trouble: str = ""

    async def use(self, port: int, marks: tuple[Marked, ...], outer: TrafficClass | None) -> None:
        """See :class:`lanrage.app.game_tuning.Marks`."""
        self.standing = (port, marks, outer) if marks or outer is not None else None

    async def close(self) -> None:
        """See :class:`lanrage.app.game_tuning.Marks`."""
        self.standing = None
