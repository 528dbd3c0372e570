"""Values of a WireGuard link, alike for the kernel and the userspace implementation."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import attrs

from lanrage.errors import BadInput

KEY_BYTES = 32
"""X25519 and Ed25519 public and private keys are 32 bytes (RFC 7748, RFC 8032)."""

DEVICE_NAME_BYTES = 15
"""A Linux device name has at most 15 bytes (``IFNAMSIZ`` less its ending zero)."""

OWNER_MARK = "lanrage"
"""The alias (``ip link show``) of every device we make, by which a leftover of a crash is known as ours."""

TUNNEL_MTU = 1280
"""Bytes; the least that every path carries inside WireGuard (IPv6's minimum), so nothing is cut on the way."""

WIREGUARD_PORT = 51820
"""WireGuard's customary UDP port."""


def check_device_name(name: str, field: str = "device") -> str:
    """Return a name that Linux takes for a network device.

    :raises BadInput: names `field` and the rule.
    """
    if not 1 <= len(name) <= DEVICE_NAME_BYTES or not name.isascii() or name in (".", ".."):
        raise BadInput(field, f"{name!r} is not 1 to {DEVICE_NAME_BYTES} ASCII characters")
    if not all(char.isalnum() or char in "-_.=+" for char in name):
        raise BadInput(field, f"{name!r} has a character that is no letter, digit or one of - _ . = +")
    return name


@attrs.frozen(order=True)
class Endpoint:
    """A UDP address: where a WireGuard peer, a reflector or a relay is heard.

    :param host: IPv4 or IPv6 address in its canonical text form.
    :param port: 1 to 65535.
    """

    host: str
    port: int

    @classmethod
    def parse(cls, text: str, field: str = "endpoint") -> Endpoint:
        """Read ``host:port`` or ``[v6]:port``.

        :raises BadInput: names `field` and the rule.
        """
        host, _, port = text.rpartition(":")
        try:
            address = ip_address(host.strip("[]"))
        except ValueError as error:
            raise BadInput(field, f"{text!r} has no IP address before its port") from error
        if isinstance(address, IPv6Address) and (address.scope_id is not None or address.ipv4_mapped is not None):
            raise BadInput(field, f"{text!r} is another name of an address: with a scope, or IPv4 in IPv6")
        if not port.isascii() or not port.isdigit() or not 1 <= int(port) <= 65535:
            raise BadInput(field, f"{text!r} has no port from 1 to 65535")
        return cls(str(address), int(port))

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@attrs.frozen
class TunnelPeer:
    """What a WireGuard device should know of one peer.

    :param public_key: X25519 key, 32 bytes.
    :param allowed: the networks whose packets come from and go to this peer.
    :param endpoint: where to send; ``None`` keeps the peer passive until it is heard.
    :param keepalive: persistent keepalive in seconds, 0 = off.
    """

    public_key: bytes
    allowed: tuple[IPv4Network | IPv6Network, ...]
    endpoint: Endpoint | None = None
    keepalive: int = 0


@attrs.frozen
class PeerStatus:
    """What a WireGuard device tells of one peer.

    :param latest_handshake: seconds since the epoch, 0.0 = never.
    :param rx_bytes: bytes received since the peer was added.
    :param tx_bytes: bytes sent since the peer was added.
    """

    public_key: bytes
    endpoint: Endpoint | None
    allowed: tuple[IPv4Network | IPv6Network, ...]
    latest_handshake: float
    rx_bytes: int
    tx_bytes: int
    keepalive: int


@attrs.frozen
class TunnelStatus:
    """A WireGuard device at one moment.

    :param peers: by public key.
    """

    public_key: bytes
    listen_port: int
    peers: dict[bytes, PeerStatus]


@attrs.frozen
class LocalAddress:
    """One IPv4 address of this machine.

    :param interface: device name.
    :param index: device index.
    :param address: the address.
    :param network: the network it is in.
    :param broadcast: the device has the BROADCAST flag and is up.
    :param carrier: its cable is in, or its radio is joined; no part of what the address is.
    """

    interface: str
    index: int
    address: IPv4Address
    network: IPv4Network
    broadcast: bool
    carrier: bool = attrs.field(default=True, eq=False)
