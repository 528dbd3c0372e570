"""Which game a server runs, and how it is asked."""

from __future__ import annotations

from ipaddress import IPv4Address

import attrs
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.game_profile import Discovery, DiscoveryKind, Fact, GameProfile, PortRole, PortUse, Speaker
from lanrage.core.game_server import ServerFacts
from lanrage.core.play_ports import Span
from lanrage.core.server_entry import Ask
from lanrage.core.server_games import GROUPS_LIMIT, ServerGames
from tests.strategies_servers import ORIGINS

QUERIES = ("quake3", "minecraft", "a2s", "openttd")
FACT = (Fact("port", "somewhere"),)


def way(format_: str, group: str | None = None) -> Discovery:
    """How a game is found."""
    kind = DiscoveryKind.MULTICAST if group else DiscoveryKind.BROADCAST
    return Discovery(kind, Speaker.HOST, (), IPv4Address(group) if group else None, format=format_)


def use(proto: str, first: int, last: int = 0) -> PortUse:
    """Ports of a game."""
    return PortUse(Span(proto, first, last or first), PortRole.GAME)  # type: ignore[arg-type]


ARENA = GameProfile(
    "openarena", "OpenArena", "high", FACT, ports=(use("udp", 27960),), discovery=(way("quake3"),), query="quake3"
)
XONOTIC = attrs.evolve(ARENA, game="xonotic", name="Xonotic", ports=(use("udp", 26000),))
BLOCKS = GameProfile(
    "minecraft",
    "Minecraft",
    "high",
    FACT,
    ports=(use("tcp", 25565),),
    discovery=(way("minecraft-lan", "224.0.2.60"),),
    query="minecraft",
)
TWO_PORTS = GameProfile("cs", "Two Ports", "high", FACT, ports=(use("udp", 7777),), query="a2s", query_port=27015)
STRANGE = GameProfile("strange", "Strange", "low", FACT, ports=(use("tcp", 5), use("udp", 5)), query="its own")


class GamesTests(SynchronousTestCase):
    """Some profiles."""

    def setUp(self) -> None:
        self.games = ServerGames([ARENA, XONOTIC, BLOCKS, TWO_PORTS, STRANGE], QUERIES)

    def test_game(self) -> None:
        """By the server's own word, else by a format of one game alone; several games of a format are none."""
        cases = {
            ("quake3", "openarena"): ARENA,
            ("quake3", "XONOTIC"): XONOTIC,
            ("quake3", "baseq3"): None,
            ("quake3", ""): None,
            ("minecraft-lan", ""): BLOCKS,
            ("unheard", ""): None,
        }
        found = {said: self.games.of(ServerFacts(said[0], game=said[1])) for said in cases}
        self.assertEqual(cases, found)
        self.assertEqual(["Xonotic", "unknown"], [self.games.name(game) for game in ("xonotic", "unknown")])

    def test_groups(self) -> None:
        """Those of multicast discovery."""
        self.assertEqual(frozenset({IPv4Address("224.0.2.60")}), self.games.groups)
        many = [attrs.evolve(ARENA, game=str(each), discovery=(way("x", f"239.0.0.{each}"),)) for each in range(99)]
        self.assertEqual(GROUPS_LIMIT, len(ServerGames(many, QUERIES).groups))
        unread = attrs.evolve(BLOCKS, discovery=(attrs.evolve(BLOCKS.discovery[0], format=None),))
        self.assertEqual(frozenset(), ServerGames([unread], QUERIES).groups)

    def test_period(self) -> None:
        """Of the way whose format it is."""
        told = attrs.evolve(BLOCKS, discovery=(way("other"), attrs.evolve(BLOCKS.discovery[0], period=1.5)))
        cases = [(told, "minecraft-lan"), (told, "other"), (told, "none"), (None, "minecraft-lan")]
        periods = [self.games.period(profile, ServerFacts(format_)) for profile, format_ in cases]
        self.assertEqual([1.5, None, None, None], periods)

    def test_proto(self) -> None:
        """As the profile says of the port, else of all; UDP where both are or nothing is known."""
        cases = [(BLOCKS, 25565), (BLOCKS, 1), (ARENA, 27960), (STRANGE, 5), (None, 5)]
        self.assertEqual(["tcp", "tcp", "udp", "udp", "udp"], [self.games.proto(*case) for case in cases])

    def test_ask(self) -> None:
        """As the game is asked, at its query port, which moves with the server's; else by the format's own name."""
        cases = [
            (self.games.ask(ARENA, 27961), Ask("quake3", 27961)),
            (self.games.ask(TWO_PORTS, 7777), Ask("a2s", 27015)),
            (self.games.ask(TWO_PORTS, 7779), Ask("a2s", 27017)),
            (self.games.ask(TWO_PORTS, 1000), Ask("a2s", 27015)),
            (self.games.ask(None, 5, ServerFacts("quake3")), Ask("quake3", 5)),
            (self.games.ask(None, 5, ServerFacts("minecraft-lan")), Ask("minecraft", 5)),
            (self.games.ask(STRANGE, 5, ServerFacts("unheard")), Ask()),
            (self.games.ask(None, 5), Ask()),
        ]
        for asked, wanted in cases:
            self.assertEqual(wanted, asked)

    def test_sightings(self) -> None:
        """How to ask is told by our own profile, not by a node's word; its port counts for the same protocol."""
        ben = ORIGINS[1]
        self.assertEqual(Ask("quake3", 5), self.games.detected(ben, "openarena", "udp", 5, "quake3", 0).ask)
        self.assertEqual(Ask("quake3", 6), self.games.detected(ben, "openarena", "udp", 5, "quake3", 6).ask)
        self.assertEqual(Ask("quake3", 5), self.games.detected(ben, "openarena", "udp", 5, "a2s", 6).ask)
        self.assertEqual(Ask(), self.games.detected(ben, "unheard", "udp", 5, "a2s", 5).ask)
        named = self.games.named(ben, "minecraft", 25566, "udp")
        self.assertEqual(("tcp", Ask("minecraft", 25566)), (named.proto, named.ask))
        self.assertEqual("tcp", self.games.named(ben, "", 1, "tcp").proto)
