"""Questions to game servers: sent again once, heard from the asked server alone, ended with nothing left."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.game_server import ServerFacts
from lanrage.errors import BadInput, Refused, Unanswered
from lanrage.net.game_query import QUESTIONS_MOST, Answer, QueryClient, draw_token
from lanrage.net.game_query_udp import LOOKED_MOST
from lanrage.net.game_question import REPLIES_MOST
from lanrage.wire.games import QUERIES
from tests.fakes_game_query import MemoryUdpPort, MemoryUdpReactor
from tests.wire.test_games_real import ANSWERS, EXPECTED

TOKEN = 0x4C5207
HOST = "10.66.0.2"


class MemoryCase(SynchronousTestCase):
    """One client, sockets in memory."""

    def setUp(self) -> None:
        """The client; its token is that of the captured answers."""
        self.reactor = MemoryUdpReactor()
        self.client = QueryClient(self.reactor, lambda: TOKEN)

    def ask(self, query: str, port: int = 8303, **how: Any) -> tuple[Deferred[Answer], MemoryUdpPort]:
        """Ask; the Deferred and the socket that it made."""
        asked = self.client.ask(query, HOST, port, **how)
        return asked, self.reactor.made[-1]

    def told(self, asked: Deferred[Answer]) -> ServerFacts:
        """The facts of a question that was answered."""
        return self.successResultOf(asked).facts

    def unanswered(self, asked: Deferred[Answer]) -> str:
        """Why a question failed."""
        return str(self.failureResultOf(asked, Unanswered).value)

    def nothing_left(self) -> None:
        """No socket, no call."""
        self.assertEqual([port.number for port in self.reactor.made if port.open], [])
        self.assertEqual(self.reactor.getDelayedCalls(), [])


class DatagramTests(MemoryCase):
    """UDP."""

    def test_two_steps(self) -> None:
        """The token's answer makes the second question; the time counts from that one."""
        asked, port = self.ask("teeworlds")
        self.assertEqual(port.target, (HOST, 8303))
        self.reactor.advance(0.3)
        port.hear(ANSWERS["teeworlds-token"].payload, HOST, 8303)
        self.reactor.advance(0.02)
        port.hear(ANSWERS["teeworlds"].payload, HOST, 8303)
        answer = self.successResultOf(asked)
        self.assertEqual(answer.facts, EXPECTED["teeworlds"])
        self.assertAlmostEqual(answer.rtt, 0.02)
        self.assertEqual(len(port.sent), 2)
        self.nothing_left()

    def test_sent_again_once(self) -> None:
        """Half-way through its time the question goes out once more; what was lost is not in the time."""
        asked, port = self.ask("ddnet", timeout=2.0)
        self.reactor.advance(1.0)
        self.assertEqual(port.sent, [(QUERIES["ddnet"].opening(TOKEN)[0], None)] * 2)
        self.reactor.advance(0.1)
        port.hear(ANSWERS["ddnet"].payload, HOST, 8303)
        self.assertAlmostEqual(self.successResultOf(asked).rtt, 0.1)

    def test_silence(self) -> None:
        """Nobody answers: an error that names the server, and nothing is left."""
        asked, port = self.ask("ddnet", timeout=2.0)
        self.reactor.pump([0.5] * 4)
        self.assertEqual(self.unanswered(asked), f"{HOST} port 8303 (ddnet) does not answer")
        self.assertEqual(len(port.sent), 2)
        self.nothing_left()

    def test_others_are_not_heard(self) -> None:
        """Another address, another port of the same address, another's token."""
        asked, port = self.ask("ddnet")
        answer = ANSWERS["ddnet"].payload
        port.hear(answer, "10.66.0.3", 8303)
        port.hear(answer, HOST, 8304)
        port.hear(answer.replace(b"5001735", b"5001736"), HOST, 8303)
        self.assertNoResult(asked)
        port.hear(answer, HOST, 8303)
        self.assertEqual(self.told(asked), EXPECTED["ddnet"])

    def test_broken_answers(self) -> None:
        """A broken one is waited out; when no better one comes, the error says so."""
        asked, port = self.ask("ddnet")
        port.hear(ANSWERS["ddnet"].payload[:30], HOST, 8303)
        self.reactor.advance(2.0)
        self.assertIn("answers something broken: DDNet", self.unanswered(asked))

    def test_flood(self) -> None:
        """Of a server gone mad only so many datagrams are looked at."""
        asked, port = self.ask("ddnet")
        for _ in range(LOOKED_MOST):
            port.hear(b"x", HOST, 8303)
        port.hear(ANSWERS["ddnet"].payload, HOST, 8303)
        self.assertNoResult(asked)
        asked.cancel()
        self.failureResultOf(asked, CancelledError)
        self.nothing_left()

    def test_endless_challenges(self) -> None:
        """A server that wants a new challenge each time gets few of them."""
        asked, port = self.ask("a2s", 27015)
        for number in range(REPLIES_MOST + 1):
            port.hear(b"\xff\xff\xff\xffA" + bytes([number] * 4), HOST, 27015)
        self.assertIn("ever more questions", self.unanswered(asked))
        self.assertEqual(len(port.sent), 1 + REPLIES_MOST)
        self.nothing_left()

    def test_refused(self) -> None:
        """ICMP tells that nothing listens: no need to wait."""
        asked, port = self.ask("ddnet")
        port.protocol.connectionRefused()
        self.assertIn("nothing listens at this port", self.unanswered(asked))
        self.nothing_left()

    def test_no_port_of_a_game(self) -> None:
        """No question takes a port that a game here may want: each leaves from any, or shares its group's."""
        for name in sorted(QUERIES.keys() - {"freeciv"}):
            if not QUERIES[name].tcp:
                _, port = self.ask(name, source="10.66.0.1")
                self.assertEqual((port.number, port.interface), (0, "10.66.0.1"), name)
        self.assertFalse({"warcraft3", "widelands", "ut3"} & set(QUERIES))

    def test_no_way(self) -> None:
        """Where the socket, once open, cannot be connected, nor the question be put, its socket goes at once; so many
        such questions leave room for others."""
        for error in (OSError(101, "Network is unreachable"), ValueError("a bug")):
            self.reactor.unreachable = error
            for _ in range(QUESTIONS_MOST + 1):
                asked = self.client.ask("ddnet", HOST, 8303)
                why = self.failureResultOf(asked, Unanswered, ValueError).value
                self.assertIn(str(error), str(why))
                self.assertFalse(self.reactor.made[-1].open)
        self.nothing_left()

    def test_no_way_for_a_group(self) -> None:
        """Likewise where joining it raises."""
        self.reactor.unreachable = OSError("no route")
        self.failureResultOf(self.client.ask("freeciv", HOST, 4555), Unanswered)
        self.nothing_left()

    def test_no_socket(self) -> None:
        """No port at all is an error of the question."""
        self.reactor.taken.add(0)
        self.failureResultOf(self.client.ask("ddnet", HOST, 8303), Unanswered)

    def test_group(self) -> None:
        """Freeciv answers to its group from a port of its own, which is heard from the asked address alone."""
        asked, port = self.ask("freeciv", 4555, source="10.66.0.1")
        self.assertEqual((port.number, port.groups), (4556, [("225.1.1.1", "10.66.0.1")]))
        self.assertEqual(port.sent, [(b"\2", (HOST, 4555)), (b"\1", (HOST, 4555))])
        port.hear(ANSWERS["freeciv"].payload, "10.66.0.3", 40_000)
        self.assertNoResult(asked)
        port.hear(ANSWERS["freeciv"].payload, HOST, 40_000)
        self.assertEqual(self.told(asked), EXPECTED["freeciv"])
        self.nothing_left()

    def test_no_group(self) -> None:
        """A machine without a way for the group."""
        self.reactor.no_group = True
        asked = self.client.ask("freeciv", HOST, 4555)
        self.assertIn("cannot be joined", self.unanswered(asked))
        self.nothing_left()

    def test_goodbye(self) -> None:
        """Luanti's server is told that the number it gave is free again."""
        asked, port = self.ask("luanti", 30_000)
        port.hear(ANSWERS["luanti"].payload, HOST, 30_000)
        self.assertEqual(self.told(asked), EXPECTED["luanti"])
        self.assertEqual(port.sent[-1][0][-2:], b"\x00\x03")
        self.nothing_left()


