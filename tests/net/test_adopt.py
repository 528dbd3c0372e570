"""Adoption of real sockets, borrowed from this very process, in a network namespace with two cards."""

from __future__ import annotations

import os
import socket
import struct
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.multicast_plan import GroupOnCard, Scan
from lanrage.net.adopt import Adopter
from lanrage.wire.igmp import parse_igmp
from lanrage.wire.udp_table import parse_unconnected
from tests.namespaces import Namespace
from tests.strategies_lan import GROUP

PORT = 4445
IP_ADD_SOURCE_MEMBERSHIP = 39
IP_MULTICAST_ALL = 49
OTHER = IPv4Address("225.1.1.1")


@pytest.mark.needs("root", "ip")
class AdoptTests(SynchronousTestCase):
    """Sockets as games join them."""

    def setUp(self) -> None:
        self.space = Namespace()
        self.addCleanup(self.space.close)
        self.space.run(
            "ip link add eth0 type veth peer name lanrage0; ip link set eth0 up; ip link set lanrage0 up;"
            "ip addr add 192.168.1.2/24 dev eth0; ip addr add 10.66.0.1/24 dev lanrage0;"
            "ip route add default via 192.168.1.1"
        )
        inside = self.space.inside()
        inside.__enter__()
        self.addCleanup(inside.__exit__, None, None, None)
        self.eth, self.card = socket.if_nametoindex("eth0"), socket.if_nametoindex("lanrage0")
        self.adopter = Adopter(self.card)

    def game(self, group: IPv4Address = GROUP, card: str = "0.0.0.0", family: int = socket.AF_INET) -> socket.socket:
        """A socket that joined a group."""
        made = socket.socket(family, socket.SOCK_DGRAM)
        self.addCleanup(made.close)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.setsockopt(socket.IPPROTO_IP, IP_MULTICAST_ALL, 0)
        made.bind(("", PORT))
        made.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group.packed + socket.inet_aton(card))
        return made

    def scan(self, *groups: IPv4Address) -> Scan:
        """One look at all sockets, for groups joined on eth0."""
        inodes = parse_unconnected(Path("/proc/thread-self/net/udp").read_text("ascii"))
        inodes |= parse_unconnected(Path("/proc/thread-self/net/udp6").read_text("ascii"))
        return self.adopter.scan([GroupOnCard(group, self.eth) for group in groups], inodes)

    def members(self) -> dict[str, int]:
        """Sockets on the LAN card, by group."""
        rows = parse_igmp(Path("/proc/thread-self/net/igmp").read_text("ascii"), "little")
        everybody = IPv4Address("224.0.0.1")
        return {str(row.group): row.users for row in rows if row.index == self.card and row.group != everybody}

    def test_adopts(self) -> None:
        """Sockets that joined on the real card join on the LAN card too, IPv6 ones (Java) alike; once each."""
        self.game()
        self.game(family=socket.AF_INET6)
        self.game(card="10.66.0.1")
        self.game(OTHER)
        for _ in range(2):
            self.assertEqual(self.scan(GROUP), Scan({GroupOnCard(GROUP, self.eth): 2}, 2, 0))
            self.assertEqual(self.members(), {str(GROUP): 3})

    def test_leaves(self) -> None:
        """A socket that leaves the real card's group leaves the LAN card's; one that joined there itself stays."""
        leaving, staying = self.game(), self.game()
        request = struct.pack("=4s4si", GROUP.packed, bytes(4), self.card)
        staying.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, request)
        self.scan(GROUP)
        self.assertEqual(self.members(), {str(GROUP): 2})
        for each in (leaving, staying):
            each.setsockopt(socket.IPPROTO_IP, socket.IP_DROP_MEMBERSHIP, GROUP.packed + bytes(4))
        self.assertEqual(self.scan(), Scan({}, 0, 0))
        self.assertEqual(self.members(), {str(GROUP): 1})

    def test_ends(self) -> None:
        """A game that ends frees its port at once: nobody holds its socket."""
        before = len(os.listdir("/proc/self/fd"))
        game = self.game()
        self.scan(GROUP)
        game.close()
        self.assertEqual((self.scan(GROUP), self.members()), (Scan({}, 0, 0), {}))
        self.assertEqual(len(os.listdir("/proc/self/fd")), before)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as next_game:
            next_game.bind(("", PORT))

    def test_full(self) -> None:
        """A socket in as many groups as it may be cannot be adopted, and is not counted as reached."""
        game = self.game()
        limit = int(Path("/proc/sys/net/ipv4/igmp_max_memberships").read_text("ascii"))
        for number in range(1, limit):
            game.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, bytes((225, 9, 9, number)) + bytes(4))
        self.assertEqual((self.scan(GROUP), self.members()), (Scan({}, 0, 0), {}))

    def test_source_members(self) -> None:
        """A socket that wants listed senders only is left as it is: a member's address is never among them."""
        game = self.game(OTHER)
        request = GROUP.packed + socket.inet_aton("192.168.1.2") + socket.inet_aton("192.168.1.77")
        game.setsockopt(socket.IPPROTO_IP, IP_ADD_SOURCE_MEMBERSHIP, request)
        self.assertEqual((self.scan(GROUP).found, self.members()), ({GroupOnCard(GROUP, self.eth): 1}, {}))
