"""The ways in which games send to everybody, each as one function."""

from __future__ import annotations

import socket
from collections.abc import Callable
from ipaddress import IPv4Interface

import attrs

from lanrage.lab.listeners import BROADCAST_PORT, CARD, ETHERTYPE_IPX, GROUP, GROUP_PORT
from lanrage.lab.netns import entered

LIMITED = "255.255.255.255"


@attrs.frozen
class Sender:
    """A host that sends.

    :param address: its party address with the length of the party's prefix.
    """

    host: str
    netns: str
    address: IPv4Interface

    @property
    def mac(self) -> bytes:
        """Its card's address, which follows from the party address (``docs/lan.rst``)."""
        return b"\x02\x66" + self.address.packed


@attrs.frozen
class Way:
    """One way of sending.

    :param listeners: how the names of the sockets begin that must hear it.
    """

    name: str
    listeners: str
    send: Callable[[Sender, bytes], None]


def _to(target: str, port: int, payload: bytes, bind: tuple[str, int] | None = None, card: bool = False) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if card:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, CARD.encode())
        if bind:
            made.bind(bind)
        made.sendto(payload, (target, port))


def _subnet(sender: Sender, payload: bytes) -> None:
    _to(str(sender.address.network.broadcast_address), BROADCAST_PORT, payload)


def _limited(_sender: Sender, payload: bytes) -> None:
    _to(LIMITED, BROADCAST_PORT, payload)


def _limited_bound(sender: Sender, payload: bytes) -> None:
    _to(LIMITED, BROADCAST_PORT, payload, bind=(str(sender.address.ip), 0))


def _limited_card(_sender: Sender, payload: bytes) -> None:
    _to(LIMITED, BROADCAST_PORT, payload, card=True)


def _same_port(sender: Sender, payload: bytes) -> None:
    _to(str(sender.address.network.broadcast_address), BROADCAST_PORT, payload, bind=("", BROADCAST_PORT))


def _same_port_limited(_sender: Sender, payload: bytes) -> None:
    _to(LIMITED, BROADCAST_PORT, payload, bind=("", BROADCAST_PORT))


def _group_card(sender: Sender, payload: bytes) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        made.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, sender.address.packed)
        made.sendto(payload, (GROUP, GROUP_PORT))


def _group(_sender: Sender, payload: bytes) -> None:
    _to(GROUP, GROUP_PORT, payload)


def _ipx(sender: Sender, payload: bytes) -> None:
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as made:
        made.bind((CARD, 0))
        made.send(b"\xff" * 6 + sender.mac + ETHERTYPE_IPX.to_bytes(2, "big") + payload.ljust(46, b"\0"))


WAYS = (
    Way("subnet broadcast", "any-", _subnet),
    Way("255.255.255.255 unbound", "any-", _limited),
    Way("255.255.255.255 bound to the party address", "any-", _limited_bound),
    Way("255.255.255.255 bound to the card", "any-", _limited_card),
    Way("source port equal to destination port", "any-", _same_port),
    Way("255.255.255.255, equal ports", "any-", _same_port_limited),
    Way("multicast by the card", "group-", _group_card),
    Way("multicast unbound", "group-", _group),
    Way("IPX", "ipx", _ipx),
)


def transmit(way: Way, sender: Sender, payload: bytes) -> None:
    """Send in the sender's namespace."""
    with entered(sender.netns):
        way.send(sender, payload)
