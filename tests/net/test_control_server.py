"""The control server's side of the channel under bad bytes, silence, floods and slow readers; all in memory."""

from __future__ import annotations

from typing import Any

from autobahn.twisted.websocket import WebSocketClientFactory, WebSocketClientProtocol
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.admission import REQUEST_BURST, REQUEST_RATE
from lanrage.core.bans import Bans
from lanrage.errors import Refused
from lanrage.net.control_session import EXCESS_LIMIT, LOGIN_TIMEOUT
from lanrage.net.login_queue import LoginQueue
from lanrage.net.websocket import OPENING_LIMIT, ClockTimer
from lanrage.wire.control import (
    REQUEST_LIMIT,
    Done,
    FollowParty,
    Notice,
    RefusedReply,
    Reply,
    Request,
    Signalled,
    decode,
    decode_record,
    encode,
)
from lanrage.wire.control_codec import JSON, SUBPROTOCOLS, versions_of
from lanrage.wire.control_opening import Denied, Hello
from lanrage.wire.control_party import MemberRow, PartyState
from lanrage.wire.login import ClientLogin
from tests.fakes_channel import MemoryNetwork, RecordingDesk
from tests.fakes_control import SeededRandom, node_keys

ADDRESS = IPv4Address("TCP", "198.51.100.7", 40000)
BODY = FollowParty("0" * 32, 0)


