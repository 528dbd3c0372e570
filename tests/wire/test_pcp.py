"""PCP: what is written reads back, any bytes are a value or a DecodeError, and the layout is that of RFC 6887."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanrage.errors import DecodeError
from lanrage.wire.pcp import (
    MESSAGE_LIMIT,
    Mapping,
    Opcode,
    Request,
    Response,
    Result,
    decode_request,
    decode_response,
    encode_request,
    encode_response,
)
from tests.readers import check_reader
from tests.strategies_mapping import pcp_requests, pcp_responses

NONCE = bytes(range(12))
MAPPING = Mapping(NONCE, 17, 51820, 51821, IPv4Address("192.0.2.9"))
V4 = bytes(10) + b"\xff\xff"


@given(pcp_requests)
def test_requests_read_back(sent: Request) -> None:
    """A request is the same value after its trip, in whole words of four bytes."""
    data = encode_request(sent)
    assert decode_request(data) == sent
    assert len(data) % 4 == 0


@given(pcp_responses)
def test_responses_read_back(sent: Response) -> None:
    """A response likewise."""
    assert decode_response(encode_response(sent)) == sent


@given(st.binary(max_size=120))
def test_any_bytes_are_a_value_or_a_decode_error(data: bytes) -> None:
    """In both directions."""
    check_reader(decode_request, data, encode_request)
    check_reader(decode_response, data, encode_response)


@given(pcp_responses, st.data())
def test_damaged_responses_are_a_value_or_a_decode_error(sent: Response, data: st.DataObject) -> None:
    """Changed bytes, cut off or longer."""
    damaged = bytearray(encode_response(sent))
    damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    damaged += data.draw(st.binary(max_size=40))
    check_reader(decode_response, bytes(damaged[: data.draw(st.integers(0, len(damaged)))]), encode_response)


def test_layout() -> None:
    """Sections 7.1 and 11.1, byte by byte."""
    request = Request(IPv4Address("192.168.1.10"), 7200, MAPPING)
    assert encode_request(request) == (
        b"\x02\x01\x00\x00\x00\x00\x1c\x20" + V4 + b"\xc0\xa8\x01\x0a"
        b"" + NONCE + b"\x11\x00\x00\x00\xca\x6c\xca\x6d" + V4 + b"\xc0\x00\x02\x09"
    )
    response = Response(Result.SUCCESS, 3600, 14, MAPPING)
    assert encode_response(response) == (
        b"\x02\x81\x00\x00\x00\x00\x0e\x10\x00\x00\x00\x0e"
        + bytes(12)
        + NONCE
        + b"\x11\x00\x00\x00\xca\x6c\xca\x6d"
        + V4
        + b"\xc0\x00\x02\x09"
    )


def test_options() -> None:
    """An optional one is passed over, a mandatory one and one that is cut off are refused."""
    data = encode_request(Request(IPv4Address("192.168.1.10"), 1, MAPPING))
    assert decode_request(data + b"\x80\x00\x00\x03abc\x00").mapping == MAPPING
    for option in (b"\x02\x00\x00\x00", b"\x80\x00\x00\x08abcd", b"\x80\x00\x00\x00\x80\x00"):
        with pytest.raises(DecodeError):
            decode_request(data + option)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00\x80\x00\x01\x00\x00\x00\x00",
        b"\x02\x01" + bytes(58),
        b"\x02\x82" + bytes(58),
        b"\x02\x81" + bytes(22),
        b"\x02\x81" + bytes(58),
        b"\x02\x81" + bytes(MESSAGE_LIMIT),
    ],
    ids=["empty", "NAT-PMP", "a request", "PEER", "cut off", "no IPv4", "too long"],
)
def test_refused(data: bytes) -> None:
    """Not a response of ours."""
    with pytest.raises(DecodeError):
        decode_response(data)


def test_error_without_echo() -> None:
    """A short error of a gateway that did not read on."""
    data = encode_response(Response(Result.UNSUPP_VERSION, 1800, 7))
    assert len(data) == 24
    assert decode_response(data) == Response(Result.UNSUPP_VERSION, 1800, 7, None, Opcode.MAP)
