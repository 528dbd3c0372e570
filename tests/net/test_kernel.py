"""The kernel's answers, read; the proof with a kernel that has WireGuard is ``tests/kernel``."""

from __future__ import annotations

from base64 import b64encode
from ipaddress import IPv4Network
from typing import Any

import pytest
from twisted.trial.unittest import TestCase

from lanrage.core.links import Endpoint, PeerStatus, TunnelStatus
from lanrage.net.kernel import KernelTunnel, NoKernelWireGuard, kernel_has_wireguard, read_device
from tests.fakes_links import MemoryJournal
from tests.namespaces import may_unshare
from tests.real_links import RealNamespace

KEY, ONE, OTHER = b"k" * 32, b"1" * 32, b"2" * 32


class Attributes(dict[str, Any]):
    """A netlink message, as pyroute2 hands it over."""

    def get_attr(self, name: str) -> Any:
        """One attribute, None where it is absent."""
        return self.get(name)


class Netlink:
    """Answers with recorded messages."""

    def __init__(self, *messages: dict[str, Any]) -> None:
        self._messages = messages

    def info(self, name: str) -> list[Attributes]:
        """The messages of a dump."""
        assert name == "lrt-a"
        return [Attributes(message) for message in self._messages]


def peer(key: bytes, *networks: str, **more: Any) -> Attributes:
    """A peer in a message."""
    allowed = [{"addr": network} for network in networks]
    return Attributes({"WGPEER_A_PUBLIC_KEY": b64encode(key), "WGPEER_A_ALLOWEDIPS": allowed or None, **more})


def test_no_peers() -> None:
    """A device without peers has no list of them, and one without a key no key."""
    assert read_device(Netlink({"WGDEVICE_A_LISTEN_PORT": 7, "WGDEVICE_A_PEERS": None}), "lrt-a") == TunnelStatus(
        bytes(32), 7, {}
    )


def test_a_peer_goes_on_in_the_next_message() -> None:
    """Networks of one peer that are told in two messages are one peer's, and its numbers are those told first."""
    told = {
        "WGPEER_A_ENDPOINT": {"addr": "192.0.2.1", "port": 9},
        "WGPEER_A_LAST_HANDSHAKE_TIME": {"tv_sec": 12, "tv_nsec": 500_000_000},
        "WGPEER_A_RX_BYTES": 3,
        "WGPEER_A_TX_BYTES": 4,
        "WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL": 25,
    }
    first = {"WGDEVICE_A_PUBLIC_KEY": b64encode(KEY), "WGDEVICE_A_LISTEN_PORT": 7}
    messages = (
        {**first, "WGDEVICE_A_PEERS": [peer(ONE, "10.66.0.2/32", **told)]},
        {"WGDEVICE_A_PEERS": [peer(ONE, "10.67.0.0/24"), peer(OTHER)]},
    )
    networks = (IPv4Network("10.66.0.2/32"), IPv4Network("10.67.0.0/24"))
    assert read_device(Netlink(*messages), "lrt-a") == TunnelStatus(
        KEY,
        7,
        {
            ONE: PeerStatus(ONE, Endpoint("192.0.2.1", 9), networks, 12.5, 3, 4, 25),
            OTHER: PeerStatus(OTHER, None, (), 0.0, 0, 0, 0),
        },
    )


@pytest.mark.skipif(not may_unshare(), reason="needs root and /dev/net/tun")
class TestWithout(TestCase):
    """A kernel without WireGuard."""

    async def test_sentence(self) -> None:
        """The error says what to do, and nothing stays, on the machine or in the journal."""
        from twisted.internet import reactor

        if kernel_has_wireguard():
            return
        world = RealNamespace(reactor)
        self.addCleanup(world.leave)
        journal = MemoryJournal()
        tunnel = KernelTunnel(world.reactor, "lrt-a", journal)
        with pytest.raises(NoKernelWireGuard, match="modprobe wireguard"):
            await tunnel.create(KEY, 0, 1280)
        assert not journal.entries()
        await tunnel.destroy()
