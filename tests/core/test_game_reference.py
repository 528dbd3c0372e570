"""The page of all known games."""

from __future__ import annotations

from ipaddress import ip_address

from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.game_profile import (
    Discovery,
    DiscoveryKind,
    Executable,
    GameProfile,
    Join,
    JoinMethod,
    Platform,
    PortRole,
    PortUse,
    Speaker,
)
from lanrage.core.game_reference import reference
from lanrage.core.play_ports import Span


class ReferenceTests(SynchronousTestCase):
    """Of two games."""

    def test_table(self) -> None:
        """By name; what is known in its cell, what is not in none; a port of two roles once; marks of reST escaped."""
        beacon = (Span("udp", 4445, 4445),)
        group = ip_address("224.0.2.60")
        full = GameProfile(
            "b",
            "b*_Game",
            "high",
            (),
            (Executable(Platform.LINUX, "b"), Executable(Platform.WINDOWS, "b.exe")),
            (7,),
            ports=tuple(PortUse(Span("udp", 1, 2), role) for role in (PortRole.GAME, PortRole.QUERY)),
            discovery=(Discovery(DiscoveryKind.MULTICAST, Speaker.HOST, beacon, group),) * 2,
            query="quake3",
            join=Join(JoinMethod.COMMAND, ("+connect", "{address}")),
        )
        many = Discovery(DiscoveryKind.BROADCAST, Speaker.CLIENT, tuple(Span("udp", port, port) for port in (1, 3, 5)))
        lines = reference([full, GameProfile("a", "A", "low", (), discovery=(many,))]).splitlines()
        self.assertEqual("2 games.", lines[0])
        self.assertEqual(
            [
                "   * - A (``a``, low)",
                "     -",
                "     -",
                "     - client, broadcast to 1/udp, 3/udp, ...",
                "     -",
                "   * - b\\*\\_Game (``b``, high)",
                "     - ``b``, ``b.exe``, Steam 7",
                "     - 1-2/udp",
                "     - host, multicast to 224.0.2.60, 4445/udp",
                "     - quake3, ``+connect {address}``",
            ],
            lines[-10:],
        )
