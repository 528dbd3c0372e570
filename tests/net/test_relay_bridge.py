"""The control server's side of the relay over WebSocket: what honest nodes get through it, and hostile ones do not."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from lanrage.core.datagram_queue import QUEUE_DATAGRAMS
from lanrage.core.guests import HOST_LIMIT
from lanrage.core.relay import BindRequest
from lanrage.errors import Unreachable
from lanrage.net.paced import STALL_TIMEOUT
from lanrage.net.relay_bridge import IDLE_TIMEOUT
from lanrage.net.relay_targets import stand_in
from lanrage.wire.control import RelayInfo
from lanrage.wire.relay import encode as encode_message
from lanrage.wire.relay_channels import Closed
from lanrage.wire.relay_tcp import FRAME_LIMIT, Data, Open, Reason, encode
from tests.core.relay_world import RELAY, holder, node, ticket
from tests.net.relay_tcp_world import GAME, OUTSIDE, RelayTcpCase, endpoint

ASK = encode_message(BindRequest(bytes(8)))
ANNA_HOST = "198.51.100.7"


class HonestTests(RelayTcpCase):
    """A node with a ticket."""

    def test_pair(self) -> None:
        """One end over TCP, the other by UDP: both bind, and what each sends comes to the other."""
        session = self.session()
        anna = self.bind(session)
        self.assertTrue(anna.binding.usable and self.bert.binding.usable)
        session.send(GAME, endpoint(7800))
        self.to_relay([GAME + b"!"])
        self.listen(session, anna)
        self.assertEqual(([GAME + b"!"], [GAME]), (anna.got, [d for d in self.clock.bert if d[:4] != b"LRRL"]))
        self.assertEqual({"connections": 1}, self.bridges.facts())
        self.assertEqual([(OUTSIDE, 5000)], [each.line for each in self.clock.sockets])
        session.close()
        self.gone()

    def test_one_socket_for_all(self) -> None:
        """All channels of a connection share a socket: the relay's ports tell them apart."""
        session = self.session()
        for port in (7800, 7801, 7802):
            session.send(ASK, endpoint(port))
        self.net.settle()
        self.assertEqual((1, 3), (len(self.clock.sockets), len(self.clock.sent)))
        session.close()
        self.gone()

    def test_bound_connections_stay(self) -> None:
        """The time for a login, and the one for idleness, are not those of a node that is bound."""
        session = self.session()
        anna = self.bind(session)
        for _ in range(10):
            self.pass_time(4.0)
            self.say(session, anna, anna.binding.tick(self.clock.relay.now))
        self.assertTrue(anna.binding.bound)
        self.assertEqual(1, self.bridges.guests.count)
        session.close()
        self.gone()

    def pass_time(self, seconds: float) -> None:
        """Both clocks go on."""
        for _ in range(int(seconds)):
            self.clock.relay.now += 1.0
            self.net.settle(1.0)

    def test_control_channel_beside_it(self) -> None:
        """The same port serves the control channel; what is no relay is told the versions, as before."""
        self.factory.bridges = None
        self.assertIn("no relay", str(self.failureResultOf(self.dial(), Unreachable).value))
        self.gone()


class EmbeddedTests(RelayTcpCase):
    """The relay on the server's own machine."""

    relays = (RelayInfo("", 7800, 7803),)

    def test_stand_in(self) -> None:
        """It is spoken to from a loopback address that stands for the client's host."""
        session = self.session()
        session.send(ASK, endpoint(7800, "play.example.org"))
        self.net.settle()
        self.assertEqual([(ASK, ("203.0.113.5", 7800))], self.clock.sent)
        self.assertEqual([(stand_in(ANNA_HOST), 5000)], [each.line for each in self.clock.sockets])
        session.close()
        self.gone()


