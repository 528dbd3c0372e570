"""Finding a game by what a person types, and showing what is known of it."""

from __future__ import annotations

from ipaddress import ip_address

from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.game_profile import (
    Discovery,
    DiscoveryKind,
    Executable,
    Fact,
    GameProfile,
    Join,
    JoinMethod,
    Platform,
    PortRole,
    PortUse,
    Speaker,
    TrafficClass,
)
from lanrage.core.game_search import find_game, search_games
from lanrage.core.game_values import plain_profile
from lanrage.core.play_ports import Span
from lanrage.errors import BadInput

GAMES = [
    GameProfile(game, name, "low", ()) for game, name in (("q2", "Quake 2"), ("q3a", "Quake 3: Arena"), ("x", "B"))
]


class SearchTests(SynchronousTestCase):
    """Among three games."""

    def ids(self, query: str) -> list[str]:
        """What a search finds."""
        return [game.game for game in search_games(GAMES, query)]

    def test_search(self) -> None:
        """Every word, in id or name, in any case; no words find all, by name."""
        self.assertEqual(["q2", "q3a"], self.ids("QUAKE"))
        self.assertEqual(["q3a"], self.ids("arena quake"))
        self.assertEqual(["x", "q2", "q3a"], self.ids(""))
        self.assertEqual([], self.ids("quake b"))

    def test_find(self) -> None:
        """The id or the whole name is exact; else the one that a search finds."""
        for text in ("q2", "Q2", "quake 2", "2"):
            self.assertEqual("q2", find_game(GAMES, text).game)

    def test_not_found(self) -> None:
        """None, or too many: the latter are named."""
        with self.assertRaisesRegex(BadInput, "no game that is known"):
            find_game(GAMES, "doom")
        with self.assertRaisesRegex(BadInput, "fits 2 games; name one of q2, q3a"):
            find_game(GAMES, "quake")


class ValueTests(SynchronousTestCase):
    """A profile as plain values."""

    def test_plain(self) -> None:
        """Each in its own form; what is unknown is not there."""
        way = Discovery(
            DiscoveryKind.MULTICAST, Speaker.HOST, (Span("udp", 4445, 4445),), ip_address("224.0.2.60"), signature=b"["
        )
        profile = GameProfile(
            "g",
            "G",
            "high",
            (Fact("a", "b"),),
            executables=(Executable(Platform.JAVA, "g.jar"),),
            ports=(PortUse(Span("tcp", 1, 2), PortRole.GAME),),
            discovery=(way,),
            traffic=TrafficClass.REALTIME,
            join=Join(JoinMethod.ADDRESS),
        )
        found = {
            "kind": "multicast",
            "speaker": "host",
            "ports": ["4445/udp"],
            "group": "224.0.2.60",
            "signature": "5b",
        }
        self.assertEqual(
            {
                "executables": [{"platform": "java", "name": "g.jar"}],
                "ports": [{"span": "1-2/tcp", "role": "game"}],
                "discovery": [found],
                "traffic": "realtime",
                "join": {"method": "address"},
            },
            plain_profile(profile),
        )
