"""The ports of known games in the registry of ports in play, kept in step with the profiles (``docs/guard.rst``)."""

from __future__ import annotations

from collections.abc import Callable

from lanrage.app.game_profiles import GameProfiles
from lanrage.core.game_ports import fixed_ports
from lanrage.core.play_ports import GAMES_LIMIT, PlayPorts, Source


class FixedPorts:
    """Puts the games in, and takes out those that are known no more."""

    def __init__(self, profiles: GameProfiles) -> None:
        self._profiles = profiles
        self._ports: PlayPorts | None = None
        self._stop: Callable[[], None] | None = None
        self._games: frozenset[str] = frozenset()

    def start(self, ports: PlayPorts) -> None:
        """Fill the registry, and follow the profiles from now on."""
        self.stop()
        self._ports, self._games = ports, frozenset()
        self._stop = self._profiles.on_change(self._update)
        self._update()

    def stop(self) -> None:
        """Follow them no more; what is in the registry stays."""
        if self._stop is not None:
            self._stop()
        self._stop = None

    def _update(self) -> None:
        assert self._ports is not None  # it was started
        wanted = [(each, spans) for each in self._profiles.all() if (spans := fixed_ports(each))][:GAMES_LIMIT]
        games = frozenset(profile.game for profile, _ in wanted)
        for game in self._games - games:
            self._ports.take_out(Source.FIXED, game)
        for profile, spans in wanted:
            self._ports.put(Source.FIXED, profile.game, spans, profile.name)
        self._games = games
