"""What every tunnel, card and probe port must do, in memory and for real: mixins for test cases.

A test case adds a *bench*: the world in which the things are made, see :class:`TunnelBench`.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from twisted.internet.defer import Deferred

from lanrage.core.links import Endpoint, PeerStatus, TunnelPeer
from lanrage.errors import BadInput, Unreachable
from lanrage.interfaces import ILanCard, IProbePort, ITunnel
from lanrage.wire.uapi import public_of

ADDRESS_A, ADDRESS_B = IPv4Address("10.66.0.1"), IPv4Address("10.66.0.2")
PORT_A, PORT_B = 51821, 51822
MTU = 1280


def new_key() -> bytes:
    """A WireGuard private key."""
    return X25519PrivateKey.generate().private_bytes_raw()


def only(address: IPv4Address) -> tuple[IPv4Network, ...]:
    """The network of one address."""
    return (IPv4Network(address),)


class TunnelBench(Protocol):
    """Where tunnels are made: all on one machine, reaching each other at 127.0.0.1."""

    def tunnel(self, name: str) -> ITunnel:
        """A tunnel that is not created yet; the bench removes what is left of it after the test."""

    async def carry(
        self, sender: ITunnel, receiver: ITunnel, source: IPv4Address, to: IPv4Address, lost: bool = False
    ) -> bool:
        """Send an IP packet into one device, and tell whether it comes out of the other.

        :param lost: it is expected to get lost, so it is not awaited for long.
        """

    def take_port(self, port: int) -> None:
        """Another program listens on this UDP port."""

    def take_name(self, name: str) -> None:
        """Somebody else makes a device of this name."""

    def has_device(self, name: str) -> bool:
        """Whether a device of this name exists."""

    def mtu(self, name: str) -> int:
        """The MTU of a device, in bytes."""


class TunnelContract:
    """The tests; ``bench`` is set up by the test case."""

    bench: TunnelBench

    async def pair(self) -> tuple[ITunnel, ITunnel, bytes, bytes]:
        """Two tunnels of which the second is passive: it knows the first, but not where it is."""
        key_a, key_b = new_key(), new_key()
        one, other = self.bench.tunnel("lrt-a"), self.bench.tunnel("lrt-b")
        await one.create(key_a, PORT_A, MTU)
        await other.create(key_b, PORT_B, MTU)
        await other.set_peer(TunnelPeer(public_of(key_a), only(ADDRESS_A)))
        await one.set_peer(TunnelPeer(public_of(key_b), only(ADDRESS_B), Endpoint("127.0.0.1", PORT_B)))
        return one, other, public_of(key_a), public_of(key_b)

    async def test_create(self) -> None:
        """A new device has its key and port, and no peers."""
        key, tunnel = new_key(), self.bench.tunnel("lrt-a")
        await tunnel.create(key, PORT_A, MTU)
        status = await tunnel.status()
        assert self.bench.has_device("lrt-a")
        assert (status.public_key, status.listen_port, status.peers) == (public_of(key), PORT_A, {})

    async def test_create_on_any_port(self) -> None:
        """Port 0 lets the machine choose; the status tells."""
        tunnel = self.bench.tunnel("lrt-a")
        await tunnel.create(new_key(), 0, MTU)
        assert (await tunnel.status()).listen_port > 0

    async def test_configure(self) -> None:
        """A peer has what it was given, and no handshake yet; IPv6 endpoints too."""
        tunnel, peer = self.bench.tunnel("lrt-a"), public_of(new_key())
        await tunnel.create(new_key(), PORT_A, MTU)
        networks = (IPv4Network("10.66.0.2/32"), IPv4Network("10.67.0.0/24"))
        await tunnel.set_peer(TunnelPeer(peer, networks, Endpoint("::1", 9), keepalive=25))
        status = (await tunnel.status()).peers[peer]
        assert (status.endpoint, set(status.allowed), status.keepalive) == (Endpoint("::1", 9), set(networks), 25)
        assert (status.latest_handshake, status.rx_bytes) == (0.0, 0)

    async def test_handshake_and_transfer(self) -> None:
        """One initiator: its first packet arrives, the answer too, and the passive side has learnt the endpoint."""
        one, other, key_a, _ = await self.pair()
        assert await self.bench.carry(one, other, ADDRESS_A, ADDRESS_B)
        assert await self.bench.carry(other, one, ADDRESS_B, ADDRESS_A)
        assert (await other.status()).peers[key_a].endpoint == Endpoint("127.0.0.1", PORT_A)

    async def test_statistics(self) -> None:
        """Both sides tell when they shook hands, and count bytes both ways."""
        one, other, key_a, key_b = await self.pair()
        assert await self.bench.carry(one, other, ADDRESS_A, ADDRESS_B)
        assert await self.bench.carry(other, one, ADDRESS_B, ADDRESS_A)
        before = (await one.status()).peers[key_b]
        assert await self.bench.carry(one, other, ADDRESS_A, ADDRESS_B)
        after, far = (await one.status()).peers[key_b], (await other.status()).peers[key_a]
        assert min(after.latest_handshake, far.latest_handshake) > 1e9
        assert after.tx_bytes > before.tx_bytes > 0
        assert min(after.rx_bytes, far.rx_bytes, far.tx_bytes) > 0

    async def test_only_allowed_sources_come_out(self) -> None:
        """A packet whose source is not the peer's is dropped by the receiver."""
        one, other, _, _ = await self.pair()
        assert not await self.bench.carry(one, other, IPv4Address("10.66.0.77"), ADDRESS_B, lost=True)
        assert await self.bench.carry(one, other, ADDRESS_A, ADDRESS_B)

    async def test_change(self) -> None:
        """Setting a known peer replaces networks and keepalive, and keeps the endpoint when none is given."""
        one, _, _, key_b = await self.pair()
        await one.set_peer(TunnelPeer(key_b, only(IPv4Address("10.66.0.9")), keepalive=15))
        peer = (await one.status()).peers[key_b]
        assert (peer.allowed, peer.keepalive) == (only(IPv4Address("10.66.0.9")), 15)
        assert peer.endpoint == Endpoint("127.0.0.1", PORT_B)
        await one.set_peer(TunnelPeer(key_b, only(ADDRESS_B), keepalive=0))
        assert (await one.status()).peers[key_b].keepalive == 0

    async def test_move(self) -> None:
        """A new endpoint leaves networks and keepalive as they are."""
        one, _, _, key_b = await self.pair()
        before = (await one.status()).peers[key_b]
        await one.set_endpoint(key_b, Endpoint("127.0.0.9", 7))
        after = (await one.status()).peers[key_b]
        assert (after.endpoint, after.allowed) == (Endpoint("127.0.0.9", 7), before.allowed)

    async def test_unknown_peer(self) -> None:
        """An unknown peer is not moved, not made by the attempt, and its removal is no error."""
        tunnel, stranger = self.bench.tunnel("lrt-a"), public_of(new_key())
        await tunnel.create(new_key(), PORT_A, MTU)
        refused = False
        try:
            await tunnel.set_endpoint(stranger, Endpoint("127.0.0.1", 7))
        except LookupError:
            refused = True
        await tunnel.remove_peer(stranger)
        assert refused
        assert (await tunnel.status()).peers == {}

    async def test_mtu(self) -> None:
        """The MTU is what was set last; less than IPv6 needs is refused, and so is a device that is gone."""
        tunnel = self.bench.tunnel("lrt-a")
        await tunnel.create(new_key(), PORT_A, MTU)
        seen = [self.bench.mtu("lrt-a")]
        for mtu in (1420, MTU):
            told = await tunnel.set_mtu(mtu)
            seen += [told, self.bench.mtu("lrt-a")]
        refused: list[str] = []
        for mtu, gone in ((MTU - 1, False), (MTU, True)):
            if gone:
                await tunnel.destroy()
            try:
                await tunnel.set_mtu(mtu)
            except (BadInput, Unreachable) as error:
                refused.append(type(error).__name__)
        assert (seen, refused) == ([MTU, 1420, 1420, MTU, MTU], ["BadInput", "Unreachable"])

    async def test_remove(self) -> None:
        """A removed peer is gone, also when it was the last, and nothing of its packets comes out any more."""
        one, other, key_a, _ = await self.pair()
        assert await self.bench.carry(one, other, ADDRESS_A, ADDRESS_B)
        await other.remove_peer(key_a)
        assert (await other.status()).peers == {}
        assert not await self.bench.carry(one, other, ADDRESS_A, ADDRESS_B, lost=True)

    async def test_many_peers(self) -> None:
        """A party of 64 is told whole, in however many messages."""
        tunnel = self.bench.tunnel("lrt-a")
        await tunnel.create(new_key(), PORT_A, MTU)
        peers = {public_of(new_key()): only(IPv4Address("10.66.1.0") + number) for number in range(64)}
        for key, allowed in peers.items():
            await tunnel.set_peer(TunnelPeer(key, allowed))
        found: dict[bytes, PeerStatus] = (await tunnel.status()).peers
        assert {key: peer.allowed for key, peer in found.items()} == peers

    async def test_destroy(self) -> None:
        """The device is gone, a second time is no error, and what is asked of it says that it is gone."""
        tunnel = self.bench.tunnel("lrt-a")
        await tunnel.create(new_key(), PORT_A, MTU)
        await tunnel.destroy()
        await tunnel.destroy()
        assert not self.bench.has_device("lrt-a")
        gone = False
        try:
            await tunnel.status()
        except Unreachable:
            gone = True
        assert gone

    async def test_port_taken(self) -> None:
        """A port of somebody else is named, and no device stays behind."""
        self.bench.take_port(PORT_A)
        tunnel, said = self.bench.tunnel("lrt-a"), ""
        try:
            await tunnel.create(new_key(), PORT_A, MTU)
        except BadInput as error:
            said = str(error)
        assert str(PORT_A) in said
        assert not self.bench.has_device("lrt-a")

    async def test_leftover_is_replaced(self) -> None:
        """A device of ours that a crash left makes room for the new one, with the new key."""
        await self.bench.tunnel("lrt-a").create(new_key(), PORT_A, MTU)
        key, tunnel = new_key(), self.bench.tunnel("lrt-a")
        await tunnel.create(key, PORT_A, MTU)
        assert (await tunnel.status()).public_key == public_of(key)

    async def test_foreign_device_is_left_alone(self) -> None:
        """A device that is not ours is neither replaced nor removed."""
        self.bench.take_name("lrt-a")
        tunnel, said = self.bench.tunnel("lrt-a"), ""
        try:
            await tunnel.create(new_key(), PORT_A, MTU)
        except BadInput as error:
            said = error.field
        await tunnel.destroy()
        assert said == "tunnel_device"
        assert self.bench.has_device("lrt-a")


