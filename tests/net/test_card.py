"""The LAN card: frames in and out, its set-up for real, and the sentences of what goes wrong."""

from __future__ import annotations

import errno
import socket
from ipaddress import IPv4Interface
from typing import Any, cast

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReadDescriptor
from twisted.pair.testing import MemoryIOSystem, Tunnel
from twisted.trial.unittest import TestCase
from zope.interface import implementer

from lanrage.errors import BadInput, MissingRight
from lanrage.interfaces import ILanCard
from lanrage.net.card import TapCard
from tests.contracts_links import CardContract
from tests.namespaces import may_unshare
from tests.real_links import RealNamespace

ADDRESS = IPv4Interface("10.66.0.1/24")
FRAME = b"\xff" * 6 + b"\x02\x66\x0a\x42\x00\x02" + b"\x81\x37" + b"ipx" * 20


class FakeReactor:
    """Runs what goes to threads at once, and remembers readers."""

    def __init__(self, reactor: Any) -> None:
        self.readers: list[Any] = []
        self._reactor = reactor

    def addReader(self, reader: Any) -> None:
        """Part of IReactorFDSet."""
        self.readers.append(reader)

    def removeReader(self, reader: Any) -> None:
        """Part of IReactorFDSet."""
        self.readers = [each for each in self.readers if each is not reader]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reactor, name)


class TestMemoryCard(TestCase):
    """The card on Twisted's in-memory system of TAP devices."""

    def setUp(self) -> None:
        """A system without devices."""
        from twisted.internet import reactor

        self.system = MemoryIOSystem()
        self.system.registerSpecialDevice(Tunnel._DEVICE_NAME, Tunnel)
        self.reactor = cast(Any, FakeReactor(reactor))
        self.set_up: list[tuple[str, IPv4Interface, int]] = []
        self.received: list[bytes] = []
        self.card = TapCard(
            self.reactor, "lrt0", 1280, system=self.system, configure=lambda *given: self.set_up.append(given)
        )

    async def test_opens_and_closes(self) -> None:
        """It is set up with its address, read while open, and not after."""
        await self.card.open(ADDRESS, self.received.append)
        assert self.set_up == [("lrt0", ADDRESS, 1280)]
        assert len(self.reactor.readers) == 1
        await self.card.close()
        await self.card.close()
        assert self.reactor.readers == []
        assert not self.card.write(FRAME)

    async def test_receives_each_frame(self) -> None:
        """A frame that this machine sends is handed on whole, and a failing receiver stops nothing."""

        def receive(frame: bytes) -> None:
            self.received.append(frame)
            if len(self.received) == 1:
                raise ValueError("first")

        await self.card.open(ADDRESS, receive)
        tunnel = self.system.getTunnel(self.card._port)
        tunnel.readBuffer.extend([FRAME, FRAME + b"2"])
        self.reactor.readers[0].doRead()
        assert self.received == [FRAME, FRAME + b"2"]
        assert len(self.flushLoggedErrors(ValueError)) == 1
        await self.card.close()

    async def test_full_queue_drops(self) -> None:
        """What the device does not take is told and counted."""
        await self.card.open(ADDRESS, self.received.append)
        tunnel = self.system.getTunnel(self.card._port)
        assert self.card.write(FRAME)
        assert list(tunnel.writeBuffer) == [FRAME]
        tunnel.SEND_BUFFER_SIZE = 10
        assert not self.card.write(FRAME)
        assert self.card.dropped == 1
        await self.card.close()

    async def test_removed_by_somebody(self) -> None:
        """A card that goes away while it is open is told; one that is closed is not."""
        lost: list[str] = []
        await self.card.open(ADDRESS, self.received.append, lambda: lost.append("lost"))
        self.reactor.readers[0].connectionLost(None)
        assert lost == ["lost"]
        assert not self.card.write(FRAME)
        await self.card.close()
        await self.card.open(ADDRESS, self.received.append, lambda: lost.append("again"))
        await self.card.close()
        assert lost == ["lost"]

    async def test_sentences(self) -> None:
        """No rights, no TUN, a busy name: one sentence each."""
        for code, kind, word in (
            (errno.EPERM, MissingRight, "CAP_NET_ADMIN"),
            (errno.ENOENT, MissingRight, "/dev/net/tun"),
            (errno.EBUSY, BadInput, "in use"),
        ):
            self.system = _Refusing(code)
            card = TapCard(self.reactor, "lrt0", system=self.system)
            with pytest.raises(kind, match=word):
                await card.open(ADDRESS, self.received.append)

    async def test_failing_set_up_leaves_nothing(self) -> None:
        """When it cannot be set up it is closed again."""

        def fail(*_: object) -> None:
            raise MissingRight("no")

        card = TapCard(self.reactor, "lrt0", system=self.system, configure=fail)
        with pytest.raises(MissingRight):
            await card.open(ADDRESS, self.received.append)
        assert self.reactor.readers == []

    def test_bad_name(self) -> None:
        """A name that Linux takes for no device is refused at once."""
        with pytest.raises(BadInput, match="card"):
            TapCard(self.reactor, "a/b")


