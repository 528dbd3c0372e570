"""hypothesis strategies for the LAN plane: addresses of a party, datagrams, frames, bytes that almost are frames."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from lanrage.core.frame_rules import SERVICE_PORTS, canonical
from lanrage.core.lan_frames import BROADCAST_MAC, IPX_ETHERTYPE, Address, Frame, Ipx, PartyLan, Udp, derived_mac
from lanrage.core.lan_services import LanService
from lanrage.core.party_prefix import member_address
from lanrage.wire.frames import MAX_PARTS, Part
from lanrage.wire.packets import write_frame

NETWORK = IPv4Network("10.66.0.0/24")
ME = IPv4Address("10.66.0.1")
PEER = IPv4Address("10.66.0.2")
THIRD = IPv4Address("10.66.0.3")
REAL = IPv4Address("192.168.1.20")
GROUP = IPv4Address("224.0.2.60")
PREFIX = IPv6Network("fd10:6600::/64")
ME6, PEER6, THIRD6 = (member_address(PREFIX, each) for each in (ME, PEER, THIRD))
REAL6 = IPv6Address("fe80::20")
GROUP6 = IPv6Address("ff04::696f:7175:616b:6533")


def lan_of(me: IPv4Address, *others: IPv4Address, services: frozenset[LanService] = frozenset()) -> PartyLan:
    """The party as `me` sees it."""
    return PartyLan(me, NETWORK, {derived_mac(each): each for each in others}, PREFIX, services)


def udp(
    source: Address = PEER,
    destination: Address = NETWORK.broadcast_address,
    source_port: int = 5555,
    destination_port: int = 6000,
    payload: bytes = b"who plays?",
) -> Udp:
    """A datagram that may travel, but for what a test changes."""
    return Udp(source, destination, source_port, destination_port, payload)


def beacon(**changes: object) -> bytes:
    """The frame of :func:`udp`."""
    return write_frame(canonical(udp(**changes)))  # type: ignore[arg-type]


def addresses() -> SearchStrategy[IPv4Address]:
    """Any address, with those that matter more often."""
    known = [ME, PEER, THIRD, REAL, GROUP, NETWORK.broadcast_address, "255.255.255.255", "127.0.0.1", "224.0.0.251"]
    return st.sampled_from([IPv4Address(each) for each in known]) | st.integers(0, 2**32 - 1).map(IPv4Address)


def addresses6() -> SearchStrategy[IPv6Address]:
    """Any IPv6 address, with those that matter and multicast groups more often."""
    known = [ME6, PEER6, THIRD6, REAL6, GROUP6, "ff02::1", "ff02::2", "ff02::fb", "ff05::c", "::1", "ff12::666"]
    groups = st.integers(0xFF << 120, 2**128 - 1).map(IPv6Address)
    return st.sampled_from([IPv6Address(each) for each in known]) | groups | st.integers(0, 2**128 - 1).map(IPv6Address)


def ports() -> SearchStrategy[int]:
    """Any port, with the refused ones more often."""
    return st.integers(0, 65535) | st.sampled_from(sorted(SERVICE_PORTS))


def datagrams() -> SearchStrategy[Udp]:
    """Any UDP datagram that fits a frame, of IPv4 or IPv6."""
    rest = (ports(), ports(), st.binary(max_size=600), st.integers(0, 255))
    return st.builds(Udp, addresses(), addresses(), *rest) | st.builds(Udp, addresses6(), addresses6(), *rest)


def macs() -> SearchStrategy[bytes]:
    """Any MAC, with those that matter more often."""
    known = [BROADCAST_MAC, derived_mac(ME), derived_mac(PEER), bytes.fromhex("01005e00023c")]
    return st.sampled_from(known) | st.binary(min_size=6, max_size=6)


def ipx() -> SearchStrategy[Ipx]:
    """IPX in two of its framings."""
    plain = st.binary(max_size=100).map(lambda body: Ipx(IPX_ETHERTYPE + body))
    raw = st.binary(max_size=100).map(lambda body: Ipx((len(body) + 2).to_bytes(2, "big") + b"\xff\xff" + body))
    return plain | raw


def frames() -> SearchStrategy[Frame]:
    """Any frame whose content may be looked at."""
    return st.builds(Frame, macs(), macs(), datagrams() | ipx())


@st.composite
def almost_frames(draw: st.DrawFn) -> bytes:
    """Bytes of a frame in which some were changed, cut or added; or any bytes."""
    if draw(st.booleans()):
        return draw(st.binary(max_size=200))
    data = bytearray(write_frame(draw(frames())))
    for place, value in draw(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 255)), max_size=3)):
        if place < len(data):
            data[place] = value
    return bytes(data[: draw(st.integers(0, len(data)) | st.just(len(data)))]) + draw(st.binary(max_size=4))


def parts() -> SearchStrategy[Part]:
    """Any part that may be encoded."""
    u64 = st.integers(0, 2**64 - 1)
    body = st.binary(min_size=1, max_size=300)
    numbers = st.integers(1, MAX_PARTS).flatmap(lambda n: st.tuples(st.integers(0, n - 1), st.just(n)))
    return st.builds(
        lambda origin, nonce, sequence, number, body, hops: Part(
            origin, nonce, sequence, number[0], number[1], body, hops
        ),
        addresses(),
        u64,
        u64,
        numbers,
        body,
        st.integers(1, 255),
    )
