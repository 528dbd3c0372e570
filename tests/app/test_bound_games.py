"""Real sockets of this process, as those of a game that runs."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from lanrage.app.bound_games import Game, bound_games
from lanrage.core.diagnosis import BoundGameFacts
from lanrage.core.play_ports import Span
from lanrage.net.game_sockets import bound_of


@contextmanager
def bound(address: str) -> Iterator[int]:
    """A UDP socket at this address; its port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        opened.bind((address, 0))
        yield opened.getsockname()[1]


def game(port: int) -> Game:
    """One that this process is, with this port in its profile."""
    return Game("Quake", frozenset({os.getpid()}), (Span("udp", port, port),))


class BoundGamesTests(SynchronousTestCase):
    """The kernel's own answer."""

    def own(self) -> str:
        """An address of a real card."""
        addresses = [each for card in psutil.net_if_addrs().values() for each in card]
        own = [each.address for each in addresses if each.family is socket.AF_INET]
        real = [each for each in own if not each.startswith("127.")]
        if not real:
            raise SkipTest("this machine has no card with an address")
        return real[0]

    def test_sockets(self) -> None:
        """Protocol, port and address are told; loopback is left out, and who holds none has none."""
        with bound("0.0.0.0") as port, bound("127.0.0.1") as inside:
            found = {(each.proto, each.port, each.address) for each in bound_of([os.getpid()])}
        self.assertIn(("udp", port, "0.0.0.0"), found)
        self.assertNotIn(inside, [each[1] for each in found])
        self.assertEqual([], bound_of([]))

    def test_one_address(self) -> None:
        """A game at a real address is found, unless that is where members reach it; one at all addresses is fine."""
        own = self.own()
        with bound(own) as port:
            facts = [BoundGameFacts("Quake", "udp", port, own)]
            self.assertEqual(facts, bound_games([game(port)], {"10.66.0.1"}, frozenset()))
            self.assertEqual([], bound_games([game(port)], {own}, frozenset()))
            self.assertEqual([], bound_games([game(port)], {"10.66.0.1"}, frozenset({port})))
        with bound("0.0.0.0") as port:
            self.assertEqual([], bound_games([game(port)], {"10.66.0.1"}, frozenset()))