class RawClient(WebSocketClientProtocol):
    """Sends what it is told and keeps what it hears."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[bytes] = []
        self.is_closed_ = False

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        """Keep."""
        self.heard.append(bytes(payload))

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:
        """Remember."""
        self.is_closed_ = True


class ServerConnectionTests(SynchronousTestCase):
    """A server and whatever talks to it."""

    def setUp(self) -> None:
        """A server that admits everybody."""
        self.net = MemoryNetwork()
        self.desk = RecordingDesk()
        self.factory = self.net.serve("server:1", self.desk)

    def dial(self, protocol: str = SUBPROTOCOLS[0]) -> RawClient:
        """A WebSocket to the server."""
        factory = WebSocketClientFactory("ws://server:1/", protocols=[protocol], reactor=self.net.clock)
        factory._batched_timer = ClockTimer(self.net.clock)
        factory.setProtocolOptions(openHandshakeTimeout=0, serverConnectionDropTimeout=0, closeHandshakeTimeout=0)
        factory.protocol = RawClient
        factory.noisy = False
        client = factory.buildProtocol(None)
        self.net.join(client, self.factory)
        self.net.settle()
        return client

    def log_in(self) -> tuple[RawClient, ClientLogin]:
        """A client that is logged in."""
        client = self.dial()
        login = ClientLogin(node_keys("node"), None, SeededRandom("raw"))
        client.sendMessage(login.start(), True)
        while not login.done:
            self.net.settle()
            client.sendMessage(login.receive(client.heard.pop(0)), True)
        self.net.settle()
        return client, login

    def gone(self, client: RawClient) -> None:
        """The connection is closed, and neither timers nor memory of it are left."""
        self.net.settle()
        self.net.settle(2.0)
        self.assertTrue(client.is_closed_)
        self.assertEqual(set(), self.factory.connections)
        self.assertEqual([], self.net.clock.getDelayedCalls())
        self.assertEqual([], self.flushLoggedErrors())

    def heard(self, client: RawClient, login: ClientLogin) -> list[Any]:
        """What the server said since the login."""
        assert login.channel is not None
        records, client.heard = client.heard, []
        return [decode_record(login.channel.open(record)) for record in records]

    def test_login_and_request(self) -> None:
        """A node that is logged in is known by its identity, and its requests reach the desk."""
        client, login = self.log_in()
        assert login.channel is not None
        client.sendMessage(login.channel.seal(Request(1, BODY, "c1")), True)
        self.net.settle()
        self.assertEqual([Request(1, BODY, "c1")], self.desk.requests)
        self.assertEqual([Reply(1, Done())], self.heard(client, login))
        self.assertEqual(node_keys("node").identity.public, self.desk.opened_[0].identity)
        client.dropConnection(abort=True)
        self.gone(client)
        self.assertEqual(self.desk.opened_, self.desk.closed_)

    def test_login_has_a_deadline(self) -> None:
        """Who connects and stays silent, or stops half way, is told and cut off after 5 s; the desk hears nothing."""
        silent, half = self.dial(), self.dial()
        half.sendMessage(ClientLogin(node_keys("node"), None, SeededRandom("raw")).start(), True)
        self.net.settle(LOGIN_TIMEOUT - 0.1)
        self.assertFalse(silent.is_closed_ or half.is_closed_)
        self.net.settle(0.2)
        self.assertTrue(silent.is_closed_)
        self.assertEqual("a login has 5 s", decode(silent.heard[0], Denied).message)
        self.gone(half)
        self.assertEqual([], self.desk.opened_)
        self.assertEqual({"late": 2}, self.factory.refusals)

    def test_login_that_waits_for_its_turn(self) -> None:
        """The time that a login waits for others is not its own; it says nothing more meanwhile, or it is refused."""
        turns = Clock()
        self.factory.logins = LoginQueue(turns)
        self.factory.logins.put(lambda: None)  # somebody is before them
        patient, hasty, silent = self.dial(), self.dial(), self.dial()
        for client in (patient, hasty):
            client.sendMessage(ClientLogin(node_keys("node"), None, SeededRandom("raw")).start(), True)
        hasty.sendMessage(b"more", True)
        self.net.settle()
        self.net.settle(LOGIN_TIMEOUT + 0.1)
        self.assertEqual((False, True, True), (patient.is_closed_, hasty.is_closed_, silent.is_closed_))
        self.assertIn(b"before the first one was answered", hasty.heard[0])
        self.assertEqual({"bad_input": 1, "late": 1}, self.factory.refusals)
        turns.advance(0)
        self.net.settle()
        self.assertEqual((1, 0), (len(patient.heard), len(self.factory.logins)))
        self.assertFalse(patient.is_closed_)
        self.net.settle(LOGIN_TIMEOUT)
        self.gone(patient)

    def test_other_subprotocol(self) -> None:
        """Who offers none of ours is told, readably, which we speak; nothing that it says is heard."""
        client = self.dial("lanrage.control.v99.msgpack")
        (said,) = client.heard
        denied = JSON.decode(said, Denied)
        self.assertEqual(("version_mismatch", versions_of(SUBPROTOCOLS)), (denied.code, denied.versions))
        self.assertIn(SUBPROTOCOLS[0], denied.message)
        self.gone(client)
        self.assertEqual({"version_mismatch": 1}, self.factory.refusals)

    def test_hello_of_another_version(self) -> None:
        """A hello that offers what the handshake did not is answered by the versions that we speak."""
        client = self.dial()
        client.sendMessage(encode(Hello(("lanrage.control.v99.msgpack",), bytes(32), bytes(32))), True)
        self.net.settle()
        denied = decode(client.heard[0], Denied)
        self.assertEqual(("version_mismatch", (2,)), (denied.code, denied.versions))
        self.gone(client)

    @given(data=st.binary(max_size=200), text=st.booleans())
    def test_any_first_bytes(self, data: bytes, text: bool) -> None:
        """Bytes that are no hello are answered by a denial and the end; there is no traceback."""
        self.setUp()
        client = self.dial()
        client.sendMessage(data.hex().encode() if text else data, not text)
        self.net.settle()
        self.assertEqual("bad_input", decode(client.heard[0], Denied).code)
        self.gone(client)

    @given(data=st.binary(max_size=200))
    def test_any_record(self, data: bytes) -> None:
        """Bytes that are no record end a session, with a sealed word."""
        self.setUp()
        client, login = self.log_in()
        client.sendMessage(data, True)
        self.net.settle()
        (said,) = self.heard(client, login)
        self.assertEqual("bad_input", said.body.code)
        self.gone(client)
        self.assertEqual([], self.desk.requests)

    def test_sealed_nonsense(self) -> None:
        """A record that opens and holds no request is refused as well."""
        client, login = self.log_in()
        assert login.channel is not None
        client.sendMessage(login.channel.seal(Reply(1, Done())), True)
        self.gone(client)

    def test_too_large_message(self) -> None:
        """More than a request can have is not even read; the client is told the limit, before and after the login."""
        client = self.dial()
        client.sendMessage(bytes(REQUEST_LIMIT + 100), True)
        self.net.settle()
        denied = decode(client.heard[0], Denied)
        self.assertEqual(("limit", True), (denied.code, str(REQUEST_LIMIT) in denied.message))
        self.gone(client)
        client, login = self.log_in()
        client.beginMessage(True)
        for _ in range(3):
            client.beginMessageFrame(REQUEST_LIMIT // 2)
            client.sendMessageFrameData(bytes(REQUEST_LIMIT // 2))
        self.net.settle()
        self.assertEqual("limit", self.heard(client, login)[0].body.code)
        self.gone(client)
        self.assertEqual({"size": 2}, self.factory.refusals)

    def test_large_answers(self) -> None:
        """An answer may be larger than a request; one that no message can hold is refused instead."""
        client, login = self.log_in()
        row = MemberRow(bytes(2000), bytes(350), True)
        for members in (60, 120):
            self.desk.opened_[-1].send(Reply(members, PartyState("0" * 32, 1, b"c", (row,) * members)))
        self.net.settle()
        full, refused = self.heard(client, login)
        self.assertEqual((60, 120), (len(full.body.members), refused.id))
        self.assertEqual("limit", refused.body.code)

    def test_come_back(self) -> None:
        """Before a restart a client is told when to dial, also where it has much to read; nothing comes after that."""
        client, login = self.log_in()
        connection = self.desk.opened_[0]
        connection.pauseProducing()
        connection.send(Reply(1, Done()))
        connection.deny("restarting", "it restarts", 1234)
        connection.resumeProducing()
        self.net.settle()
        (said,) = self.heard(client, login)
        self.assertEqual(Denied("restarting", "it restarts", (), 1234), said.body)
        self.gone(client)

    def test_limit_of_one_host(self) -> None:
        """All connections of a host share a rate, and who is refused by it is told so."""
        client, login = self.log_in()
        assert login.channel is not None
        meter = self.factory.admission.meter("198.51.100.7")
        assert meter.host is not None
        while meter.host.take(self.net.clock.seconds()):
            pass
        client.sendMessage(login.channel.seal(Request(1, BODY)), True)
        self.net.settle()
        (refused,) = self.heard(client, login)
        self.assertEqual(("limit", True), (refused.body.code, "from this address" in refused.body.message))

    def test_banned(self) -> None:
        """A banned address is not let in, a banned identity is told so at the end of its login."""
        self.factory.admission.bans = Bans.parse("192.0.2.0/24\n")
        self.assertIsNone(self.factory.buildProtocol(IPv4Address("TCP", "192.0.2.7", 1)))
        self.factory.admission.bans = Bans.parse(node_keys("node").identity.public.hex())
        with self.assertRaises(Refused) as caught:
            self.log_in()
        self.assertEqual("server_ban", caught.exception.code)
        self.net.settle(2.0)
        self.assertEqual(set(), self.factory.connections)
        self.assertEqual(([], {"server_ban": 2}), (self.desk.opened_, self.factory.refusals))

    def test_http_request_without_an_end(self) -> None:
        """A request that does not end is neither gathered nor searched: who sends it is cut off."""
        client, transport = self.factory.buildProtocol(ADDRESS), StringTransport()
        client.makeConnection(transport)
        client.dataReceived(b"GET / HTTP/1.1\r\n" + bytes(OPENING_LIMIT - 100))
        self.assertFalse(transport.disconnecting or transport.disconnected)
        for _ in range(3):
            client.dataReceived(bytes(100))
        self.assertTrue(transport.disconnecting or transport.disconnected)
        self.assertLessEqual(len(client.data), OPENING_LIMIT)
        self.assertEqual(1, self.factory.refusals["no login"])
        client.connectionLost(Failure(ConnectionDone()))
        self.assertEqual((set(), []), (self.factory.connections, self.net.clock.getDelayedCalls()))

    def test_flood(self) -> None:
        """Beyond the rate requests are refused; who goes on is cut off; who waits is served again."""
        client, login = self.log_in()
        assert login.channel is not None
        for number in range(int(REQUEST_BURST) + 2):
            client.sendMessage(login.channel.seal(Request(number, BODY)), True)
        self.net.settle()
        self.assertEqual(int(REQUEST_BURST), len(self.desk.requests))
        self.assertEqual("limit", self.heard(client, login)[-1].body.code)
        self.net.settle(1.0)
        for number in range(int(REQUEST_RATE)):
            client.sendMessage(login.channel.seal(Request(number, BODY)), True)
        self.net.settle()
        self.assertFalse(any(isinstance(m.body, RefusedReply) for m in self.heard(client, login)))
        for number in range(EXCESS_LIMIT + 1):
            client.sendMessage(login.channel.seal(Request(number, BODY)), True)
        self.net.settle()
        self.assertEqual("limit", self.heard(client, login)[-1].body.code)
        self.gone(client)

    def test_slow_reader(self) -> None:
        """What a client does not read waits, and comes in order."""
        client, login = self.log_in()
        connection = self.desk.opened_[0]
        connection.pauseProducing()
        note = Notice(Signalled("0" * 32, bytes(32), bytes(8000)))
        for _ in range(5):
            connection.send(note)
        self.net.settle()
        self.assertEqual([], self.heard(client, login))
        connection.resumeProducing()
        self.net.settle()
        self.assertEqual([note] * 5, self.heard(client, login))

    def test_sending_to_the_dead(self) -> None:
        """Messages to a connection that ended are dropped in silence."""
        client, _ = self.log_in()
        connection = self.desk.opened_[0]
        client.dropConnection(abort=True)
        self.gone(client)
        connection.send(Reply(1, Done()))
        connection.deny("stopping", "too late")
