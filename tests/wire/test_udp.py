"""UDP for raw sockets: what is written reads back, any bytes are a datagram or nothing."""

from __future__ import annotations

import socket
import struct

from hypothesis import given
from hypothesis import strategies as st

from lanrage.core.links import Endpoint
from lanrage.wire.udp import Datagram, read_packet, write_segment
from lanrage.wire.udp_body import checksum

endpoints = st.builds(Endpoint, st.ip_addresses(v=4).map(str), st.integers(1, 65535))


@given(st.binary(max_size=100), endpoints, endpoints, st.integers(5, 15))
def test_reads_back(payload: bytes, source: Endpoint, to: Endpoint, words: int) -> None:
    """With any IP options before it and padding after it, and a checksum that proves."""
    segment = write_segment(payload, source, to)
    addresses = socket.inet_aton(source.host) + socket.inet_aton(to.host)
    header = struct.pack("!BBHHHBBH", 0x40 | words, 0, words * 4 + len(segment), 0, 0, 64, 17, 0) + addresses
    packet = header + bytes(words * 4 - 20) + segment
    assert read_packet(packet + b"padding") == Datagram(source, to, payload)
    assert checksum(addresses + struct.pack("!HH", 17, len(segment)) + segment) == 0xFFFF


@given(st.binary(max_size=60))
def test_any_bytes(packet: bytes) -> None:
    """No packet raises."""
    read_packet(packet)
