"""A home network of a test's own: a host, a router with NAT and Debian's miniupnpd, and somebody outside."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import socket
import tempfile
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from lanrage.core.links import Endpoint
from lanrage.core.mapping import Gateway, Transport
from lanrage.lab import igd, nat, netns
from lanrage.lab.process import start_ticks
from tests.namespaces import enter, here
from tests.real_links import ARRIVES_S, LOST_S, OwnThreads

ROUTER, HOST, NEIGHBOUR = IPv4Address("192.168.1.1"), IPv4Address("192.168.1.10"), IPv4Address("192.168.1.11")
OUTSIDE = "11.0.113.1"
PUBLIC = igd.public_address(1)
GATEWAY = Gateway(ROUTER, "eth0", HOST)
_numbers = itertools.count()


class AheadThreads(OwnThreads):
    """The reactor whose clock is set ahead at will; its timers run as always."""

    ahead = 0.0

    def seconds(self) -> float:
        """Seconds of a clock that only moves forward."""
        return float(self._reactor.seconds()) + self.ahead


class MappedRouter:
    """The networks; the test itself (its thread, and the threads of :attr:`reactor`) is on the host.

    :param kind: of NAT, see :mod:`lanrage.lab.nat`.
    """

    def __init__(self, reactor: Any, kind: str = "restricted") -> None:
        prefix = f"lrt{os.getpid()}-{next(_numbers)}"
        self.host, self.router, self.outside = (f"{prefix}{role}" for role in ("h", "r", "o"))
        self.folder = Path(tempfile.mkdtemp(prefix="lanrage-igd"))
        self.pid = 0
        self._before = here()
        try:
            self._build(kind)
            self.start()
            there = os.open(netns.NETNS_DIR / self.host, os.O_RDONLY | os.O_CLOEXEC)
            enter(there)
            os.close(there)
        except BaseException:
            self._remove()
            raise
        self.reactor: Any = AheadThreads(reactor)

    def _build(self, kind: str) -> None:
        netns.create([self.host, self.router, self.outside])
        netns.sysctl(self.router, nat.sysctls(None))
        netns.ip_batch(
            self.router,
            [
                f"link add wan type veth peer name eth0 netns {self.outside}",
                f"addr add {PUBLIC}/24 dev wan",
                "link set wan up",
                f"link add lan type veth peer name eth0 netns {self.host}",
                f"addr add {ROUTER}/24 brd + dev lan",
                "link set lan up",
            ],
        )
        netns.ip_batch(self.outside, [f"addr add {OUTSIDE}/24 dev eth0", "link set eth0 up"])
        netns.ip_batch(
            self.host,
            [
                f"addr add {HOST}/24 brd + dev eth0",
                f"addr add {NEIGHBOUR}/24 dev eth0",
                "link set eth0 up",
                f"route add default via {ROUTER}",
            ],
        )
        netns.nft(self.router, nat.ruleset(kind))

    def start(self) -> None:
        """Run miniupnpd, which begins with no mapping."""
        self.pid = igd.start(self.router, self.folder, "wan", "lan")

    def stop(self, forget: bool = True) -> None:
        """End miniupnpd; with `forget` its rules and leases go, as at a router that is switched off and on."""
        igd.stop(self.pid)
        assert start_ticks(self.pid) is None
        if forget:
            (self.folder / igd.LEASES).write_bytes(b"")
            netns.nft(self.router, igd.ruleset())

    def close(self) -> None:
        """Leave nothing."""
        self.reactor.stop()
        enter(self._before)
        self._remove()

    def _remove(self) -> None:
        if self.pid:
            igd.stop(self.pid)
        with contextlib.suppress(OSError):
            os.close(self._before)
        netns.delete([self.host, self.router, self.outside])
        shutil.rmtree(self.folder, ignore_errors=True)

    def rules(self) -> str:
        """The router's mappings, as nft lists them."""
        with netns.entered(self.router):
            return netns.run(["nft", "list", "chain", "inet", igd.TABLE, f"prerouting_{igd.TABLE}"])

    def maps(self, transport: Transport, port: int) -> bool:
        """Whether the router forwards a port of its own to somebody."""
        return any(
            f"th dport {port} dnat" in line and f"{transport.number:#x}" in line for line in self.rules().splitlines()
        )

    def knocks_at(self, external: Endpoint, port: int) -> bool:
        """Whether a packet from outside to `external` arrives at a socket of the host on UDP `port`."""
        with (
            netns.udp_socket(self.host, "0.0.0.0", port) as inside,
            netns.udp_socket(self.outside, OUTSIDE) as stranger,
        ):
            inside.setblocking(True)
            expected = external.host == PUBLIC
            inside.settimeout(ARRIVES_S if expected else LOST_S)
            stranger.sendto(b"hello", (external.host, external.port))
            try:
                return inside.recvfrom(100) == (b"hello", stranger.getsockname())
            except TimeoutError:
                return False

    def connects_to(self, external: Endpoint) -> bool:
        """Whether a TCP connection from outside comes through."""
        with netns.entered(self.outside), socket.socket(socket.AF_INET, socket.SOCK_STREAM) as stranger:
            stranger.settimeout(LOST_S)
            return stranger.connect_ex((external.host, external.port)) == 0