IPX_FRAME = b"\xff" * 6 + b"\x02\x66\x0a\x42\x00\x02" + b"\x81\x37" + b"through!" * 8
"""A frame that no IP stack answers."""


class CardContract:
    """What every LAN card must do; the test case makes the card and stands for the machine that uses it."""

    def card(self) -> ILanCard:
        """A card that is not open yet."""
        raise NotImplementedError

    def send(self, card: ILanCard, frame: bytes) -> None:
        """The machine sends a frame on the open card."""
        raise NotImplementedError

    def listen(self, card: ILanCard) -> Deferred[bytes]:
        """Fires with the next IPX frame that the machine receives from the card."""
        raise NotImplementedError

    async def test_sends(self) -> None:
        """A frame that the machine sends on the card is received here, as it is."""
        heard: Deferred[bytes] = Deferred()
        card = self.card()

        def receive(frame: bytes) -> None:
            if frame == IPX_FRAME and not heard.called:
                heard.callback(frame)

        await card.open(IPv4Interface("10.66.0.1/24"), receive)
        self.send(card, IPX_FRAME)
        assert await heard == IPX_FRAME
        await card.close()

    async def test_receives(self) -> None:
        """A frame that is written here is received by the machine, as it is."""
        card = self.card()
        await card.open(IPv4Interface("10.66.0.1/24"), lambda frame: None)
        heard = self.listen(card)
        assert card.write(IPX_FRAME)
        assert await heard == IPX_FRAME
        await card.close()

    async def test_closed(self) -> None:
        """A card that is not open takes nothing, can be opened again, and closed twice."""
        card = self.card()
        assert not card.write(IPX_FRAME)
        for _ in range(2):
            await card.open(IPv4Interface("10.66.0.1/24"), lambda frame: None)
            await card.close()
        await card.close()
        assert not card.write(IPX_FRAME)


