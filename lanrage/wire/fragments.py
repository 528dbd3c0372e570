"""IP fragments of UDP datagrams in Ethernet frames, and frames of what was joined (RFC 791, 3.1; RFC 8200, 4.5)."""

from __future__ import annotations

import struct

from lanrage.core.ip_fragments import UNIT, Fragment
from lanrage.core.lan_frames import Drop, Frame
from lanrage.wire.udp_body import PROTOCOL_UDP, UDP_BYTES, checksum, read_udp

ETHERNET_BYTES, IPV4_BYTES, IPV6_BYTES, FRAGMENT_BYTES = 14, 20, 40, 8
ICMPV6 = 58
MORE_4, OFFSET_4 = 0x2000, 0x1FFF
MORE_6 = 1

_IPV4 = struct.Struct("!2xHHHBB2x4s4s")
_IPV6 = struct.Struct("!4xHBB16s16s")
_FRAGMENT = struct.Struct("!BxHI")
_PLACE = struct.Struct("!HHH")
"""Of an IPv4 header: length, identification, flags and offset."""

_MACS = 12


def read_fragment(frame: bytes, card: int) -> Fragment | Drop:
    """Take apart a frame that :func:`lanrage.wire.packets.read_frame` calls a fragment.

    :param card: on which it was seen; fragments of different cards are different datagrams.
    """
    if frame[12:14] == b"\x08\x00":
        return _read_4(frame, card)
    return _read_6(frame, card)


def write_joined(head: bytes, segment: bytes, finished: bool) -> Frame | Drop:
    """The frame of a datagram whose fragments are all there.

    :param head: of its first fragment.
    :param segment: the UDP header and what follows.
    :param finished: whether its checksum is final.
    """
    if len(segment) < UDP_BYTES:
        return Drop.MALFORMED
    macs, ttl, addresses = head[:_MACS], head[_MACS], head[_MACS + 1 :]
    half = len(addresses) // 2
    content = read_udp(segment, addresses[:half], addresses[half:], ttl, finished)
    return content if isinstance(content, Drop) else Frame(macs[:6], macs[6:], content)


def cut_ipv4(packet: bytes, mtu: int, ident: int) -> list[bytes]:
    """An IPv4 packet without options in fragments; itself where it fits.

    :param packet: as :func:`lanrage.wire.packets.write_ipv4` makes it.
    :param mtu: of the card, at least 28.
    :param ident: tells the fragments of one packet from another's, 1 to 0xffff.
    """
    if len(packet) <= mtu:
        return [packet]
    head, payload = packet[:IPV4_BYTES], packet[IPV4_BYTES:]
    step = (mtu - IPV4_BYTES) // UNIT * UNIT
    made = []
    for at in range(0, len(payload), step):
        body = payload[at : at + step]
        place = at // UNIT | (MORE_4 if at + step < len(payload) else 0)
        blank = head[:2] + _PLACE.pack(IPV4_BYTES + len(body), ident, place) + head[8:10] + b"\0\0" + head[12:]
        made.append(blank[:10] + checksum(blank).to_bytes(2, "big") + blank[12:] + body)
    return made


def _read_4(frame: bytes, card: int) -> Fragment | Drop:
    packet = frame[ETHERNET_BYTES:]
    length, ident, place, ttl, protocol, source, destination = _IPV4.unpack_from(packet)
    if protocol != PROTOCOL_UDP:
        return Drop.PROTOCOL
    body, addresses = packet[IPV4_BYTES:length], source + destination
    key = (card, addresses, ident)
    return _fragment(frame, ttl, addresses, key, (place & OFFSET_4) * UNIT, bool(place & MORE_4), body)


def _read_6(frame: bytes, card: int) -> Fragment | Drop:
    packet = frame[ETHERNET_BYTES:]
    length, _, hops, source, destination = _IPV6.unpack_from(packet)
    if length < FRAGMENT_BYTES:
        return Drop.MALFORMED
    following, place, ident = _FRAGMENT.unpack_from(packet, IPV6_BYTES)
    if following != PROTOCOL_UDP:
        return Drop.ICMPV6 if following == ICMPV6 else Drop.PROTOCOL
    body, addresses = packet[IPV6_BYTES + FRAGMENT_BYTES : IPV6_BYTES + length], source + destination
    key = (card, addresses, ident)
    return _fragment(frame, hops, addresses, key, place & ~(UNIT - 1), bool(place & MORE_6), body)


def _fragment(  # pylint: disable=too-many-arguments,too-many-positional-arguments
    frame: bytes, ttl: int, addresses: bytes, key: tuple[int, bytes, int], offset: int, more: bool, body: bytes
) -> Fragment | Drop:
    if not body:
        return Drop.MALFORMED
    return Fragment(frame[:_MACS] + bytes([ttl]) + addresses, key, offset, more, body)
