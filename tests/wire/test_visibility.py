"""The visibility probe's datagram and report."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.exposure import PROBE_PORT
from lanrage.core.frame_rules import SERVICE_PORTS
from lanrage.core.visibility import TAG_BYTES, Report
from lanrage.errors import DecodeError
from lanrage.wire.frames import HEADER_BYTES
from lanrage.wire.visibility import (
    Tagged,
    decode_report,
    decode_tagged,
    encode_report,
    encode_tagged,
)
from tests.readers import check_reader
from tests.strategies_lan import beacon

TAGS = st.binary(min_size=TAG_BYTES, max_size=TAG_BYTES)
TURNS = st.integers(0, 255)
TIMES = st.integers(0, 2**32 - 1).map(lambda count: count / 1_000_000)
REPORTS = st.builds(Report, TAGS, TURNS, st.none() | TIMES, st.none() | TIMES, TIMES)


class CodecTests(SynchronousTestCase):
    """Bytes and values."""

    @given(TAGS, TURNS)
    def test_tagged(self, tag: bytes, turn: int) -> None:
        """What is written is read as the same."""
        self.assertEqual(decode_tagged(encode_tagged(Tagged(tag, turn))), Tagged(tag, turn))

    @given(REPORTS)
    def test_report(self, report: Report) -> None:
        """Likewise."""
        self.assertEqual(decode_report(encode_report(report)), report)

    @given(st.binary(max_size=70) | REPORTS.map(encode_report) | st.builds(Tagged, TAGS, TURNS).map(encode_tagged))
    def test_any_bytes(self, data: bytes) -> None:
        """Any bytes are a value or a DecodeError."""
        check_reader(decode_tagged, data, encode_tagged)
        check_reader(decode_report, data, encode_report)

    def test_refuses(self) -> None:
        """Rests, other versions, times of stages that were not reached."""
        good = encode_tagged(Tagged(bytes(8), 1))
        for bad in (
            good[:-1],
            good + b"\0",
            good[:-1] + b"x",
            good[:4] + b"\x02" + good[5:],
            good[:6] + b"x" + good[7:],
        ):
            with self.assertRaises(DecodeError):
                decode_tagged(bad)
        report = encode_report(Report(bytes(8), 1, None, None, 0.5))
        for bad in (report[:-1], report[:9] + b"\x04" + report[10:], report[:13] + b"\x01" + report[14:]):
            with self.assertRaises(DecodeError):
                decode_report(bad)

    def test_size(self) -> None:
        """The answer is shorter than the question, and the question is no datagram that the rules refuse."""
        asked = HEADER_BYTES + len(beacon(destination_port=PROBE_PORT, payload=encode_tagged(Tagged(bytes(8), 0))))
        self.assertLess(HEADER_BYTES + len(encode_report(Report(bytes(8), 1, 0.1, 0.1, 0.1))), asked)
        self.assertNotIn(PROBE_PORT, SERVICE_PORTS)
