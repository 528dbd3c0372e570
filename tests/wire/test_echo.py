"""ICMP echo."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.wire.echo import Echo, checksum, decode_reply, encode_reply, encode_request, without_head

ECHOS = st.builds(Echo, st.integers(0, 65535), st.integers(0, 65535), st.binary(max_size=64))


class EchoTests(SynchronousTestCase):
    """Requests and replies."""

    @given(ECHOS)
    def test_round_trip(self, echo: Echo) -> None:
        """A reply reads as it was written, a request is none, both have a right checksum."""
        self.assertEqual(echo, decode_reply(encode_reply(echo)))
        self.assertIsNone(decode_reply(encode_request(echo)))
        self.assertEqual([0, 0], [checksum(encode_reply(echo)), checksum(encode_request(echo))])

    def test_form(self) -> None:
        """Type, code, checksum, identifier, sequence (RFC 792)."""
        self.assertEqual(
            "08 00 4a 5b 01 02 00 01 61 62 4b".split()[:2], encode_request(Echo(1, 1)).hex(" ").split()[:2]
        )
        self.assertEqual(bytes.fromhex("0000 fefe 0101 0000"), encode_reply(Echo(0x0101, 0)))

    @given(st.binary(max_size=80))
    def test_any(self, data: bytes) -> None:
        """Anything is a reply or none; the IPv4 header is as long as it says."""
        decode_reply(data)
        decode_reply(without_head(data))
        self.assertEqual(b"abc", without_head(bytes([0x46]) + bytes(23) + b"abc"))
