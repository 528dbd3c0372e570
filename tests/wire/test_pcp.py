"""PCP's bytes (RFC 6887)."""

from __future__ import annotations

import struct
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanrage.errors import DecodeError
from lanrage.wire.pcp import Announce, MapAnswer, MapRequest, Result, Trouble, decode, encode

nonces = st.binary(min_size=12, max_size=12)
ports = st.integers(1, 65535)
words = st.integers(0, 2**32 - 1)
four = st.integers(0, 2**32 - 1).map(IPv4Address)
six = st.integers(1 << 64, 2**128 - 1).map(IPv6Address)


def answer(value: MapAnswer) -> bytes:
    """Bytes as a server makes them (section 7.2, 11.1)."""
    address = value.external_address
    packed = b"\0" * 10 + b"\xff\xff" + address.packed if address.version == 4 else address.packed
    head = struct.pack("!BBBBII12x", 2, 0x81, 0, value.result, value.lifetime, value.epoch)
    return head + struct.pack(
        "!12sB3xHH16s", value.nonce, value.protocol, value.internal_port, value.external_port, packed
    )


answers = st.builds(
    MapAnswer, st.integers(0, 255), words, words, nonces, st.sampled_from([6, 17]), ports, ports, four | six
)


class TestPcp:
    """Requests out, answers in."""

    def test_request(self) -> None:
        """The example of RFC 6887's figures: every field at its place."""
        request = MapRequest(IPv4Address("192.168.1.5"), b"0123456789ab", 17, 51820, 51821, 7200)
        data = encode(request)
        assert len(data) == 60
        assert data[:8] == b"\x02\x01\0\0\0\0\x1c\x20"
        assert data[8:24] == b"\0" * 10 + b"\xff\xff\xc0\xa8\x01\x05"
        assert data[24:36] == b"0123456789ab"
        assert data[36:44] == b"\x11\0\0\0\xca\x6c\xca\x6d"
        assert data[44:] == b"\0" * 10 + b"\xff\xff\0\0\0\0"

    @given(answers)
    def test_answer(self, value: MapAnswer) -> None:
        """What a server writes is read back, options behind it ignored."""
        assert decode(answer(value)) == value
        assert decode(answer(value) + b"\x02\0\0\0") == value

    @given(
        st.binary(max_size=1200) | answers.map(answer).flatmap(lambda data: st.integers(0, 60).map(lambda n: data[:n]))
    )
    def test_any_bytes(self, data: bytes) -> None:
        """A value, or one error."""
        try:
            value = decode(data)
        except DecodeError:
            return
        assert isinstance(value, MapAnswer | Trouble | Announce)

    def test_older_servers(self) -> None:
        """A NAT-PMP server says that it does not know version 2; another PCP version, too."""
        assert decode(b"\0\x81\0\x01\0\0\0\x07") == Trouble(0, Result.UNSUPP_VERSION, 7)
        assert decode(b"\x01\x81\0\x01" + bytes(20)) == Trouble(1, Result.UNSUPP_VERSION, 0)

    def test_no_port(self) -> None:
        """A mapping to port 0 is none; a deleted one may say 0."""
        granted = MapAnswer(0, 60, 5, bytes(12), 17, 5, 0, IPv4Address("203.0.113.1"))
        with pytest.raises(DecodeError):
            decode(answer(granted))
        assert decode(b"\x02\x80\0\0\0\0\0\0\0\0\0\x09" + bytes(12)) == Announce(9)
