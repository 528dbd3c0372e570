"""What a machine hears: the UDP ports and multicast groups that are open on it (``docs/protocol-interest.rst``).

A frame goes only to the members that want it. Whatever is not known for certain is wanted: a member that told nothing,
too much to tell, a frame that is no UDP.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from hashlib import blake2b
from ipaddress import IPv4Address, IPv4Network

import attrs

from lanrage.core.frame_rules import ALL_HOSTS, SERVICE_PORTS, is_game_group, is_party_wide
from lanrage.core.lan_frames import Frame, Udp
from lanrage.core.lan_services import SERVICES

MAX_PORTS = 640
"""Ports that are told one by one: ten times a busy desktop, and the longest message fits one frame."""

MAX_GROUPS = 64
"""Groups likewise; the kernel lets one socket join 20 (``net.ipv4.igmp_max_memberships``)."""

ASKED_SECONDS = 30.0
"""How long the ports of a datagram that a game sent to all count as open: lobbies ask again each 1 to 10 s, and wait
less than this for answers."""

MAX_ASKED = 128
"""Ports open because of what was sent; beyond it the oldest is forgotten. A game uses two, a port sweep some twenty."""

DIGEST_BYTES = 4

IPV4 = 4
"""Of other groups than IPv4's nothing is told; with them the port alone decides."""


@attrs.frozen
class Interest:
    """What one machine hears.

    :param ports: UDP ports, without those that are never carried.
    :param groups: joined multicast groups that games use.
    :param everything: it is not known, or too much to tell: all frames are wanted.
    """

    ports: frozenset[int] = frozenset()
    groups: frozenset[IPv4Address] = frozenset()
    everything: bool = False

    @classmethod
    def of(cls, ports: Iterable[int], groups: Iterable[IPv4Address]) -> Interest:
        """The interest in these, without what is never carried; :data:`EVERYTHING` where they are too many."""
        told = frozenset(ports) - SERVICE_PORTS
        joined = frozenset(group for group in groups if group != ALL_HOSTS and is_game_group(group))
        if len(told) > MAX_PORTS or len(joined) > MAX_GROUPS:
            return EVERYTHING
        return cls(told, joined)

    def wants(self, frame: Frame) -> bool:
        """Whether a socket of that machine may be waiting for `frame`."""
        content = frame.content
        if self.everything or not isinstance(content, Udp) or content.destination in SERVICES:
            return True  # who carries a service has said so by its setting
        if content.destination_port not in self.ports:
            return False
        target = content.destination
        told = target.is_multicast and target.version == IPV4 and target != ALL_HOSTS
        return not told or target in self.groups

    def without(self, other: Interest) -> Interest:
        """What is here and not there; neither is everything."""
        return Interest(self.ports - other.ports, self.groups - other.groups)

    def joined(self, other: Interest) -> Interest:
        """What either hears."""
        if self.everything or other.everything:
            return EVERYTHING
        return Interest.of(self.ports | other.ports, self.groups | other.groups)

    def changed(self, opened: Interest, closed: Interest) -> Interest:
        """What it is after a change."""
        return Interest((self.ports - closed.ports) | opened.ports, (self.groups - closed.groups) | opened.groups)

    def digest(self) -> bytes:
        """:data:`DIGEST_BYTES` by which two machines see that they mean the same."""
        made = blake2b(bytes([self.everything]), digest_size=DIGEST_BYTES)
        made.update(b"".join(port.to_bytes(2, "big") for port in sorted(self.ports)))
        made.update(b"/" + b"".join(group.packed for group in sorted(self.groups)))
        return made.digest()

    def __len__(self) -> int:
        """Ports and groups."""
        return len(self.ports) + len(self.groups)

    def __bool__(self) -> bool:
        """Whether anything is wanted."""
        return self.everything or len(self) > 0


EVERYTHING = Interest(everything=True)


@attrs.frozen
class Opened:
    """A look at this machine's sockets.

    :param sockets: (inode, port) of each that hears the party.
    :param groups: joined on any card.
    :param unknown: it cannot be told what is open.
    """

    sockets: frozenset[tuple[int, int]] = frozenset()
    groups: frozenset[IPv4Address] = frozenset()
    unknown: bool = False

    @property
    def interest(self) -> Interest:
        """What these sockets hear."""
        return EVERYTHING if self.unknown else Interest.of((port for _, port in self.sockets), self.groups)

    def since(self, before: Opened) -> Interest:
        """Ports of sockets, and groups, that were not there before."""
        fresh = self.sockets - before.sockets
        return Interest.of((port for _, port in fresh), self.groups - before.groups)

    def joined(self, other: Opened) -> Opened:
        """Both looks as one, of two network namespaces; an inode is unique among them."""
        return Opened(self.sockets | other.sockets, self.groups | other.groups, self.unknown or other.unknown)


NOTHING_OPEN = Opened()
UNKNOWN = Opened(unknown=True)


def hears_the_party(bound: IPv4Address, network: IPv4Network) -> bool:
    """Whether a socket bound to this address hears datagrams that are for the whole party.

    Linux gives a broadcast to sockets bound to no address or to that very broadcast address, never to those bound to
    an address of the machine (``__udp_is_mcast_sock`` in ``net/ipv4/udp.c``).
    """
    return bound.is_unspecified or is_party_wide(bound, network)


@attrs.define
class Asked:
    """Ports that count as open since a game sent something to all: answers may come to either of its ports."""

    _until: dict[int, float] = attrs.field(factory=dict)

    def note(self, content: Udp, now: float) -> bool:
        """A game sent this to all.

        :return: whether one of its ports was not open before.
        """
        fresh = False
        for port in (content.source_port, content.destination_port):
            fresh |= self._until.pop(port, 0.0) <= now
            self._until[port] = now + ASKED_SECONDS  # the oldest comes first
        while len(self._until) > MAX_ASKED:
            del self._until[next(iter(self._until))]
        return fresh

    def ports(self, now: float) -> Collection[int]:
        """Those that are open now."""
        for port in [port for port, until in self._until.items() if until <= now]:
            del self._until[port]
        return self._until.keys()
