"""Both sides of a relay connection joined in memory, with a relay behind; and a client that does as it likes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.links import Endpoint
from lanrage.core.relay import BindRequest, Bound, Challenge, Named, Unbind
from lanrage.core.relay_cookies import Line
from lanrage.core.relay_table import LIFETIME
from lanrage.errors import DecodeError
from lanrage.wire.relay import encode as encode_message
from lanrage.wire.relay_bridge import NOTHING, Bridge, BridgeLimits, Step
from lanrage.wire.relay_channels import Closed, Heard, RelayChannels
from lanrage.wire.relay_tcp import DATAGRAM_LIMIT, Close, Data, Open, Reason, decode, encode
from tests.core.relay_world import RELAY, MemoryRelay, Node, node

BRIDGE = "127.7.7.7"
FIRST, SECOND = Endpoint(RELAY, 7800), Endpoint(RELAY, 7801)
ASK = encode_message(BindRequest(bytes(8)))
BOUND = encode_message(Bound(bytes(8), 1, 60, True))
GAME = b"\x04 a packet of WireGuard"


def find(host: str, port: int) -> Endpoint | None:
    """One relay, by two names."""
    return Endpoint(RELAY, port) if host in (RELAY, "relay.example") and 7800 <= port <= 7803 else None


class BridgeTests(SynchronousTestCase):
    """The server's side."""

    def setUp(self) -> None:
        self.bridge = Bridge(find)

    def open(self, channel: int = 1, relay: Endpoint = FIRST, host: str = RELAY) -> Step:
        """Ask for a channel."""
        return self.bridge.frame(encode(Open(channel, host, relay.port)), 0.0)

    def bind(self, relay: Endpoint = FIRST) -> None:
        """The relay confirms."""
        self.assertIsNotNone(self.bridge.heard(BOUND, relay, 0.0))

    def send(self, datagram: bytes, channel: int = 1, now: float = 0.0) -> Step:
        """A datagram of the client."""
        return self.bridge.frame(encode(Data(channel, datagram)), now)

    def test_no_binding_no_data(self) -> None:
        """Questions go to the relay at once; data only after the relay has said that it holds a binding."""
        self.assertEqual(NOTHING, self.open())
        self.assertEqual(Step(ASK, FIRST), self.send(ASK))
        self.assertEqual(NOTHING, self.send(GAME))
        self.bridge.heard(encode_message(Challenge(bytes(8), bytes(16))), FIRST, 0.0)
        self.assertEqual(NOTHING, self.send(GAME))
        self.assertEqual(0, self.bridge.bound(0.0))
        self.bind()
        self.assertEqual(Step(GAME, FIRST), self.send(GAME))
        self.assertEqual((1, {"unbound": 2}), (self.bridge.bound(0.0), self.bridge.dropped))

    def test_a_binding_ends(self) -> None:
        """The relay's last word counts for as long as a binding stands."""
        self.open()
        self.bind()
        self.assertEqual(Step(GAME, FIRST), self.send(GAME, now=LIFETIME - 0.1))
        self.assertEqual((NOTHING, 0), (self.send(GAME, now=LIFETIME), self.bridge.bound(LIFETIME)))

    def test_named_relays_alone(self) -> None:
        """No other address, no other port, and nothing is kept of who asks for one."""
        for host, port in (("192.0.2.66", 7800), (RELAY, 7804), (RELAY, 53), ("127.0.0.1", 7800)):
            step = self.open(1, Endpoint(RELAY, port), host)
            self.assertEqual(Step(answer=encode(Close(1, Reason.RELAY))), step)
            self.assertEqual(Step(answer=encode(Close(1, Reason.NOT_OPEN))), self.send(ASK))
        self.assertEqual((NOTHING, 1), (self.open(host="relay.example"), len(self.bridge)))

    def test_one_channel_a_port(self) -> None:
        """Neither a number nor a relay's port is taken twice; a closed one is free again."""
        self.open()
        in_use = [self.open(1, SECOND), self.open(2, FIRST)]
        self.assertEqual([Step(answer=encode(Close(number, Reason.IN_USE))) for number in (1, 2)], in_use)
        self.assertEqual(NOTHING, self.bridge.frame(encode(Close(1, Reason.DONE)), 0.0))
        self.assertIsNone(self.bridge.heard(BOUND, FIRST, 0.0))
        self.assertEqual((NOTHING, 1), (self.open(2, FIRST), len(self.bridge)))

    def test_limits(self) -> None:
        """Channels, packets and questions have their bounds."""
        self.bridge = Bridge(find, limits=BridgeLimits(2, 10.0, 5.0, 10.0, 8.0))
        steps = [self.open(number, Endpoint(RELAY, 7799 + number)) for number in (1, 2, 3)]
        self.assertEqual([NOTHING, NOTHING, Step(answer=encode(Close(3, Reason.FULL)))], steps)
        self.bind()
        self.assertEqual(5, sum(self.send(GAME) != NOTHING for _ in range(50)))
        self.assertEqual(5, sum(self.send(ASK) != NOTHING for _ in range(50)))
        self.assertEqual(NOTHING, self.send(GAME, 9))  # it is not even told any more that the channel is not open
        self.assertEqual(10, sum(self.send(GAME, now=1.0) != NOTHING for _ in range(50)) * 2)

    def test_only_what_nodes_say(self) -> None:
        """What only a relay says is not passed on to one; each kind of a node's is."""
        self.open()
        self.bind()
        for message in (BindRequest(bytes(8)), Unbind(bytes(8)), Named(bytes(8), "join-1")):
            self.assertEqual(Step(encode_message(message), FIRST), self.send(encode_message(message)))
        for datagram in (BOUND, ASK[:6], b"LRRL", ASK[:5] + b"\x63" + ASK[6:]):
            self.assertEqual(NOTHING, self.send(datagram))
        self.assertEqual({"malformed": 4}, self.bridge.dropped)

    def test_only_the_relay_is_heard(self) -> None:
        """A stranger that finds the bridge's UDP port reaches nobody, and confirms no binding."""
        self.open()
        self.assertIsNone(self.bridge.heard(BOUND, Endpoint("192.0.2.66", 7800), 0.0))
        self.assertIsNone(self.bridge.heard(BOUND, SECOND, 0.0))
        self.assertIsNone(self.bridge.heard(bytes(DATAGRAM_LIMIT + 1), FIRST, 0.0))
        self.assertEqual((NOTHING, 0), (self.send(GAME), self.bridge.bound(0.0)))

    @given(st.lists(st.one_of(st.binary(max_size=40), st.binary(max_size=20).map(lambda tail: b"\0\0\1\0\1" + tail))))
    def test_any_client(self, history: list[bytes]) -> None:
        """Whatever comes, datagrams go to named relays alone, and channels stay within their bound."""
        bridge = Bridge(find, limits=BridgeLimits(channels=3))
        for number, data in enumerate(history):
            try:
                step = bridge.frame(data, number / 10)
            except DecodeError:
                continue
            self.assertTrue(step.to is None or find(step.to.host, step.to.port) == step.to)
            self.assertLessEqual(len(bridge), 3)


