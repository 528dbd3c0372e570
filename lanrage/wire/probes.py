"""Probes between two members, sent from WireGuard's own UDP port (``docs/protocol-probe.rst``).

Layout, network byte order::

    0  4s  magic "LRNG"      WireGuard ignores what does not begin with its own types
    4  B   version 1
    5  B   kind
    6  8s  sender tag        BLAKE2s(party id, sender's WireGuard key): finds the pair, tells the direction
    14 8s  session           of the sender, as in its offer; another one is a stale or replayed probe
    22 8s  transaction       number of a PING or DECIDE, rising; echoed by the answer
    30 ..  body              by kind
    -16 8s MAC               BLAKE2s keyed with the pair's probe key over all before it: a member of the pair made it
    -8  8s MAC               likewise over all before it and the receiver's session: for this life of the receiver

The first one alone proves no more than that the pair made the probe once, so it is answered by an offer at most. Who
guesses one needs 2**64 packets, and as many again for the other.
"""

from __future__ import annotations

import hashlib
import hmac
import struct
from ipaddress import ip_address

from lanrage.core.links import Endpoint
from lanrage.core.probe import Probe, ProbeKind
from lanrage.errors import CryptoError, DecodeError

MAGIC = b"LRNG"
VERSION = 1
TAG_BYTES = 8
SESSION_BYTES = 8
MAC_BYTES = 8
"""Of each of the two."""
MACS_BYTES = 2 * MAC_BYTES
PROBE_LIMIT = 128
"""Bytes; the largest probe of this version has 65."""
_HEADER = struct.Struct("!4sBB8s8s8s")
_DECISION = struct.Struct("!I")


def sender_tag(party_id: str, wireguard_key: bytes) -> bytes:
    """Eight bytes that name a member within a party to those who know its key."""
    return hashlib.blake2s(bytes.fromhex(party_id) + wireguard_key, digest_size=TAG_BYTES, person=b"lrtag").digest()


def _mac(data: bytes, key: bytes) -> bytes:
    return hashlib.blake2s(data, key=key, digest_size=MAC_BYTES, person=b"lrprobe").digest()


def _mac_for(session: bytes, data: bytes, key: bytes) -> bytes:
    return hashlib.blake2s(data + session, key=key, digest_size=MAC_BYTES, person=b"lrlife").digest()


def encode(probe: Probe, key: bytes, to: bytes | None) -> bytes:
    """Bytes of a probe with its MACs by the pair's probe key (32 bytes).

    :param to: the receiver's session; ``None`` where it is not known.
    """
    body = b""
    if probe.kind is ProbeKind.PONG and probe.observed is not None:
        address = ip_address(probe.observed.host).packed
        body = bytes([len(address)]) + address + probe.observed.port.to_bytes(2, "big")
    elif probe.kind in (ProbeKind.DECIDE, ProbeKind.DECIDED):
        body = _DECISION.pack(probe.decision)
    data = _HEADER.pack(MAGIC, VERSION, probe.kind, probe.tag, probe.session, probe.transaction) + body
    data += _mac(data, key)
    return data + _mac_for(to or bytes(SESSION_BYTES), data, key)


def peek_tag(data: bytes) -> bytes:
    """The sender's tag, to find the pair's key; nothing is verified yet.

    :raises DecodeError: for bytes that are no probe of this version.
    """
    if not _HEADER.size + MACS_BYTES <= len(data) <= PROBE_LIMIT or data[:4] != MAGIC:
        raise DecodeError("no probe")
    if data[4] != VERSION:
        raise DecodeError("a probe of another version")
    return data[6 : 6 + TAG_BYTES]


def decode(data: bytes, key: bytes, session: bytes) -> Probe:
    """Read and verify a probe.

    :param session: the receiver's own; whether the sender knew it is in :attr:`Probe.knows`.
    :raises DecodeError: for bytes that are no probe.
    :raises CryptoError: when the first MAC does not hold.
    """
    peek_tag(data)
    knows = hmac.compare_digest(data[-MAC_BYTES:], _mac_for(session, data[:-MAC_BYTES], key))
    data, mac = data[:-MACS_BYTES], data[-MACS_BYTES:-MAC_BYTES]
    if not hmac.compare_digest(mac, _mac(data, key)):
        raise CryptoError("the probe's MAC does not hold")
    _, _, code, tag, theirs, transaction = _HEADER.unpack_from(data)
    body = data[_HEADER.size :]
    try:
        kind = ProbeKind(code)
    except ValueError as error:
        raise DecodeError("a probe of unknown kind") from error
    if kind is ProbeKind.PING and not body:
        return Probe(kind, tag, theirs, transaction, knows=knows)
    if kind is ProbeKind.PONG:
        return Probe(kind, tag, theirs, transaction, observed=_observed(body), knows=knows)
    if kind in (ProbeKind.DECIDE, ProbeKind.DECIDED) and len(body) == _DECISION.size:
        (decision,) = _DECISION.unpack(body)
        return Probe(kind, tag, theirs, transaction, decision=decision, knows=knows)
    raise DecodeError("a probe with a body of the wrong size")


def _observed(body: bytes) -> Endpoint:
    size = body[0] if body else 0
    port = int.from_bytes(body[-2:], "big")
    if size not in (4, 16) or len(body) != size + 3 or not port:
        raise DecodeError("a pong without the address it saw")
    return Endpoint(str(ip_address(body[1 : 1 + size])), port)
