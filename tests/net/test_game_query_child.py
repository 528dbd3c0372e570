"""What the library's many forms of an answer become; the program itself ends without a word when nobody answers."""

from __future__ import annotations

import socket
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from lanrage.net import game_query_child
from lanrage.net.game_query_child import number, read
from lanrage.net.game_query_far import CLASSES


@dataclass
class Flat:
    """As of All-Seeing Eye: everything on one level."""

    hostname: str = "Ann"
    map: str = "arena"
    num_players: int = 3
    max_players: int = 8
    password: bool = True
    version: str = "1.0"
    game_type: str = "ctf"
    players: list[str] = field(default_factory=lambda: ["a"])


@dataclass
class Nested:
    """As of GameSpy 2: texts under ``info``, players as a list."""

    info: dict[str, str]
    players: list[str]


class ReadTests(SynchronousTestCase):
    """Facts among all that was told."""

    def test_flat(self) -> None:
        """Each in its place; the number that was told goes before the list of players."""
        expected = {
            "seconds": 0.1,
            "name": "Ann",
            "map": "arena",
            "mode": "ctf",
            "version": "1.0",
            "players": 3,
            "players_limit": 8,
            "password": True,
        }
        self.assertEqual(read(Flat(), 0.1), expected)

    def test_nested(self) -> None:
        """Keys in any letters, numbers as texts, players counted where no number was told."""
        told = read(Nested({"HostName": "Ann", "mapname": "x", "maxplayers": "16", "password": "0"}, ["a", "b"]), 0.1)
        facts = (told["name"], told["map"], told["players"], told["players_limit"], told["password"])
        self.assertEqual(facts, ("Ann", "x", 2, 16, False))

    def test_little(self) -> None:
        """What was not told is absent."""
        told = read({"nothing": 1}, 0.1)
        self.assertEqual((told["name"], told["players"], told["password"]), ("", None, None))

    def test_numbers(self) -> None:
        """Lists are counted, anything else is a number or none."""
        values: list[Any] = [[1, 2], "7", 7, "x", None, float("inf")]
        self.assertEqual([number(value) for value in values], [2, 7, 7, None, None, None])


class ProgramTests(SynchronousTestCase):
    """The script."""

    def run_it(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        """Run it as the node does."""
        command = [sys.executable, "-I", game_query_child.__file__, *arguments]
        return subprocess.run(command, capture_output=True, env={}, cwd="/", timeout=30, check=False)

    def test_nobody_answers(self) -> None:
        """No word, an exit code."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind(("127.0.0.1", 0))
            done = self.run_it("GameSpy1.get_status", "127.0.0.1", str(silent.getsockname()[1]), "0.1")
        self.assertEqual((done.returncode, done.stdout), (1, b""))

    def test_all_are_there(self) -> None:
        """Each class and method exists in the installed library."""
        from opengsq import protocols  # type: ignore[import-untyped]

        for name in CLASSES.values():
            kind, _, method = name.partition(".")
            self.assertTrue(callable(getattr(getattr(protocols, kind), method)), name)
