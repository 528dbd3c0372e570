"""The stand-ins in memory pass the contracts of the real tunnel, card and probe port."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import TestCase

from lanrage.core.links import Endpoint
from lanrage.interfaces import ILanCard, IProbePort, ITunnel
from tests.contracts_links import CardContract, ProbeContract, TunnelContract
from tests.fakes_links import MemoryCard, MemoryProbePort, MemoryTunnel, MemoryWorld, deliver

HOST = "127.0.0.1"


class MemoryBench:
    """The bench of tunnels in memory."""

    def __init__(self) -> None:
        self.world = MemoryWorld()

    def tunnel(self, name: str) -> ITunnel:
        """See the contract."""
        return MemoryTunnel(self.world, name)

    async def carry(
        self, sender: ITunnel, receiver: ITunnel, source: IPv4Address, to: IPv4Address, lost: bool = False
    ) -> bool:
        """See the contract."""
        del lost
        assert isinstance(sender, MemoryTunnel)
        return sender.carry(source, to) is receiver

    def take_port(self, port: int) -> None:
        """See the contract."""
        self.world.strangers.add(Endpoint(HOST, port))

    def take_name(self, name: str) -> None:
        """See the contract."""
        self.world.devices[HOST, name] = None

    def has_device(self, name: str) -> bool:
        """See the contract."""
        return (HOST, name) in self.world.devices

    def mtu(self, name: str) -> int:
        """See the contract."""
        device = self.world.devices[HOST, name]
        assert device is not None
        return device.mtu


class TestMemoryTunnel(TunnelContract, TestCase):
    """The contract of tunnels."""

    def setUp(self) -> None:
        """A world without devices."""
        self.bench: Any = MemoryBench()


class TestMemoryCard(CardContract, TestCase):
    """The contract of LAN cards."""

    def card(self) -> ILanCard:
        """See the contract."""
        return MemoryCard()

    def send(self, card: ILanCard, frame: bytes) -> None:
        """See the contract."""
        assert isinstance(card, MemoryCard)
        card.machine_sends(frame)

    def listen(self, card: ILanCard) -> Deferred[bytes]:
        """See the contract."""
        assert isinstance(card, MemoryCard)
        heard: Deferred[bytes] = Deferred()
        card.heard = heard.callback
        return heard


class TestMemoryProbePort(ProbeContract, TestCase):
    """The contract of probe ports."""

    def setUp(self) -> None:
        """A world without ports."""
        self.world = MemoryWorld()

    def port(self) -> IProbePort:
        """See the contract."""
        return MemoryProbePort(self.world)

    def stranger(self, payload: bytes, to: Endpoint) -> Endpoint:
        """See the contract."""
        source = Endpoint(HOST, 40000)
        deliver(self.world, payload, source, to)
        return source
