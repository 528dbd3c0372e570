"""WireGuard's cross-platform userspace configuration protocol (https://www.wireguard.com/xplatform/, docs/links.rst).

Lines of ``key=value``, keys of 32 bytes in hex, each request and reply ended by an empty line. We write ``get=1`` and
``set=1`` requests, and read replies into :class:`~lanrage.core.links.TunnelStatus`. Keys of the protocol that we have
no use for are skipped, as the protocol asks, so that newer programs are understood.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network, ip_network

import attrs
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from lanrage.core.links import KEY_BYTES, Endpoint, PeerStatus, TunnelStatus
from lanrage.errors import BadInput, DecodeError

GET = b"get=1\n\n"
"""The request for the device and its peers."""

END = b"\n\n"
"""What ends a request and a reply."""

SCOPE = re.compile(r"%[^\]]*\]")
"""The scope of a link-local address and the bracket behind it (RFC 4007, section 11)."""

MAX_MESSAGE = 1 << 20
"""Bytes; a peer with one network takes about 400, so this is far above every party."""

MAX_NUMBER = (1 << 64) - 1
"""The counters of the protocol are unsigned 64-bit numbers."""


@attrs.frozen
class PeerUpdate:
    """What a set request changes of one peer.

    :param allowed: added networks; they replace the old ones where `replace_allowed` is set.
    :param keepalive: seconds, 0 = off, ``None`` = as it is.
    :param update_only: do not create the peer when it is unknown.
    """

    public_key: bytes
    remove: bool = False
    update_only: bool = False
    endpoint: Endpoint | None = None
    keepalive: int | None = None
    replace_allowed: bool = False
    allowed: tuple[IPv4Network | IPv6Network, ...] = ()


@attrs.frozen
class DeviceUpdate:
    """A set request; what is ``None`` stays as it is."""

    private_key: bytes | None = None
    listen_port: int | None = None
    replace_peers: bool = False
    peers: tuple[PeerUpdate, ...] = ()


@attrs.frozen
class Reply:
    """The answer to a request.

    :param errno: 0, or the Linux error number of the refusal.
    :param status: the device; without keys and peers in the answer to a set request.
    """

    errno: int
    status: TunnelStatus


def encode_set(update: DeviceUpdate) -> bytes:
    """Write a set request."""
    lines = ["set=1"]
    if update.private_key is not None:
        lines.append(f"private_key={update.private_key.hex()}")
    if update.listen_port is not None:
        lines.append(f"listen_port={update.listen_port}")
    if update.replace_peers:
        lines.append("replace_peers=true")
    for peer in update.peers:
        lines.extend(_peer_lines(peer))
    return "\n".join(lines).encode("ascii") + END


def _peer_lines(peer: PeerUpdate) -> Iterator[str]:
    yield f"public_key={peer.public_key.hex()}"
    if peer.remove:
        yield "remove=true"
    if peer.update_only:
        yield "update_only=true"
    if peer.endpoint is not None:
        yield f"endpoint={peer.endpoint}"
    if peer.keepalive is not None:
        yield f"persistent_keepalive_interval={peer.keepalive}"
    if peer.replace_allowed:
        yield "replace_allowed_ips=true"
    for network in peer.allowed:
        yield f"allowed_ip={network}"


def decode_set(data: bytes) -> DeviceUpdate:
    """Read a set request (the stand-in of wireguard-go in tests answers it).

    :raises DecodeError: when it is none.
    """
    pairs = _pairs(data)
    if pairs[0] != ("set", "1"):
        raise DecodeError("a set request begins with set=1")
    device, peers = _sections(pairs[1:])
    return DeviceUpdate(
        private_key=_maybe_key(device.get("private_key")),
        listen_port=_maybe_number(device.get("listen_port"), 65535),
        replace_peers="replace_peers" in device,
        peers=tuple(_peer_update(fields, networks) for fields, networks in peers),
    )


def _peer_update(fields: dict[str, str], allowed: list[IPv4Network | IPv6Network]) -> PeerUpdate:
    return PeerUpdate(
        public_key=_key(fields["public_key"]),
        remove="remove" in fields,
        update_only="update_only" in fields,
        endpoint=_endpoint(fields.get("endpoint")),
        keepalive=_maybe_number(fields.get("persistent_keepalive_interval"), 65535),
        replace_allowed="replace_allowed_ips" in fields,
        allowed=tuple(allowed),
    )


def encode_reply(status: TunnelStatus, private_key: bytes) -> bytes:
    """Write the answer to a get request (for the stand-in of wireguard-go in tests)."""
    lines = [f"private_key={private_key.hex()}", f"listen_port={status.listen_port}"]
    for peer in status.peers.values():
        seconds, fraction = divmod(peer.latest_handshake, 1)
        lines += [f"public_key={peer.public_key.hex()}", "protocol_version=1"]
        lines += [f"endpoint={peer.endpoint}"] if peer.endpoint is not None else []
        lines += [f"last_handshake_time_sec={int(seconds)}", f"last_handshake_time_nsec={int(fraction * 1e9)}"]
        lines += [f"tx_bytes={peer.tx_bytes}", f"rx_bytes={peer.rx_bytes}"]
        lines += [f"persistent_keepalive_interval={peer.keepalive}"]
        lines += [f"allowed_ip={network}" for network in peer.allowed]
    return "\n".join([*lines, "errno=0"]).encode("ascii") + END


def decode_reply(data: bytes) -> Reply:
    """Read a reply, up to and with its empty line.

    :raises DecodeError: when it is none.
    """
    pairs = _pairs(data)
    if pairs[-1][0] != "errno":
        raise DecodeError("a reply ends with its errno")
    device, peers = _sections(pairs[:-1])
    private_key = _maybe_key(device.get("private_key"))
    statuses = [_peer_status(fields, networks) for fields, networks in peers]
    status = TunnelStatus(
        public_key=public_of(private_key) if private_key else bytes(KEY_BYTES),
        listen_port=_maybe_number(device.get("listen_port"), 65535) or 0,
        peers={peer.public_key: peer for peer in statuses},
    )
    return Reply(_number(pairs[-1][1].removeprefix("-"), MAX_NUMBER), status)


def public_of(private_key: bytes) -> bytes:
    """The X25519 public key of a private one, both 32 bytes (RFC 7748)."""
    return X25519PrivateKey.from_private_bytes(private_key).public_key().public_bytes_raw()


def _peer_status(fields: dict[str, str], allowed: list[IPv4Network | IPv6Network]) -> PeerStatus:
    seconds = _number(fields.get("last_handshake_time_sec", "0"), MAX_NUMBER)
    fraction = _number(fields.get("last_handshake_time_nsec", "0"), 10**9 - 1)
    return PeerStatus(
        public_key=_key(fields["public_key"]),
        endpoint=_endpoint(fields.get("endpoint")),
        allowed=tuple(allowed),
        latest_handshake=seconds + fraction / 1e9,
        rx_bytes=_number(fields.get("rx_bytes", "0"), MAX_NUMBER),
        tx_bytes=_number(fields.get("tx_bytes", "0"), MAX_NUMBER),
        keepalive=_number(fields.get("persistent_keepalive_interval", "0"), 65535),
    )


def _pairs(data: bytes) -> list[tuple[str, str]]:
    """Split a whole message into its keys and values."""
    if len(data) > MAX_MESSAGE or not data.endswith(END) or END in data[:-2]:
        raise DecodeError("a message ends with its one empty line")
    if not data.isascii():
        raise DecodeError("a message is ASCII")
    lines = [line.partition("=") for line in data[:-2].decode("ascii").split("\n")]
    if not all(key and separator for key, separator, _ in lines):
        raise DecodeError("a line of a message is key=value")
    return [(key, value) for key, _, value in lines]


def _sections(
    pairs: list[tuple[str, str]],
) -> tuple[dict[str, str], list[tuple[dict[str, str], list[IPv4Network | IPv6Network]]]]:
    """Group lines: those of the device, then for each peer its fields and its allowed networks."""
    device: dict[str, str] = {}
    peers: list[tuple[dict[str, str], list[IPv4Network | IPv6Network]]] = []
    for key, value in pairs:
        if key == "public_key":
            peers.append(({key: value}, []))
        elif key == "allowed_ip" and peers:
            peers[-1][1].append(_network(value))
        else:
            (peers[-1][0] if peers else device)[key] = value
    return device, peers


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text)
    except ValueError as error:
        raise DecodeError("an allowed_ip is a network") from error


def _endpoint(text: str | None) -> Endpoint | None:
    """A peer's address; of a link-local one without its scope, as the kernel's WireGuard tells it."""
    try:
        return None if text is None else Endpoint.parse(SCOPE.sub("]", text))
    except BadInput as error:
        raise DecodeError(str(error)) from error


def _maybe_key(text: str | None) -> bytes | None:
    return None if text is None else _key(text)


def _key(text: str) -> bytes:
    if len(text) != 2 * KEY_BYTES or not all(char in "0123456789abcdef" for char in text.lower()):
        raise DecodeError(f"a key is {2 * KEY_BYTES} hex digits")
    return bytes.fromhex(text)


def _maybe_number(text: str | None, most: int) -> int | None:
    return None if text is None else _number(text, most)


def _number(text: str, most: int) -> int:
    if not text.isdigit() or len(text) > len(str(MAX_NUMBER)) or int(text) > most:
        raise DecodeError(f"a number of a message is 0 to {most}")
    return int(text)
