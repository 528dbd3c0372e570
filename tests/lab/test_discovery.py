"""The discovery of the demonstration's games: what is broadcast, and what counts as a server's answer."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.lab.discovery import DDNET, OPENTTD, TEEWORLDS, TOKEN, Discovery, Found
from lanrage.wire.games import Reply
from tests.strategies_games import hostile
from tests.wire.test_games_real import ANSWERS

ALL = (TEEWORLDS, DDNET, OPENTTD)


class DiscoveryTests(SynchronousTestCase):
    """The captured answers are to the laboratory's own token."""

    def test_token(self) -> None:
        """Otherwise the answers below would be somebody else's."""
        self.assertEqual({captured.token for name, captured in ANSWERS.items() if name != "ddnet-06"}, {TOKEN})

    def test_titles(self) -> None:
        """The server's name, or the game's where the answer has none."""
        self.assertEqual(TEEWORLDS.read(ANSWERS["teeworlds"].payload), Found("lanrage-tw"))
        self.assertEqual(DDNET.read(ANSWERS["ddnet"].payload), Found("lanrage-dd"))
        self.assertEqual(OPENTTD.read(ANSWERS["openttd-find"].payload), Found("openttd"))

    def test_token_request(self) -> None:
        """Teeworlds' first answer makes the client ask on."""
        self.assertIsInstance(TEEWORLDS.read(ANSWERS["teeworlds-token"].payload), Reply)

    def test_openings(self) -> None:
        """As the games' clients send them."""
        self.assertEqual(OPENTTD.opening(), b"\x03\x00\x00")
        self.assertEqual(len(TEEWORLDS.opening()), 7 + 512)
        self.assertEqual(DDNET.opening(), b"xe\x4c\x52\0\0\xff\xff\xff\xffgie3\x07")
        self.assertEqual(list(DDNET.ports), list(range(8303, 8311)))

    @given(st.sampled_from(ALL), hostile)
    def test_anything_else_is_none(self, discovery: Discovery, datagram: bytes) -> None:
        """Never an error: the laboratory's sockets hear everything on the LAN."""
        self.assertIsInstance(discovery.read(datagram), Found | Reply | None)
