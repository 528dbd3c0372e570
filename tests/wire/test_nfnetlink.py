"""Netlink messages for netfilter: as the kernel's headers lay them out; any bytes give answers or one error."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroute2.netlink.nfnetlink.nfctsocket import nfct_msg

from lanrage.errors import DecodeError
from lanrage.wire.nfnetlink import DELETE_FLOW, NEW_OBJECT, ask_counter, forget_flow, read_answers
from tests.readers import check_reader

ports = st.integers(0, 65535)
hosts = st.ip_addresses(v=4).map(str)


@given(st.integers(0, 2**32 - 1), hosts, ports, hosts, ports)
def test_pyroute2_reads_a_request_to_forget(number: int, source: str, port: int, target: str, to: int) -> None:
    """As the flow that was meant."""
    data = forget_flow(number, (source, port), (target, to))
    read = nfct_msg(data)
    read.decode()
    assert (read["header"]["type"], read["header"]["sequence_number"]) == (DELETE_FLOW, number)
    assert read["header"]["length"] == len(data)
    flow = read.get_attr("CTA_TUPLE_ORIG")
    addresses, protocol = flow.get_attr("CTA_TUPLE_IP"), flow.get_attr("CTA_TUPLE_PROTO")
    assert (addresses.get_attr("CTA_IP_V4_SRC"), addresses.get_attr("CTA_IP_V4_DST")) == (source, target)
    assert (protocol.get_attr("CTA_PROTO_SRC_PORT"), protocol.get_attr("CTA_PROTO_DST_PORT")) == (port, to)
    assert protocol.get_attr("CTA_PROTO_NUM") == 17


def attribute(kind: int, value: bytes) -> bytes:
    """With its padding."""
    return struct.pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)


def message(kind: int, number: int, body: bytes) -> bytes:
    """With its header."""
    return struct.pack("=IHHII", 16 + len(body), kind, 0, number, 0) + body


@given(st.lists(st.tuples(st.integers(0, 99), st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1)), max_size=4))
def test_counters(values: list[tuple[int, int, int]]) -> None:
    """Each answer has its number, packets and bytes; an acknowledgement is error 0."""
    data = b""
    for number, packets, size in values:
        inner = attribute(1, size.to_bytes(8, "big")) + attribute(2, packets.to_bytes(8, "big"))
        body = bytes(4) + attribute(2, b"passed\0") + attribute(4 | 1 << 15, inner)
        data += message(NEW_OBJECT, number, body) + message(2, number, struct.pack("=i", 0) + bytes(16))
    expected: list[object] = []
    for number, packets, size in values:
        expected += [(number, (packets, size)), (number, 0)]
    assert list(read_answers(data)) == expected


def test_an_error() -> None:
    """Positive, as in errno."""
    assert list(read_answers(message(2, 7, struct.pack("=i", -2) + bytes(16)))) == [(7, 2)]


def test_a_counters_name() -> None:
    """Ends with a zero, as the kernel wants."""
    data = ask_counter(3, "lanrage_relay_7800", "passed")
    assert b"lanrage_relay_7800\0" in data
    assert b"passed\0" in data
    assert len(data) % 4 == 0


@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    """Answers, or one error."""
    check_reader(lambda raw: list(read_answers(raw)), data)


def test_cut_short() -> None:
    """Is refused."""
    with pytest.raises(DecodeError):
        list(read_answers(message(NEW_OBJECT, 1, bytes(4) + attribute(4, bytes(8)))[:-2]))
