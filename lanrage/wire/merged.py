"""Datagrams that a device merged into one, taken apart (``struct virtio_net_hdr``, virtio 1.2, 5.1.6; packet(7)).

A tunnel in userspace hands equal datagrams of one flow to the kernel in one piece, and the kernel takes it apart for
sockets only, not for those who look at packets.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

_OFFLOADS = struct.Struct("=BBHHHH")
OFFLOADS_BYTES = _OFFLOADS.size
UDP_SEGMENTS = 5
"""VIRTIO_NET_HDR_GSO_UDP_L4; the other kinds are one datagram, or no UDP."""

UDP_BYTES = 8


def unmerged(data: bytes, link: int) -> Iterator[bytes]:
    """The IPv4 packets in what a packet socket with ``PACKET_VNET_HDR`` read; their checksums are not finished.

    :param data: the offloads' header, the link's, then the packet.
    :param link: bytes of the link's header.
    """
    if len(data) < OFFLOADS_BYTES:
        return
    _, kind, _, size, _, _ = _OFFLOADS.unpack_from(data)
    packet = data[OFFLOADS_BYTES + link :]
    if kind != UDP_SEGMENTS or not size or not packet:
        yield packet
        return
    header = (packet[0] & 15) * 4
    body = packet[header + UDP_BYTES :]
    for begin in range(0, len(body), size):
        piece = body[begin : begin + size]
        udp = packet[header : header + 4] + struct.pack("!HH", UDP_BYTES + len(piece), 0)
        length = header + UDP_BYTES + len(piece)
        yield packet[:2] + struct.pack("!H", length) + packet[4:header] + udp + piece