class ProbeContract:
    """What every probe port must do; the test case makes ports of one machine, 127.0.0.1, and a stranger on it."""

    def port(self) -> IProbePort:
        """A port that is not open yet; closed after the test."""
        raise NotImplementedError

    def stranger(self, payload: bytes, to: Endpoint) -> Endpoint:
        """Another program sends a datagram; its own address is returned."""
        raise NotImplementedError

    async def test_two_ports(self) -> None:
        """A datagram arrives with the sender's endpoint and the address that it was sent to; the answer finds back."""
        one, other = self.port(), self.port()
        there: Deferred[tuple[bytes, Endpoint, str]] = Deferred()
        back: Deferred[tuple[bytes, Endpoint, str]] = Deferred()
        one.open(PORT_A, lambda *what: back.callback(what))
        other.open(PORT_B, lambda *what: there.callback(what))
        one.send(b"LRNG ping", Endpoint("127.0.0.1", PORT_B))
        payload, source, local = await there
        assert (payload, source, local) == (b"LRNG ping", Endpoint("127.0.0.1", PORT_A), "127.0.0.1")
        other.send(b"LRRL pong", source)
        assert await back == (b"LRRL pong", Endpoint("127.0.0.1", PORT_B), "127.0.0.1")

    async def test_only_ours_and_stun(self) -> None:
        """What is WireGuard's, or too short, or to another port, is not delivered; probes, relay and STUN are."""
        port, heard, last = self.port(), list[bytes](), Deferred[None]()

        def receive(payload: bytes, source: Endpoint, local: str) -> None:
            del source, local
            heard.append(payload)
            if payload == b"LRNG last":
                last.callback(None)

        port.open(PORT_A, receive)
        cookie = b"\0\1\0\0\x21\x12\xa4\x42" + bytes(12)
        for payload in (b"\1\0\0\0" + bytes(144), b"", b"LRN", b"\4\0\0\0LRNG", b"LRRL", cookie):
            self.stranger(payload, Endpoint("127.0.0.1", PORT_A))
        self.stranger(b"LRNG elsewhere", Endpoint("127.0.0.1", PORT_B))
        self.stranger(b"LRNG last", Endpoint("127.0.0.1", PORT_A))
        await last
        assert heard == [b"LRRL", cookie, b"LRNG last"]

    async def test_closed(self) -> None:
        """A port that is not open sends nothing and is closed twice; it can be opened again, on another port."""
        port = self.port()
        port.send(b"LRNG", Endpoint("127.0.0.1", PORT_B))
        port.open(PORT_B, lambda *_: None)
        port.close()
        port.close()
        heard: Deferred[bytes] = Deferred()
        port.open(PORT_A, lambda payload, *_: heard.callback(payload))
        self.stranger(b"LRNG 2", Endpoint("127.0.0.1", PORT_A))
        assert await heard == b"LRNG 2"
