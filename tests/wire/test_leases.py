"""Messages about leases, to bytes and back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.lan_frames import Frame
from lanrage.core.leases import FRAME_LIMIT, LEASES_LIMIT, Beat, Cancel, Grant, Have, Hello, Lack, Message, Renew
from lanrage.errors import DecodeError
from lanrage.wire.frames import Kind
from lanrage.wire.leases import GRANT_BYTES, decode, encode
from lanrage.wire.packets import MAX_FRAME_BYTES, read_frame, write_frame
from tests.readers import check_reader
from tests.strategies_lan import frames

U32 = st.integers(0, 2**32 - 1)
LEASE = st.integers(0, 2**16 - 1)


def beats() -> SearchStrategy[Beat]:
    """Any beat in range, in whole microseconds."""
    return st.builds(
        Beat,
        LEASE,
        U32,
        st.integers(200_000, 60_000_000).map(lambda n: n / 1e6),
        st.integers(0, 10**8).map(lambda n: n / 1e6),
    )


def whole_frames() -> SearchStrategy[Frame]:
    """Frames that read back as they were written."""
    return frames().filter(lambda frame: read_frame(write_frame(frame)) == frame)


def messages() -> SearchStrategy[Message]:
    """Any message."""
    leases = st.lists(LEASE, min_size=1, max_size=LEASES_LIMIT).map(tuple)
    rows = st.lists(beats(), min_size=1, max_size=LEASES_LIMIT).map(tuple)
    lists = [st.builds(kind, U32, leases) for kind in (Cancel, Have, Lack)]
    grant = st.builds(Grant, U32, beats(), st.booleans(), whole_frames())
    return st.one_of(st.builds(Hello, U32), grant, st.builds(Renew, U32, rows), *lists)


class LeaseMessageTests(SynchronousTestCase):
    """The codec."""

    @given(messages())
    def test_round_trip(self, message: Message) -> None:
        """What is written reads back."""
        self.assertEqual(decode(encode(message)), message)

    @given(st.binary(max_size=120))
    def test_any_bytes(self, data: bytes) -> None:
        """Any bytes are a message or a DecodeError."""
        check_reader(decode, data, encode)

    @given(messages(), st.integers(0, 60), st.integers(0, 255))
    def test_almost(self, message: Message, place: int, value: int) -> None:
        """Likewise bytes that were changed or cut."""
        data = bytearray(encode(message))
        data[min(place, len(data) - 1)] = value
        check_reader(decode, bytes(data), encode)
        check_reader(decode, bytes(data[:place]), encode)

    def test_limits(self) -> None:
        """A grant of the longest frame is a message of the carrier; too many rows or bytes are none."""
        self.assertLessEqual(GRANT_BYTES + FRAME_LIMIT, MAX_FRAME_BYTES)
        self.assertEqual(Kind.LEASE, 2)
        for data in (
            encode(Have(1, tuple(range(LEASES_LIMIT + 1)))),
            encode(Renew(1, (Beat(0, 0, 0.1, 0.0),))),
            encode(Renew(1, (Beat(0, 0, 99.0, 0.0),))),
            encode(Renew(1, (Beat(0, 0, 1.0, 999.0),))),
            encode(Cancel(1, ())),
            encode(Hello(1)) + b"?",
            b"\x09\0\0\0\0",
            b"\x01",
        ):
            self.assertRaises(DecodeError, decode, data)