class ChannelsTests(SynchronousTestCase):
    """The node's side."""

    def test_opens_by_itself(self) -> None:
        """The first datagram opens the channel, the others follow in it."""
        channels = RelayChannels()
        self.assertEqual([(0, encode(Open(1, RELAY, 7800))), (0, encode(Data(1, ASK)))], channels.send(ASK, FIRST))
        self.assertEqual([(1, encode(Data(1, GAME)))], channels.send(GAME, FIRST))
        self.assertEqual([(0, encode(Open(2, RELAY, 7801))), (0, encode(Data(2, ASK)))], channels.send(ASK, SECOND))
        self.assertEqual({FIRST, SECOND}, channels.relays)
        self.assertEqual(Heard(SECOND, GAME), channels.receive(encode(Data(2, GAME))))

    def test_closed(self) -> None:
        """A channel that the server closed is opened anew, under another number."""
        channels = RelayChannels()
        channels.send(ASK, FIRST)
        self.assertEqual(Closed(FIRST, Reason.RELAY), channels.receive(encode(Close(1, Reason.RELAY))))
        self.assertIsNone(channels.receive(encode(Data(1, GAME))))
        self.assertEqual((0, encode(Open(2, RELAY, 7800))), channels.send(ASK, FIRST)[0])
        self.assertEqual([(0, encode(Close(2, Reason.DONE)))], channels.close(FIRST))
        self.assertEqual(([], 0, 1), (channels.close(FIRST), len(channels), channels.refused))

    def test_too_long(self) -> None:
        """What fits into no frame is not sent, and opens nothing."""
        channels = RelayChannels()
        self.assertEqual([], channels.send(bytes(DATAGRAM_LIMIT + 1), FIRST))
        self.assertEqual(0, len(channels))

    @given(st.lists(st.binary(max_size=30)))
    def test_any_server(self, frames: list[bytes]) -> None:
        """Whatever a server sends is a datagram of an open channel, a close, nothing, or one error."""
        channels = RelayChannels()
        channels.send(ASK, FIRST)
        for frame in frames:
            try:
                heard = channels.receive(frame)
            except DecodeError:
                continue
            self.assertTrue(heard is None or heard.relay == FIRST)


