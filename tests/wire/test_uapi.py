"""WireGuard's configuration protocol: what is written reads back, and any bytes are a value or a DecodeError."""

from __future__ import annotations

from ipaddress import IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanrage.core.links import Endpoint, TunnelStatus
from lanrage.errors import DecodeError
from lanrage.wire.uapi import (
    MAX_MESSAGE,
    DeviceUpdate,
    PeerUpdate,
    decode_reply,
    decode_set,
    encode_reply,
    encode_set,
)
from tests.readers import check_reader
from tests.strategies_links import device_updates, devices

LINES = st.sampled_from(
    [
        b"get=1",
        b"set=1",
        b"errno=0",
        b"errno=-98",
        b"listen_port=70000",
        b"public_key=" + b"ab" * 32,
        b"allowed_ip=10.0.0.1/8",
        b"endpoint=[::1]:1",
        b"endpoint=x:1",
        b"rx_bytes=12",
        b"rx_bytes=-1",
        b"",
        b"=",
        b"private_key=zz",
        b"last_handshake_time_sec=9",
    ]
)


@given(device_updates)
def test_set_request_reads_back(update: DeviceUpdate) -> None:
    """A set request is the same value after its trip."""
    assert decode_set(encode_set(update)) == update


@given(devices())
def test_reply_reads_back(device: tuple[bytes, TunnelStatus]) -> None:
    """A reply to get is the same status after its trip."""
    private_key, status = device
    reply = decode_reply(encode_reply(status, private_key))
    assert (reply.errno, reply.status) == (0, status)


@given(st.one_of(st.binary(max_size=200), st.lists(LINES).map(b"\n".join)), st.sampled_from([b"", b"\n", b"\n\n"]))
def test_any_bytes_are_a_value_or_a_decode_error(data: bytes, end: bytes) -> None:
    """No bytes raise anything else than DecodeError."""
    check_reader(decode_set, data + end, encode_set)
    check_reader(decode_reply, data + end)


def test_the_words_of_the_protocol() -> None:
    """A request is, byte by byte, what the protocol's description shows."""
    peer = PeerUpdate(b"\2" * 32, False, True, Endpoint("::1", 7), 25, True, (IPv4Network("10.66.0.2/32"),))
    assert encode_set(DeviceUpdate(b"\1" * 32, 51820, True, (peer,))) == (
        b"set=1\nprivate_key="
        + b"01" * 32
        + b"\nlisten_port=51820\nreplace_peers=true\npublic_key="
        + b"02" * 32
        + b"\n"
        b"update_only=true\nendpoint=[::1]:7\npersistent_keepalive_interval=25\nreplace_allowed_ips=true\n"
        b"allowed_ip=10.66.0.2/32\n\n"
    )


def test_a_reply_of_wireguard_go() -> None:
    """A recorded answer of wireguard-go 0.0.20220316: the device has no key yet, and unknown keys are skipped."""
    reply = decode_reply(
        b"listen_port=40000\nfwmark=1\npublic_key="
        + b"02" * 32
        + b"\npreshared_key="
        + b"00" * 32
        + b"\nprotocol_version=1\n"
        b"last_handshake_time_sec=12\nlast_handshake_time_nsec=500000000\ntx_bytes=148\nrx_bytes=0\n"
        b"persistent_keepalive_interval=0\nallowed_ip=10.66.0.2/32\nerrno=0\n\n"
    )
    peer = reply.status.peers[b"\2" * 32]
    assert (reply.status.public_key, reply.status.listen_port) == (bytes(32), 40000)
    assert (peer.latest_handshake, peer.tx_bytes, peer.rx_bytes, peer.endpoint) == (12.5, 148, 0, None)


@pytest.mark.parametrize("number", [b"98", b"-98"])
def test_a_refusal_has_its_number(number: bytes) -> None:
    """Old and new programs write the error number with and without a sign."""
    assert decode_reply(b"errno=" + number + b"\n\n").errno == 98


def test_too_long_a_message_is_refused() -> None:
    """What is longer than any party's device is no message."""
    with pytest.raises(DecodeError):
        decode_reply(b"a=" + b"b" * MAX_MESSAGE + b"\nerrno=0\n\n")


def test_link_local_endpoint() -> None:
    """A peer that was heard by its link-local address is told with its scope, and spoils the status of no other."""
    lines = b"public_key=" + b"ab" * 32 + b"\nendpoint=[fe80::7%eth0]:51820\npublic_key=" + b"cd" * 32
    reply = decode_reply(b"listen_port=51820\n" + lines + b"\nendpoint=192.0.2.7:5\nerrno=0\n\n")
    ends = [peer.endpoint for peer in reply.status.peers.values()]
    assert ends == [Endpoint("fe80::7", 51820), Endpoint("192.0.2.7", 5)]
