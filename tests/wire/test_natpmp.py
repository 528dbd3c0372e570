"""NAT-PMP's bytes (RFC 6886)."""

from __future__ import annotations

import struct
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanrage.core.port_maps import Transport
from lanrage.errors import DecodeError
from lanrage.wire.natpmp import ADDRESS_REQUEST, Failed, Mapped, MapRequest, OutsideAddress, decode, encode

ports = st.integers(1, 65535)
words = st.integers(0, 2**32 - 1)


class TestNatPmp:
    """Requests out, answers in."""

    def test_requests(self) -> None:
        """Section 3.2 and 3.3."""
        assert ADDRESS_REQUEST == b"\0\0"
        assert encode(MapRequest(Transport.UDP, 51820, 0, 7200)) == b"\0\x01\0\0\xca\x6c\0\0\0\0\x1c\x20"
        assert encode(MapRequest(Transport.TCP, 7766, 7766, 0))[:2] == b"\0\x02"

    @given(st.sampled_from(Transport), words, ports, ports, words)
    def test_mapped(self, transport: Transport, epoch: int, internal: int, external: int, lifetime: int) -> None:
        """What a router writes is read back."""
        opcode = 129 if transport is Transport.UDP else 130
        data = struct.pack("!BBHIHHI", 0, opcode, 0, epoch, internal, external, lifetime)
        assert decode(data) == Mapped(transport, epoch, internal, external, lifetime)

    @given(words, st.integers(0, 2**32 - 1).map(IPv4Address))
    def test_address(self, epoch: int, address: IPv4Address) -> None:
        """Likewise."""
        assert decode(struct.pack("!BBHI4s", 0, 128, 0, epoch, address.packed)) == OutsideAddress(epoch, address)

    @given(st.integers(1, 65535), st.integers(128, 255))
    def test_refusal(self, result: int, opcode: int) -> None:
        """Whatever it is about."""
        assert decode(struct.pack("!BBHI", 0, opcode, result, 9)) == Failed(result)

    @given(st.binary(max_size=40))
    def test_any_bytes(self, data: bytes) -> None:
        """A value, or one error."""
        try:
            value = decode(data)
        except DecodeError:
            return
        assert isinstance(value, OutsideAddress | Mapped | Failed)

    def test_no_port(self) -> None:
        """A mapping to port 0 is none, unless it is its end."""
        with pytest.raises(DecodeError):
            decode(struct.pack("!BBHIHHI", 0, 129, 0, 1, 5, 0, 60))
        assert decode(struct.pack("!BBHIHHI", 0, 129, 0, 1, 5, 0, 0)) == Mapped(Transport.UDP, 1, 5, 0, 0)
