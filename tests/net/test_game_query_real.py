"""Questions over the loopback: datagrams, streams in pieces, closed ports; and the library in a process of its own."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory
from twisted.trial.unittest import TestCase

from lanrage.core.game_server import ServerFacts
from lanrage.errors import MissingRight, Unanswered
from lanrage.net.game_query import Answer, QueryClient
from lanrage.net.game_query_far import OUTPUT_BYTES, FarQueries, facts, read_told
from lanrage.wire.games.formats import DATAGRAM_BYTES
from tests import game_packets as packets
from tests.fakes_game_query import TcpServer, UdpServer
from tests.readers import check_reader
from tests.wire.test_games_real import ANSWERS, EXPECTED

LOOPBACK = "127.0.0.1"


class LoopbackCase(TestCase):
    """The real reactor."""

    timeout = 120

    def setUp(self) -> None:
        """The client."""
        from twisted.internet import reactor

        self.reactor: Any = reactor
        self.client = QueryClient(reactor, lambda: 0x4C5207)

    def udp(self, *answers: bytes) -> int:
        """A server's port."""
        port = self.reactor.listenUDP(0, UdpServer(*answers), LOOPBACK)
        self.addCleanup(port.stopListening)
        return int(port.getHost().port)

    def tcp(self, *pieces: bytes, hang_up: bool = False) -> int:
        """A server's port."""
        kind = type("Server", (TcpServer,), {"pieces": pieces, "hang_up": hang_up})
        port = self.reactor.listenTCP(0, Factory.forProtocol(kind), interface=LOOPBACK)
        self.addCleanup(port.stopListening)
        return int(port.getHost().port)

    async def why(self, asked: Deferred[Answer]) -> str:
        """Why a question fails."""
        try:
            await asked
        except Unanswered as error:
            return str(error)
        raise AssertionError("it was answered")


class LoopbackTests(LoopbackCase):
    """Our own protocols."""

    async def test_udp(self) -> None:
        """Two steps through real sockets, with a time that was measured."""
        port = self.udp(ANSWERS["teeworlds-token"].payload, ANSWERS["teeworlds"].payload)
        answer = await self.client.ask("teeworlds", LOOPBACK, port, source=LOOPBACK)
        self.assertEqual(answer.facts, EXPECTED["teeworlds"])
        self.assertTrue(0 < answer.rtt < 2)

    async def test_udp_refused(self) -> None:
        """A closed port is told at once, not after the timeout."""
        port = self.reactor.listenUDP(0, UdpServer(), LOOPBACK)
        number = port.getHost().port
        await port.stopListening()
        begin = self.reactor.seconds()
        self.assertIn("nothing listens", await self.why(self.client.ask("ddnet", LOOPBACK, number, timeout=8.0)))
        self.assertLess(self.reactor.seconds() - begin, 6.0)

    async def test_tcp_in_pieces(self) -> None:
        """An answer that comes byte by byte."""
        status = packets.minecraft_status({"description": "Ann", "players": {"online": 1, "max": 4}})
        port = self.tcp(*(status[at : at + 1] for at in range(len(status))))
        answer = await self.client.ask("minecraft", LOOPBACK, port)
        expected = ServerFacts("minecraft", "Ann", game="minecraft-java", players=1, players_limit=4)
        self.assertEqual(answer.facts, expected)

    async def test_tcp_real_answer(self) -> None:
        """OpenTTD's and BZFlag's, as captured."""
        for name in ("openttd", "bzflag"):
            answer = await self.client.ask(name, LOOPBACK, self.tcp(ANSWERS[name].payload))
            self.assertEqual(answer.facts, EXPECTED[name])

    async def test_tcp_errors(self) -> None:
        """Hung up, too much, broken, silent, closed: each with its words."""
        self.assertIn("hangs up", await self.why(self.client.ask("bzflag", LOOPBACK, self.tcp(b"BZ", hang_up=True))))
        flood = self.tcp(b"BZFS0221\x01" + b"\x40\x00gt" + bytes(DATAGRAM_BYTES))
        self.assertIn("more than", await self.why(self.client.ask("bzflag", LOOPBACK, flood)))
        broken = self.tcp(b"HTTP/1.1 400 Bad Request\r\n")
        self.assertIn("broken", await self.why(self.client.ask("openttd", LOOPBACK, broken)))
        silent = self.tcp(b"")
        self.assertIn("does not answer", await self.why(self.client.ask("openttd", LOOPBACK, silent, timeout=0.1)))
        self.assertIn("cannot be reached", await self.why(self.client.ask("openttd", LOOPBACK, 1)))


class FarTests(LoopbackCase):
    """The library's protocols."""

    async def test_gamespy(self) -> None:
        """A server that answers like Unreal Tournament is understood by the library, in its own process."""
        told = b"\\gamename\\ut\\hostname\\Ann\x1b's\\mapname\\DM-Deck16\\numplayers\\3\\maxplayers\\8\\gamever\\451"
        port = self.udp(told + b"\\password\\False\\final\\\\queryid\\1.1")
        answer = await self.client.ask("gamespy1", LOOPBACK, port, timeout=10.0)
        expected = ServerFacts("gamespy1", "Ann's", map="DM-Deck16", version="451", players=3, players_limit=8)
        self.assertEqual(answer.facts.name, expected.name)
        self.assertEqual((answer.facts.players, answer.facts.players_limit), (3, 8))
        self.assertIs(answer.facts.password, False)

    async def test_missing_library(self) -> None:
        """Without the library one line says what to install."""
        client = QueryClient(self.reactor, far=FarQueries(self.reactor, "no_such_library"))
        failed = client.ask("gamespy1", LOOPBACK, 7778)
        error = self.failureResultOf(failed, MissingRight).value
        self.assertEqual(str(error), "the query gamespy1 needs no_such_library: pip install 'lanrage[queries]'")

    def test_what_the_process_says_is_bounded(self) -> None:
        """Its words are checked like a stranger's."""
        told = read_told(b'{"seconds": 0.5, "name": "A\\u001b[2Jnn", "players": -1, "players_limit": 8}')
        self.assertEqual(facts("ase", told), ServerFacts("ase", "A[2Jnn", players_limit=8))
        for raw in (b"", b"{}", b'{"seconds": 1, "more": 2}', b"[" * OUTPUT_BYTES):
            check_reader(read_told, raw)