class InputTests(MemoryCase):
    """What cannot be asked."""

    def refused(self, *what: Any, **how: Any) -> str:
        """The rule that a question breaks."""
        return str(self.failureResultOf(self.client.ask(*what, **how), BadInput).value)

    def test_bad_input(self) -> None:
        """Each names its field."""
        self.assertIn("query: there is no protocol", self.refused("nonsense", HOST, 1))
        self.assertIn("host: must be an IP address", self.refused("ddnet", "example.org", 1))
        self.assertIn("port: must be", self.refused("ddnet", HOST, 0))
        self.assertIn("timeout: must be", self.refused("ddnet", HOST, 1, timeout=0))
        self.assertEqual(self.reactor.made, [])

    def test_busy(self) -> None:
        """So many at once and no more; one that ends makes room."""
        asked = [self.client.ask("ddnet", HOST, 8303) for _ in range(QUESTIONS_MOST)]
        self.assertEqual(self.failureResultOf(self.client.ask("ddnet", HOST, 8303), Refused).value.code, "busy")
        self.reactor.advance(2.0)
        for each in asked:
            self.failureResultOf(each, Unanswered)
        again = self.client.ask("ddnet", HOST, 8303)
        self.assertNoResult(again)
        self.client.stop()
        self.failureResultOf(again, CancelledError)

    def test_known(self) -> None:
        """Our own, the library's, and no other."""
        self.assertTrue(self.client.known("ddnet"))
        self.assertTrue(self.client.known("gamespy1"))
        self.assertFalse(self.client.known("nonsense"))

    def test_tokens(self) -> None:
        """Random, of 31 bits, never 0."""
        tokens = {draw_token() for _ in range(50)}
        self.assertGreater(len(tokens), 40)
        self.assertTrue(all(0 < token < 2**31 for token in tokens))
