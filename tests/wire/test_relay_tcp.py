"""Frames of the relay over WebSocket."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.errors import DecodeError
from lanrage.wire.relay_tcp import DATAGRAM_LIMIT, FRAME_LIMIT, Close, Data, Frame, Open, Reason, decode, encode

channels = st.integers(1, 65535)
hosts = st.text(st.characters(max_codepoint=127), min_size=1, max_size=255)
frames = st.one_of(
    st.builds(Data, channels, st.binary(min_size=1, max_size=DATAGRAM_LIMIT)),
    st.builds(Open, channels, hosts, st.integers(1, 65535)),
    st.builds(Close, channels, st.sampled_from(Reason)),
)


class FrameTests(SynchronousTestCase):
    """Bytes to values and back."""

    @given(frames)
    def test_round_trip(self, frame: Frame) -> None:
        """What is written is read, within the limit."""
        data = encode(frame)
        self.assertLessEqual(len(data), FRAME_LIMIT)
        self.assertEqual(frame, decode(data))

    @given(st.one_of(st.binary(max_size=FRAME_LIMIT + 2), st.binary(max_size=300).map(lambda tail: b"\0\0" + tail)))
    def test_any_bytes(self, data: bytes) -> None:
        """They are one frame, or one error."""
        try:
            frame = decode(data)
        except DecodeError:
            return
        self.assertEqual(data, encode(frame))

    def test_layout(self) -> None:
        """As the page has it."""
        self.assertEqual(b"\x00\x07hi", encode(Data(7, b"hi")))
        self.assertEqual(b"\x00\x00\x01\x00\x07\x1e\x78192.0.2.1", encode(Open(7, "192.0.2.1", 7800)))
        self.assertEqual(b"\x00\x00\x02\x00\x07\x03", encode(Close(7, Reason.IN_USE)))

    def test_out_of_bounds(self) -> None:
        """Nothing is written that would not be read."""
        bad: list[Frame] = [
            Data(0, b"x"),
            Data(65536, b"x"),
            Data(1, b""),
            Data(1, bytes(DATAGRAM_LIMIT + 1)),
            Open(1, "", 1),
            Open(1, "x" * 256, 1),
            Open(1, "x", 0),
            Open(1, "\xe4", 1),
        ]
        for frame in bad:
            with self.assertRaises(ValueError, msg=frame):
                encode(frame)
