"""Values of port mapping: what is asked of a gateway, and what it granted (``docs/links.rst``)."""

from __future__ import annotations

import enum
from ipaddress import IPv4Address

import attrs

from lanrage.core.links import Endpoint
from lanrage.errors import DecodeError, LanrageError

LIFETIME_S = 7200
"""Seconds asked for: RFC 6886 section 3.3 recommends two hours, which bounds what a crash leaves at the router."""
LONGEST_S = 86400
"""Seconds of life that are believed: a day, the suggestion for a PCP server (RFC 6887 section 15)."""
PERMANENT = 0
"""The lifetime of a mapping that ends only when it is removed: all that some IGD routers have (error 725)."""
NONCE_BYTES = 12
"""RFC 6887 section 11.1."""


class Transport(enum.StrEnum):
    """What is mapped."""

    UDP = "udp"
    TCP = "tcp"

    @property
    def number(self) -> int:
        """Its IP protocol number (IANA)."""
        return 17 if self is Transport.UDP else 6


class Method(enum.StrEnum):
    """The protocols by which gateways map ports, in the order in which they are tried."""

    PCP = "pcp"
    NAT_PMP = "nat-pmp"
    IGD = "upnp-igd"


@attrs.frozen(order=True)
class Wish:
    """A port of this machine that shall be reached from outside.

    :param port: of this machine, 1 to 65535.
    :param exact: another port outside is of no use.
    """

    transport: Transport
    port: int
    exact: bool = False

    def __str__(self) -> str:
        return f"{self.transport} {self.port}"


@attrs.frozen
class Grant:
    """A mapping that a gateway made.

    :param external: the address and port outside.
    :param lifetime: seconds, or :data:`PERMANENT`.
    :param lost: the gateway had forgotten what it granted before (it was restarted): all else is to be mapped anew.
    """

    external: Endpoint
    lifetime: int
    lost: bool = False


@attrs.frozen
class Gateway:
    """The router of the default route.

    :param address: of the router.
    :param interface: name of the card towards it.
    :param source: this machine's address on that card.
    """

    address: IPv4Address
    interface: str
    source: IPv4Address


@attrs.frozen
class Lease:
    """A mapping as the next start after a crash must know it, to remove it.

    :param gateway: which router holds it.
    :param source: this machine's address at that time; a router lets others remove nothing.
    :param external: the port outside; 0 = the router had not answered yet.
    :param nonce: of PCP (12 bytes), by which a router knows whose the mapping is.
    :param expires: seconds since the epoch, or :data:`PERMANENT`.
    """

    method: Method
    gateway: IPv4Address
    source: IPv4Address
    wish: Wish
    external: int
    nonce: bytes
    expires: int

    def encode(self) -> str:
        """One line of words."""
        wish = self.wish
        words = (self.method, self.gateway, self.source, wish.transport, wish.port, self.external, self.nonce.hex())
        return " ".join(map(str, (*words, self.expires)))

    @classmethod
    def decode(cls, text: str) -> Lease:
        """Read :meth:`encode`.

        :raises DecodeError: for any other text.
        """
        words = text.split(" ")
        try:
            method, gateway, source, transport, port, external, nonce, expires = words
            lease = cls(
                Method(method),
                IPv4Address(gateway),
                IPv4Address(source),
                Wish(Transport(transport), int(port)),
                int(external),
                bytes.fromhex(nonce),
                int(expires),
            )
        except ValueError as error:
            raise DecodeError("no lease of a port mapping") from error
        if not 1 <= lease.wish.port <= 65535 or not 0 <= lease.external <= 65535 or lease.expires < 0:
            raise DecodeError("a lease of a port mapping with a number out of range")
        if len(lease.nonce) != NONCE_BYTES or lease.encode() != text:
            raise DecodeError("a lease of a port mapping that is not written as such")
        return lease


class NotMapped(LanrageError):
    """The gateway did not map a port; the message says why.

    :param absent: no gateway answers by this protocol, or it speaks another: the next one may be tried.
    """

    code = "not_mapped"

    def __init__(self, message: str, *, absent: bool = False) -> None:
        super().__init__(message)
        self.absent = absent