class JoinedTests(SynchronousTestCase):
    """A node over TCP, a node by UDP, and a relay that knows no difference."""

    def setUp(self) -> None:
        self.relay = MemoryRelay()
        self.bridge, self.channels = Bridge(find), RelayChannels()
        self.anna = node("anna", "bert", Line(BRIDGE, 5000, 7800))
        self.bert = node("bert", "anna", Line("198.51.100.2", 4000, 7801))

    def over_tcp(self, datagrams: list[bytes]) -> None:
        """From Anna, through both sides."""
        for datagram in datagrams:
            for _, frame in self.channels.send(datagram, FIRST):
                step = self.bridge.frame(frame, self.relay.now)
                if step.to is not None:
                    self.deliver(self.relay.datagram(Line(BRIDGE, 5000, step.to.port), step.datagram))

    def by_udp(self, datagrams: list[bytes]) -> None:
        """From Bert."""
        for datagram in datagrams:
            self.deliver(self.relay.datagram(self.bert.line, datagram))

    def deliver(self, sent: list[tuple[Line, bytes]]) -> None:
        """What the relay sends, to whom it belongs."""
        for line, datagram in sent:
            if line.host == BRIDGE:
                found = self.bridge.heard(datagram, Endpoint(RELAY, line.local), self.relay.now)
                assert found is not None
                heard = self.channels.receive(found[1])
                assert isinstance(heard, Heard)
                self.take(self.anna, heard.datagram, self.over_tcp)
            else:
                self.take(self.bert, datagram, self.by_udp)

    def take(self, end: Node, datagram: bytes, send: object) -> None:
        """One end gets a datagram."""
        if datagram.startswith(b"LRRL"):
            send(end.binding.receive(datagram, self.relay.now))  # type: ignore[operator]
        else:
            end.got.append(datagram)

    def test_pair(self) -> None:
        """Both bind, and each gets what the other sends."""
        self.over_tcp(self.anna.binding.start(self.relay.now))
        self.by_udp(self.bert.binding.start(self.relay.now))
        self.assertTrue(self.anna.binding.usable and self.bert.binding.usable)
        self.over_tcp([GAME])
        self.by_udp([GAME + b"!"])
        self.assertEqual(([GAME + b"!"], [GAME]), (self.anna.got, self.bert.got))
        self.over_tcp(self.anna.binding.stop())
        self.assertFalse(self.bert.binding.usable)

    def test_stranger(self) -> None:
        """Who has no ticket of its own gets nothing through, and nothing out."""
        self.anna = node("anna", "bert", self.anna.line, b"no ticket")
        self.by_udp(self.bert.binding.start(self.relay.now))
        self.over_tcp(self.anna.binding.start(self.relay.now))
        self.assertEqual("refused", self.anna.binding.failed)
        self.over_tcp([GAME] * 20)
        self.by_udp([GAME] * 20)
        self.assertEqual(([], []), (self.anna.got, self.bert.got))

    def test_frames(self) -> None:
        """The two sides speak the same language."""
        frames = [frame for _, frame in self.channels.send(ASK, FIRST)]
        self.assertEqual([Open(1, RELAY, 7800), Data(1, ASK)], [decode(frame) for frame in frames])
