"""The probe by which members of a party find each other on a physical network (``docs/protocol-lan.rst``).

Layout, network byte order::

    0  4s  magic "LRSL"
    4  B   version 1
    5  B   what the sender says of itself: :class:`lanrage.core.same_lan.Says`
    6  B   number of MACs, 1 to 128
    7  B   0
    8  8s  nonce of the sender
    16 ..  MACs, 8 bytes each, in no order that means anything

One MAC for each member: BLAKE2s keyed with the pair's probe key over the 16 bytes before, the sender's party address,
its address on this network, and the member's nonce that the sender heard here (zeros for none). Nobody else learns from
it whose it is or whom it is for. Their number is a multiple of 8, filled up with random bytes.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Collection, Iterable
from ipaddress import IPv4Address

import attrs

from lanrage.core.same_lan import NONCE_BYTES, Says
from lanrage.errors import DecodeError

MAGIC = b"LRSL"
VERSION = 1
ALL = int(Says.BRIDGES | Says.DEAF)

MAC_BYTES = 8
ROUNDED = 8
"""MACs come in groups of so many, so that they do not count the party."""

MACS_LIMIT = 128
"""Two for each of the 63 other members of the largest party, rounded."""

_HEADER = struct.Struct(f"!4sBBBB{NONCE_BYTES}s")
LARGEST = _HEADER.size + MACS_LIMIT * MAC_BYTES


@attrs.frozen
class Sender:
    """Who sends a probe.

    :param member: its party address.
    :param host: its address on the physical network.
    """

    member: IPv4Address
    host: IPv4Address


@attrs.frozen
class NeighbourProbe:
    """A probe as bytes say it; nothing is verified yet.

    :param header: what its MACs cover.
    """

    nonce: bytes
    says: Says
    macs: frozenset[bytes]
    header: bytes

    def proves(self, key: bytes, sender: Sender, echoes: Iterable[bytes]) -> bytes | None:
        """Which of these nonces the sender proves to have heard; ``None`` where it is not of this sender.

        :param key: the pair's probe key, 32 bytes.
        """
        return next((echo for echo in echoes if _mac(key, self.header, sender, echo) in self.macs), None)


def encode(
    nonce: bytes,
    says: Says,
    sender: Sender,
    proofs: Collection[tuple[bytes, bytes]],
    random: Callable[[int], bytes],
) -> bytes:
    """The datagram of a probe.

    :param proofs: (key of the pair, nonce of the other) for each member, 1 to 128.
    """
    count = -(-len(proofs) // ROUNDED) * ROUNDED
    header = _HEADER.pack(MAGIC, VERSION, says, count, 0, nonce)
    macs = [_mac(key, header, sender, echo) for key, echo in proofs]
    macs += [random(MAC_BYTES) for _ in range(count - len(macs))]
    return header + b"".join(sorted(macs))


def decode(data: bytes) -> NeighbourProbe:
    """Read a datagram.

    :raises DecodeError: for bytes that are no probe of version 1.
    """
    if not _HEADER.size < len(data) <= LARGEST:
        raise DecodeError(f"{len(data)} bytes are no neighbour's probe")
    magic, version, flags, count, reserved, nonce = _HEADER.unpack_from(data)
    if magic != MAGIC or version != VERSION or flags & ~ALL or reserved:
        raise DecodeError("no neighbour's probe of version 1")
    body = data[_HEADER.size :]
    if len(body) != count * MAC_BYTES:
        raise DecodeError(f"a neighbour's probe of {count} MACs has {len(body)} bytes of them")
    macs = frozenset(body[at : at + MAC_BYTES] for at in range(0, len(body), MAC_BYTES))
    return NeighbourProbe(nonce, Says(flags), macs, data[: _HEADER.size])


def _mac(key: bytes, header: bytes, sender: Sender, echo: bytes) -> bytes:
    said = header + sender.member.packed + sender.host.packed + echo
    return hashlib.blake2s(said, key=key, digest_size=MAC_BYTES, person=b"lrsame").digest()