class HostileTests(RelayTcpCase):
    """Clients that want more than is theirs."""

    def refusals(self) -> dict[str, int]:
        """Connections that were ended by us."""
        return dict(self.factory.refusals)

    def frame(self, session: Any, frame: bytes, binary: bool = True) -> None:
        """Any bytes, as a message."""
        session.maxMessagePayloadSize = 0  # an honest client does not send what is too long
        session.sendMessage(frame, binary)
        self.net.settle()

    def nothing_for_bert(self) -> None:
        """Bert got nothing, and whoever it was holds no binding."""
        self.assertEqual([], [d for d in self.clock.bert if d[:4] != b"LRRL"])

    def test_no_ticket(self) -> None:
        """Without a ticket nothing is forwarded, and the connection ends when its time is over."""
        self.to_relay(self.bert.binding.start(self.clock.relay.now))
        session = self.session()
        for _ in range(100):
            session.send(GAME, endpoint(7800))
        self.net.settle()
        self.assertEqual(([], 100), (self.clock.sent, self.bridges.dropped["unbound"]))
        self.nothing_for_bert()
        self.net.settle(IDLE_TIMEOUT)
        self.assertEqual({"idle": 1}, self.refusals())
        self.gone()

    def test_wrong_tickets(self) -> None:
        """Somebody else's ticket, a forged one and one for another pair are refused as they are by UDP."""
        self.to_relay(self.bert.binding.start(self.clock.relay.now))
        session = self.session()
        blobs = [ticket("anna", "bert", owner="carl"), bytes(100), ticket("anna", "bert", key=holder("eve"))]
        for port, blob in zip((7800, 7801, 7802), blobs, strict=True):
            eve = node("anna", "bert", self.anna(port).line, blob)
            self.say(session, eve, eve.binding.start(self.clock.relay.now))
            self.assertEqual(("refused", False), (eve.binding.failed, eve.binding.bound))
            session.send(GAME, endpoint(port))
        self.net.settle()
        self.nothing_for_bert()
        session.close()
        self.gone()

    def test_anywhere_else(self) -> None:
        """Nothing goes to an address or port that is no relay's of this server."""
        session = self.session()
        for host, port in (("192.0.2.66", 7800), (RELAY, 53), ("127.0.0.1", 7800)):
            session.send(ASK, endpoint(port, host))
            self.net.settle()
        self.assertEqual([Reason.RELAY] * 3, [each.reason for each in self.heard if isinstance(each, Closed)])
        self.assertEqual(([], []), (self.clock.sent, self.clock.sockets))
        session.close()
        self.gone()

    def test_flood(self) -> None:
        """A bound client that sends too much is held to its rate, and heard on."""
        session = self.session()
        self.bind(session)
        for _ in range(5000):
            session.send(GAME, endpoint(7800))
        self.net.settle()
        through = len([d for d in self.clock.bert if d[:4] != b"LRRL"])
        self.assertEqual((2000, 3000), (through, self.bridges.dropped["limited"]))
        self.net.settle(1.0)
        session.send(GAME, endpoint(7800))
        self.net.settle()
        self.assertEqual(through + 1, len([d for d in self.clock.bert if d[:4] != b"LRRL"]))
        session.close()
        self.gone()

    def test_unknown_channel(self) -> None:
        """A datagram in a channel that is not open goes nowhere; its sender is told."""
        session = self.session()
        self.frame(session, encode(Data(77, ASK)))
        self.assertEqual(([], 1), (self.clock.sent, self.bridges.dropped["closed"]))
        session.close()
        self.gone()

    def test_bad_frames(self) -> None:
        """Text, what is too long, too short or no word: the connection ends at once."""
        bad = [(b"text", False), (bytes(FRAME_LIMIT + 1), True), (b"\0", True), (b"\0\0\x63", True), (b"", True)]
        for frame, binary in bad:
            self.frame(self.session(), frame, binary)
            self.gone()
        self.assertEqual({"bad_input": len(bad)}, self.refusals())

    @settings(max_examples=30)
    @given(st.lists(st.binary(max_size=60), max_size=8))
    def test_any_bytes(self, messages: list[bytes]) -> None:
        """Whatever a client sends, nothing leaves but for named relays, and nothing is left behind."""
        self.setUp()
        session = self.session()
        for message in messages:
            if session.state == session.STATE_OPEN:
                self.frame(session, message)
        self.assertTrue(all(to[0] == RELAY for _, to in self.clock.sent))
        session.close()
        self.gone()

    def test_too_many(self) -> None:
        """One host has so many connections, and no more."""
        sessions = [self.session() for _ in range(HOST_LIMIT)]
        self.assertIn("takes no more connections", str(self.failureResultOf(self.dial(), Unreachable).value))
        self.assertEqual({"relay_limit": 1}, self.refusals())
        sessions.pop().close()
        self.net.settle()
        sessions.append(self.session())
        for session in sessions:
            session.close()
        self.gone()

    def test_slow_reader(self) -> None:
        """For a client that does not read, the newest datagrams wait, so many and no more; then it is cut off."""
        session = self.session()
        anna = self.bind(session)
        guest: Any = next(iter(self.factory.connections))
        guest.transport.producer.pauseProducing()
        for number in range(1000):
            self.to_relay([GAME + bytes([number % 256])])
        self.net.settle()
        queue = guest._guest._paced.queue
        self.assertEqual((QUEUE_DATAGRAMS, 1000 - QUEUE_DATAGRAMS), (len(queue), queue.dropped))
        guest.transport.producer.resumeProducing()
        self.listen(session, anna)
        self.assertEqual([GAME + bytes([n % 256]) for n in range(1000 - QUEUE_DATAGRAMS, 1000)], anna.got)
        guest.transport.producer.pauseProducing()
        self.net.settle(1.0)
        for _ in range(int(STALL_TIMEOUT)):
            self.net.settle(1.0)
        self.assertEqual({"stalled": 1}, self.refusals())
        self.assertEqual(1000 - QUEUE_DATAGRAMS, self.bridges.dropped["late"])
        self.gone()

    def test_no_descriptors(self) -> None:
        """Where the system has no socket left, datagrams are lost, and nothing else."""
        self.clock.full = True
        session = self.session()
        session.send(ASK, endpoint(7800))
        self.net.settle()
        self.assertEqual((1, session.STATE_OPEN), (self.bridges.dropped["unsent"], session.state))
        session.close()
        self.gone()

    def test_opening_is_no_login(self) -> None:
        """Who opens channels without end has a handful, and no binding: idle."""
        session = self.session()
        for number in range(1, 200):
            self.frame(session, encode(Open(number, RELAY, 7800 + number % 4)))
        guest: Any = next(iter(self.factory.connections))
        self.assertEqual(4, len(guest._guest._bridge))
        self.net.settle(IDLE_TIMEOUT)
        self.gone()
