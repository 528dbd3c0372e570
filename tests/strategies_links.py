"""What hypothesis draws for the links: keys, endpoints, networks, updates and statuses."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from hypothesis import strategies as st

from lanrage.core.links import Endpoint, PeerStatus, TunnelStatus
from lanrage.wire.uapi import DeviceUpdate, PeerUpdate, public_of

keys = st.binary(min_size=32, max_size=32)
ports = st.integers(1, 65535)
hosts = st.one_of(st.builds(IPv4Address, st.integers(0, 2**32 - 1)), st.builds(IPv6Address, st.integers(0, 2**128 - 1)))
endpoints = st.builds(Endpoint, hosts.map(str), ports)
networks = st.one_of(
    st.builds(lambda n, p: IPv4Network((n >> (32 - p) << (32 - p), p)), st.integers(0, 2**32 - 1), st.integers(0, 32)),
    st.builds(
        lambda n, p: IPv6Network((n >> (128 - p) << (128 - p), p)), st.integers(0, 2**128 - 1), st.integers(0, 128)
    ),
)
network_tuples = st.lists(networks, max_size=4).map(tuple)
counters = st.integers(0, 2**64 - 1)

peer_updates = st.builds(
    PeerUpdate,
    keys,
    remove=st.booleans(),
    update_only=st.booleans(),
    endpoint=st.none() | endpoints,
    keepalive=st.none() | st.integers(0, 65535),
    replace_allowed=st.booleans(),
    allowed=network_tuples,
)
device_updates = st.builds(
    DeviceUpdate,
    private_key=st.none() | keys,
    listen_port=st.none() | st.integers(0, 65535),
    replace_peers=st.booleans(),
    peers=st.lists(peer_updates, max_size=4).map(tuple),
)

peer_statuses = st.builds(
    PeerStatus,
    public_key=keys,
    endpoint=st.none() | endpoints,
    allowed=network_tuples,
    latest_handshake=st.integers(0, 2**33).map(lambda half: half / 2),
    rx_bytes=counters,
    tx_bytes=counters,
    keepalive=st.integers(0, 65535),
)


@st.composite
def devices(draw: st.DrawFn) -> tuple[bytes, TunnelStatus]:
    """A private key and the status of a device that has it."""
    private_key = draw(keys)
    peers = {peer.public_key: peer for peer in draw(st.lists(peer_statuses, max_size=4))}
    return private_key, TunnelStatus(public_of(private_key), draw(st.integers(0, 65535)), peers)
