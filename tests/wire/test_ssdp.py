"""SSDP, UPnP's search: what is written reads back, and any bytes are a value or a DecodeError."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanrage.errors import DecodeError
from lanrage.wire.ssdp import MESSAGE_LIMIT, TARGETS, Found, Search, decode_found, encode_found, encode_search
from tests.readers import check_reader
from tests.strategies_mapping import found as any_found

REAL = (
    b"HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=120\r\nST: urn:schemas-upnp-org:device:InternetGatewayDevice:1\r\n"
    b"USN: uuid:1::urn:schemas-upnp-org:device:InternetGatewayDevice:1\r\nEXT:\r\n"
    b"SERVER: Debian/6.1 UPnP/1.1 MiniUPnPd/2.3.1\r\nLocation:  http://192.168.1.1:43587/rootDesc.xml \r\n\r\n"
)


@given(any_found)
def test_answers_read_back(sent: Found) -> None:
    """An answer is the same value after its trip."""
    assert decode_found(encode_found(sent)) == sent


@given(st.binary(max_size=400))
def test_any_bytes_are_a_value_or_a_decode_error(data: bytes) -> None:
    """Behind the right beginning too."""
    for raw in (data, b"HTTP/1.1 200 OK\r\n" + data, REAL[:200] + data):
        check_reader(decode_found, raw, encode_found)


def test_real_answer() -> None:
    """What a router of today says, in its spelling."""
    got = decode_found(REAL)
    assert (got.location, got.target) == ("http://192.168.1.1:43587/rootDesc.xml", TARGETS[0])


def test_search() -> None:
    """UDA 1.1, 1.3.2: the words that a device looks for."""
    assert encode_search(Search(TARGETS[0])) == (
        b'M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: "ssdp:discover"\r\nMX: 1\r\n'
        b"ST: urn:schemas-upnp-org:device:InternetGatewayDevice:1\r\n\r\n"
    )


@pytest.mark.parametrize(
    "data",
    [
        REAL.replace(b"200 OK", b"404 No"),
        REAL.replace(b"Location", b"Elsewhere"),
        REAL.replace(b"EXT:", b"EXT"),
        REAL.replace(b"Debian", b"\xff\xfe"),
        REAL.replace(b"Debian", b"Deb\x1b[31mian"),
        REAL.replace(b"EXT:\r\n", b"X: y\r\n" * 40),
        REAL + bytes(MESSAGE_LIMIT),
    ],
    ids=["not found", "no location", "no header", "not text", "control characters", "too many lines", "too long"],
)
def test_refused(data: bytes) -> None:
    """What is no answer."""
    with pytest.raises(DecodeError):
        decode_found(data)