class _Refusing(MemoryIOSystem):
    """Every device refuses to open."""

    def __init__(self, code: int) -> None:
        super().__init__()
        self._code = code

    def open(self, *_: object) -> int:
        """Refuse."""
        raise OSError(self._code, "refused")


@pytest.mark.skipif(not may_unshare(), reason="needs root and /dev/net/tun")
class TestRealCard(CardContract, TestCase):
    """A TAP device in a namespace."""

    timeout = 120

    def setUp(self) -> None:
        """A namespace of our own."""
        from twisted.internet import reactor

        self.world = RealNamespace(reactor)
        self.addCleanup(self.world.leave)

    def card(self) -> ILanCard:
        """See the contract."""
        return TapCard(self.world.reactor, "lrt0")

    def send(self, card: ILanCard, frame: bytes) -> None:
        """See the contract."""
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as packets:
            packets.bind((card.name, 0))
            packets.send(frame)

    def listen(self, card: ILanCard) -> Deferred[bytes]:
        """See the contract."""
        heard: Deferred[bytes] = Deferred()
        packets = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x8137))
        packets.bind((card.name, 0x8137))
        reader = _Reader(packets, heard)
        self.world.reactor.addReader(reader)
        self.addCleanup(packets.close)
        self.addCleanup(self.world.reactor.removeReader, reader)
        return heard

    async def test_set_up(self) -> None:
        """Address, broadcast, MAC, MTU, mark; IPv6 off; loose reverse path; broadcast and multicast."""
        card = self.card()
        await card.open(ADDRESS, lambda frame: None)
        shown = self.world.namespace.run("ip -d addr show dev lrt0; sysctl net.ipv4.conf.lrt0.rp_filter")
        assert "inet 10.66.0.1/24 brd 10.66.0.255 scope global" in shown
        for word in ("link/ether 02:66:0a:42:00:01", "mtu 1280", "alias lanrage", "BROADCAST,MULTICAST,UP", "tap"):
            assert word in shown
        assert "rp_filter = 2" in shown
        assert "inet6" not in shown
        await card.close()

    async def test_existing_name(self) -> None:
        """A card of somebody else is not taken over."""
        self.world.namespace.run("ip tuntap add dev lrt0 mode tap")
        with pytest.raises(BadInput, match="lrt0"):
            await self.card().open(ADDRESS, lambda frame: None)

    async def test_deleted_by_somebody(self) -> None:
        """Writing to a card that somebody deleted drops, and closing it is no error."""
        card = self.card()
        await card.open(ADDRESS, lambda frame: None)
        self.world.namespace.run("ip link del lrt0")
        assert not card.write(FRAME)
        await card.close()
        self.flushLoggedErrors(OSError)

    async def test_down(self) -> None:
        """A card that is down drops."""
        card = self.card()
        await card.open(ADDRESS, lambda frame: None)
        self.world.namespace.run("ip link set lrt0 down")
        assert not card.write(FRAME)
        await card.close()


@implementer(IReadDescriptor)
class _Reader:
    """Fires with the first packet of a socket."""

    def __init__(self, packets: socket.socket, heard: Deferred[bytes]) -> None:
        self._packets, self._heard = packets, heard

    def fileno(self) -> int:
        """The socket's descriptor."""
        return self._packets.fileno()

    def doRead(self) -> None:
        """Take one packet."""
        packet = self._packets.recv(4096)
        if not self._heard.called:
            self._heard.callback(packet)

    def connectionLost(self, reason: object) -> None:
        """The reactor gives up."""

    def logPrefix(self) -> str:
        """In the log."""
        return "test"
