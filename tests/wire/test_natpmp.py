"""NAT-PMP: what is written reads back, any bytes are a value or a DecodeError, and the layout is that of RFC 6886."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanrage.core.mapping import Transport
from lanrage.errors import DecodeError
from lanrage.wire.natpmp import (
    Mapping,
    Request,
    Response,
    Result,
    decode_request,
    decode_response,
    encode_request,
    encode_response,
)
from tests.readers import check_reader
from tests.strategies_mapping import natpmp_requests, natpmp_responses


@given(natpmp_requests)
def test_requests_read_back(sent: Request) -> None:
    """A request is the same value after its trip."""
    assert decode_request(encode_request(sent)) == sent


@given(natpmp_responses)
def test_responses_read_back(sent: Response) -> None:
    """A response likewise."""
    assert decode_response(encode_response(sent)) == sent


@given(st.binary(max_size=20))
def test_any_bytes_are_a_value_or_a_decode_error(data: bytes) -> None:
    """In both directions."""
    check_reader(decode_request, data, encode_request)
    check_reader(decode_response, data, encode_response)


def test_layout() -> None:
    """Sections 3.2 and 3.3, byte by byte."""
    assert encode_request(Request()) == b"\x00\x00"
    asked = Mapping(Transport.TCP, 7766, 7767, 7200)
    assert encode_request(Request(asked)) == b"\x00\x02\x00\x00\x1e\x56\x1e\x57\x00\x00\x1c\x20"
    told = Response(Result.SUCCESS, 14, address=IPv4Address("192.0.2.9"))
    assert encode_response(told) == b"\x00\x80\x00\x00\x00\x00\x00\x0e\xc0\x00\x02\x09"
    granted = Response(Result.SUCCESS, 14, asked)
    assert encode_response(granted) == b"\x00\x82\x00\x00\x00\x00\x00\x0e\x1e\x56\x1e\x57\x00\x00\x1c\x20"


def test_other_version() -> None:
    """The answer of a gateway that does not know the question's version, short or whole (section 3.5)."""
    for data in (b"\x00\x80\x00\x01", b"\x00\x81\x00\x01\x00\x00\x00\x05"):
        assert decode_response(data).result == Result.UNSUPPORTED_VERSION


@pytest.mark.parametrize(
    "data",
    [b"", b"\x00\x80\x00", b"\x02\x80\x00\x00" + bytes(8), b"\x00\x00\x00\x00" + bytes(8), b"\x00\x83" + bytes(14)],
    ids=["empty", "cut off", "PCP", "a request", "another opcode"],
)
def test_refused(data: bytes) -> None:
    """Not a response of ours."""
    with pytest.raises(DecodeError):
        decode_response(data)
