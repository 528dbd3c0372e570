"""Which game a server runs, and how it is asked: by the profiles, from what it says (``docs/servers.rst``)."""

from __future__ import annotations

from collections.abc import Container, Iterable
from ipaddress import IPv4Address
from types import MappingProxyType

from lanrage.core.game_profile import DiscoveryKind, GameProfile, PortRole
from lanrage.core.game_server import ServerFacts
from lanrage.core.play_ports import Proto
from lanrage.core.server_browser import Sighting
from lanrage.core.server_entry import Ask, Origin

FORMAT_QUERIES = MappingProxyType({"minecraft-lan": "minecraft"})
"""How servers are asked whose announcements have another name."""
GROUPS_LIMIT = 16
"""Multicast groups that are asked of the members; a machine that asks for more than 64 in all is sent everything."""
SERVERS_APART = 100
"""Ports by which several servers on one machine are apart at most."""


class ServerGames:
    """What the profiles say about servers.

    :param queries: names of the protocols by which servers can be asked.
    :ivar groups: multicast groups in which they announce themselves in a format that has a name.
    """

    def __init__(self, profiles: Iterable[GameProfile], queries: Container[str]) -> None:
        self._queries = queries
        self._games: dict[str, GameProfile] = {}
        self._names: dict[str, GameProfile] = {}
        self._formats: dict[str, list[GameProfile]] = {}
        groups: set[IPv4Address] = set()
        for profile in profiles:
            self._games[profile.game] = self._names[profile.name.casefold()] = profile
            for way in profile.discovery:
                if way.format is not None and profile not in self._formats.setdefault(way.format, []):
                    self._formats[way.format].append(profile)
                read = way.kind is DiscoveryKind.MULTICAST and way.format is not None
                if read and isinstance(way.group, IPv4Address):
                    groups.add(way.group)
        self.groups = frozenset(sorted(groups)[:GROUPS_LIMIT])

    def name(self, game: str) -> str:
        """A game's name; its id where no profile has it."""
        profile = self._games.get(game)
        return profile.name if profile is not None else game

    def of(self, facts: ServerFacts) -> GameProfile | None:
        """The game of a server, if what it said tells: by its own word, else by a format that one game alone has."""
        word = facts.game.casefold()
        named = self._games.get(word) or self._names.get(word)
        if named is not None:
            return named
        candidates = self._formats.get(facts.format, [])
        return candidates[0] if len(candidates) == 1 else None

    def proto(self, profile: GameProfile | None, port: int) -> Proto:
        """The protocol by which players connect to a port: that which the profile says of it, else of all of its
        ports; UDP where nothing is known."""
        spans = [use.span for use in profile.ports if use.role is PortRole.GAME] if profile is not None else []
        at = [span.proto for span in spans if span.first <= port <= span.last] or [span.proto for span in spans]
        return "tcp" if at and set(at) == {"tcp"} else "udp"

    def period(self, profile: GameProfile | None, facts: ServerFacts) -> float | None:
        """Seconds between announcements of a format, as the game's profile has it."""
        ways = profile.discovery if profile is not None else ()
        return next((way.period for way in ways if way.format == facts.format), None)

    def ask(self, profile: GameProfile | None, port: int, facts: ServerFacts | None = None) -> Ask:
        """How a server is asked that players reach at this port: as its game is, else as its format is named."""
        if profile is not None and profile.query is not None and profile.query in self._queries:
            return Ask(profile.query, self._query_port(profile, port))
        query = FORMAT_QUERIES.get(facts.format, facts.format) if facts is not None else ""
        return Ask(query, port) if query in self._queries else Ask()

    def detected(self, origin: Origin, game: str, proto: Proto, port: int, query: str, query_port: int) -> Sighting:
        """A server that its member's node sees. How it is asked is this machine's own profile's word: what a member
        says never chooses what is started here; of it the port counts, where the protocol is the same."""
        ask = self.ask(self._games.get(game), port)
        if ask.query and ask.query == query and query_port:
            ask = Ask(query, query_port)
        return Sighting(origin, port, ServerFacts(""), game, proto, ask)

    def named(self, origin: Origin, game: str, port: int, proto: Proto) -> Sighting:
        """A server that the user named."""
        profile = self._games.get(game)
        told = self.proto(profile, port) if profile is not None else proto
        return Sighting(origin, port, ServerFacts(""), game, told, self.ask(profile, port))

    def _query_port(self, profile: GameProfile, port: int) -> int:
        """A second server on one machine has its query port as far from its own port as the first."""
        firsts = [use.span.first for use in profile.ports if use.role is PortRole.GAME]
        if profile.query_port is None or not firsts:
            return profile.query_port or port
        moved = profile.query_port + port - firsts[0]
        return moved if 0 <= port - firsts[0] < SERVERS_APART and moved <= 65535 else profile.query_port
