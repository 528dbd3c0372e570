"""The short way past Autobahn: what it takes, what it leaves, and that both ways say the same."""

from __future__ import annotations

from typing import Any

from autobahn.exception import Disconnected
from autobahn.twisted.websocket import WebSocketServerFactory, WebSocketServerProtocol
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase

from lanrage.net.lean_frames import WHOLE_BINARY, LeanProtocol, first_message, head, unmask
from lanrage.net.lean_options import with_options
from lanrage.net.websocket import PING_INTERVAL, PING_TIMEOUT, KeepaliveTimers, configure
from tests.bench.control_framing import upgrade

LIMIT = 70_000
masks = st.binary(min_size=4, max_size=4)
payloads = st.one_of(st.binary(max_size=300), st.integers(0, LIMIT).map(lambda size: bytes(range(256)) * (size // 256)))


def masked(payload: bytes, mask: bytes, first: int = WHOLE_BINARY) -> bytes:
    """A client's frame."""
    start = head(len(payload))
    return bytes((first, start[1] | 0x80)) + start[2:] + mask + unmask(mask, payload)


class Lean(LeanProtocol):
    """Keeps what it receives."""

    lean_limit = LIMIT

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[tuple[bytes, bool]] = []

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        """A message."""
        self.heard.append((bytes(payload), isBinary))
        if payload == b"close":
            self.sendClose()


class Transport(StringTransport):
    """A transport that lets go of a producer that it does not have, as a real one does."""

    def unregisterProducer(self) -> None:
        """Forget it."""
        self.producer = None


def opened(lean: bool = True, clock: Clock | None = None) -> tuple[Lean, StringTransport]:
    """A server's end whose WebSocket stands; `lean` = the short way may be taken."""
    clock = clock or Clock()
    factory: Any = WebSocketServerFactory(reactor=clock)
    configure(factory, KeepaliveTimers.on(clock), limit=LIMIT, open_timeout=0)
    factory.setProtocolOptions(failByDrop=False)
    factory.protocol = with_options(Lean, factory)
    protocol: Lean = factory.buildProtocol(None)
    if not lean:
        protocol.lean_limit = -1
    transport = Transport()
    protocol.makeConnection(transport)
    protocol.dataReceived(upgrade("localhost", ""))
    assert b" 101 " in transport.value(), transport.value()
    transport.clear()
    return protocol, transport


class CodecTests(SynchronousTestCase):
    """Frames as bytes."""

    @given(masks, st.binary(max_size=100))
    def test_mask(self, mask: bytes, data: bytes) -> None:
        """The mask is the RFC's: octet by octet, and twice is not at all."""
        self.assertEqual(unmask(mask, data), bytes(octet ^ mask[at % 4] for at, octet in enumerate(data)))
        self.assertEqual(unmask(mask, unmask(mask, data)), data)

    @given(masks, payloads, st.binary(max_size=20), st.binary(max_size=20))
    def test_frame(self, mask: bytes, payload: bytes, before: bytes, after: bytes) -> None:
        """Wherever a whole frame below 64 KiB starts it is read, and its end is found; a longer one is left."""
        frame = masked(payload, mask)
        expected = (payload, len(before) + len(frame)) if len(payload) < 65536 else None
        self.assertEqual(first_message(before + frame + after, len(before), LIMIT), expected)

    @given(masks, payloads.filter(len), st.data())
    def test_not_whole(self, mask: bytes, payload: bytes, data: st.DataObject) -> None:
        """A part of a frame, and a frame beyond the limit, are left."""
        frame = masked(payload, mask)
        cut = data.draw(st.integers(0, len(frame) - 1))
        self.assertIsNone(first_message(frame[:cut], 0, LIMIT))
        self.assertIsNone(first_message(frame, 0, len(payload) - 1))

    @given(masks, st.binary(max_size=200), st.integers(0, 255).filter(lambda first: first != WHOLE_BINARY))
    def test_other(self, mask: bytes, payload: bytes, first: int) -> None:
        """Text, control frames, fragments, reserved bits; no mask; a length written too long: all are left."""
        self.assertIsNone(first_message(masked(payload, mask, first), 0, LIMIT))
        self.assertIsNone(first_message(head(len(payload)) + payload, 0, LIMIT))
        if len(payload) < 126:
            wide = bytes((WHOLE_BINARY, 0xFE)) + len(payload).to_bytes(2, "big") + mask + unmask(mask, payload)
            self.assertIsNone(first_message(wide, 0, LIMIT))


class ConnectionTests(SynchronousTestCase):
    """With the short way and without it a connection behaves the same."""

    @given(
        st.lists(
            st.tuples(
                st.sampled_from((WHOLE_BINARY, WHOLE_BINARY, WHOLE_BINARY, 0x81, 0x89, 0x8A, 0x02, 0x80, 0x88, 0xC2)),
                st.one_of(st.sampled_from((b"", b"close", b"\x03\xe8", b"text")), st.binary(max_size=150)),
            ),
            max_size=8,
        ),
        masks,
        st.lists(st.integers(1, 200), max_size=12),
    )
    def test_same(self, frames: list[tuple[int, bytes]], mask: bytes, sizes: list[int]) -> None:
        """Any frames, cut anywhere: the same is heard, the same is sent, the same is the state."""
        data = b"".join(masked(payload, mask, first) for first, payload in frames)
        ends = []
        for lean in (True, False):
            protocol, transport = opened(lean)
            rest = data
            for size in [*sizes, len(data)]:
                protocol.dataReceived(rest[:size])
                rest = rest[size:]
            ends.append((protocol.heard, transport.value(), protocol.state, transport.disconnecting))
            protocol.connectionLost()
        self.assertEqual(ends[0], ends[1])

    @given(payloads)
    def test_sent(self, payload: bytes) -> None:
        """What is sent is what Autobahn would have sent."""
        protocol, transport = opened()
        protocol.sendMessage(payload, True)
        sent = transport.value()
        transport.clear()
        WebSocketServerProtocol.sendMessage(protocol, payload, True)
        self.assertEqual(sent, transport.value())
        protocol.connectionLost()

    def test_text(self) -> None:
        """A text message goes Autobahn's way."""
        protocol, transport = opened()
        protocol.sendMessage(b"word", False)
        self.assertEqual(transport.value(), b"\x81\x04word")
        protocol.connectionLost()

    def test_closing(self) -> None:
        """Nothing can be sent once the connection closes, and what still comes is not heard."""
        protocol, _ = opened()
        frame = masked(b"close", bytes(4))
        protocol.dataReceived(frame + masked(b"more", bytes(4)))
        self.assertEqual([payload for payload, _ in protocol.heard][:1], [b"close"])
        with self.assertRaises(Disconnected):
            protocol.sendMessage(b"late", True)
        protocol.connectionLost()

    def test_lives(self) -> None:
        """A message says that the client lives, as a pong does: it is not cut off for a ping that is on its way."""
        for message, alive in ((masked(b"message", bytes(4)), True), (b"", False)):
            clock = Clock()
            protocol, transport = opened(clock=clock)
            clock.pump([0.5] * round(2 * (PING_INTERVAL + 2)))
            self.assertEqual(transport.value()[:1], b"\x89")
            protocol.dataReceived(message)
            clock.pump([0.5] * round(2 * PING_TIMEOUT))
            self.assertEqual(protocol.state == protocol.STATE_OPEN, alive)
            protocol.connectionLost()


class OptionsTests(SynchronousTestCase):
    """A factory's options as class attributes."""

    def test_same(self) -> None:
        """Each option of a connection is what Autobahn would have copied, and none is copied."""
        factory: Any = WebSocketServerFactory(reactor=Clock())
        factory.setProtocolOptions(maxMessagePayloadSize=5, autoPingInterval=3.0)
        names = LeanProtocol.CONFIG_ATTRS
        factory.protocol = with_options(LeanProtocol, factory)
        protocol = factory.buildProtocol(None)
        protocol.makeConnection(StringTransport())
        self.assertEqual({n: getattr(protocol, n) for n in names}, {n: getattr(factory, n) for n in names})
        self.assertEqual(set(names) & set(vars(protocol)), set())
        self.assertTrue(LeanProtocol.CONFIG_ATTRS)
        protocol.connectionLost()
