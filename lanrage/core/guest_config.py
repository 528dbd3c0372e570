"""What a guest's WireGuard application is told: the format of ``wg-quick(8)``, which all of them read. Pure."""

from __future__ import annotations

from base64 import b64encode
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

import attrs

from lanrage.core.candidates import Candidate, CandidateKind, is_private
from lanrage.core.code import check_address
from lanrage.core.links import TUNNEL_MTU, Endpoint
from lanrage.core.nat import NatKind

KEEPALIVE = 25
"""Seconds; the guest's router must keep its mapping, since the serving node cannot call a guest that is silent."""
FOR_ALL = (IPv4Network("255.255.255.255/32"), IPv4Network("224.0.0.0/4"))
"""What a device sends to all beside the party's broadcast: limited broadcast, multicast."""


@attrs.frozen
class GuestConfig:
    """One configuration.

    :param private_key: of the guest, 32 bytes; nothing but :meth:`text` shows it.
    :param address: of the guest, with the party's network.
    :param server_key: WireGuard key of the serving member.
    :param endpoint: of the serving member, ``HOST:PORT``.
    :param plain: without limited broadcast and multicast, for a device whose other networks need them.
    """

    private_key: bytes = attrs.field(repr=False)
    address: IPv4Interface
    server_key: bytes
    endpoint: str
    plain: bool = False

    def text(self) -> str:
        """The file; its last line ends."""
        allowed = (self.address.network, *(() if self.plain else FOR_ALL))
        return "\n".join(
            (
                "[Interface]",
                f"PrivateKey = {b64encode(self.private_key).decode()}",
                f"Address = {self.address}",
                f"MTU = {TUNNEL_MTU}",
                "",
                "[Peer]",
                f"PublicKey = {b64encode(self.server_key).decode()}",
                f"AllowedIPs = {', '.join(map(str, allowed))}",
                f"Endpoint = {self.endpoint}",
                f"PersistentKeepalive = {KEEPALIVE}",
                "",
            )
        )


@attrs.frozen
class Door:
    """Where a guest calls its serving member.

    :param endpoint: ``HOST:PORT``.
    :param doubt: why a device elsewhere may not get through, in words; empty where nothing speaks against it.
    """

    endpoint: str
    doubt: str = ""


def read_endpoint(text: str, port: int) -> str:
    """An address as the user gives it, ``HOST``, ``HOST:PORT`` or ``[IPV6]:PORT``.

    :param port: where none is given.
    :raises BadInput: field ``address``.
    """
    bare = ":" not in text or text.endswith("]")
    return check_address(f"{text}:{port}" if bare else text, "address")


_ORDER = (CandidateKind.MAPPED, CandidateKind.REFLEXIVE, CandidateKind.PEER, CandidateKind.LOCAL)
"""A port that a router maps is open to all; one that a reflector saw is where a router's kind lets it be."""
_FAR = (CandidateKind.MAPPED, CandidateKind.REFLEXIVE)
_LETS_IN = (NatKind.OPEN, NatKind.FULL_CONE)


def choose_door(candidates: tuple[Candidate, ...], nat: NatKind) -> Door | None:
    """Where a member is best reached from anywhere.

    :param candidates: of the member itself, or the addresses at which another knows it; ways by relays do not matter.
    :param nat: what it is behind.
    :return: ``None`` where no address is known.
    """
    known = sorted(
        (each for each in candidates if each.kind in _ORDER),
        key=lambda each: (":" in each.endpoint.host, _ORDER.index(each.kind)),
    )
    public = next((each for each in known if each.kind in _FAR or _is_public(each.endpoint)), None)
    if public is not None:
        sure = public.kind is CandidateKind.MAPPED or nat in _LETS_IN
        return Door(str(public.endpoint), "" if sure else _doubt(nat))
    near = known[0] if known else None
    return None if near is None else Door(str(near.endpoint), "this address is known on its own network alone")


def _is_public(endpoint: Endpoint) -> bool:
    if ":" in endpoint.host:
        return True
    address = IPv4Address(endpoint.host)
    return not (is_private(address) or address.is_loopback)


def _doubt(nat: NatKind) -> str:
    if nat is NatKind.UNKNOWN:
        return "it is not known yet whether its router lets strangers in"
    return f"its router ({nat}) lets no stranger in: forward the port there, or let another member serve"
