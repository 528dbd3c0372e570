"""Broadcasts of members on a physical network, between namespaces."""

from __future__ import annotations

import contextlib
import select
import socket
from ipaddress import IPv4Address
from typing import Any

import pytest
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.frame_rules import NEIGHBOUR_PORT
from lanrage.net.neighbour_port import NeighbourPort
from tests.namespaces import Namespace, join

HERE, THERE = "192.168.9.11", "192.168.9.50"


def addressed(one: Namespace, other: Namespace) -> None:
    """Both are on one network."""
    one.run(f"ip addr add {HERE}/24 brd + dev eth0")
    other.run(f"ip addr add {THERE}/24 brd + dev eth0")


class Readers:
    """A reactor that reads when it is told."""

    def addReader(self, reader: Any) -> None:
        """Nothing is watched."""

    def removeReader(self, reader: Any) -> None:
        """Likewise."""


def read(port: NeighbourPort) -> None:
    """Wait for something, and let the port read it."""
    assert select.select([port.fileno()], [], [], 5.0)[0]
    port.doRead()


@pytest.mark.needs("root", "ip")
class NeighbourPortTests(SynchronousTestCase):
    """Two machines."""

    def setUp(self) -> None:
        """A cable between two."""
        self.one, self.two = Namespace(), Namespace()
        self.addCleanup(self.one.close)
        self.addCleanup(self.two.close)
        join(self.one, "eth0", self.two, "eth0")
        addressed(self.one, self.two)

    def test_by_card(self) -> None:
        """What one says the other hears, with the card and the source; from another port nothing is heard."""
        heard: list[tuple[bytes, int, IPv4Address]] = []
        ports = [NeighbourPort(Readers()), NeighbourPort(Readers())]  # type: ignore[arg-type]
        with contextlib.ExitStack() as stack:
            for where, port in zip((self.one, self.two), ports, strict=True):
                with where.inside():
                    port.open(lambda *what: heard.append(what))
                    stack.callback(port.close)
                    index = socket.if_nametoindex("eth0")
            with self.one.inside():
                here = socket.if_nametoindex("eth0")
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
                    stranger.sendto(b"stranger", (THERE, NEIGHBOUR_PORT))
                self.assertTrue(ports[0].send(b"probe", here, IPv4Address(HERE)))
                self.assertFalse(ports[0].send(b"probe", 999, IPv4Address(HERE)))
                with self.assertRaises(OSError):
                    NeighbourPort(Readers()).open(lambda *what: None)  # type: ignore[arg-type]
            while not heard:
                read(ports[1])
            self.assertEqual(heard, [(b"probe", index, IPv4Address(HERE))])
        self.assertFalse(ports[0].send(b"probe", here, IPv4Address(HERE)))
        self.assertEqual([port.fileno() for port in ports], [-1, -1])
