"""A machine that is guarded, and a member's machine that tries what it reaches there, in real namespaces."""

from __future__ import annotations

import contextlib
import itertools
import select
import socket
import struct
from collections.abc import Callable, Iterator

from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from lanrage.core.exposure import Exposure
from lanrage.core.play_ports import parse_spans
from lanrage.net.guard import Guard, GuardTable
from tests.fakes_links import MemoryJournal
from tests.lan_hosts import wait_for
from tests.namespaces import Namespace, join
from tests.real_links import RealNamespace

TUNNEL, CARD = "lrt-tun0", "lrt-card0"
HERE, THERE = "10.66.0.1", "10.66.0.2"
HERE6, THERE6 = "fd66::1", "fd66::2"
NEVER_S = 0.12
"""A packet between two namespaces of one machine takes microseconds; what is not there by then was dropped."""
SSH, DATABASE, CACHE, GAME, UNKNOWN, NAMED = 22, 5432, 11211, 27960, 31337, 5900
PORTS = (SSH, DATABASE, CACHE, GAME, UNKNOWN, NAMED)
PLAY = parse_spans("27960-27963", "test")
WANTED = parse_spans("5900", "test")
OPEN = {
    Exposure.GUARDED: {GAME, UNKNOWN, NAMED},
    Exposure.GAMES: {GAME, NAMED},
    Exposure.ALL: set(PORTS),
}
"""What a member reaches by TCP, over IPv4 and IPv6; by UDP the same, and there nobody keeps a database's port."""
Tried = tuple[socket.AddressFamily, socket.SocketKind, int]
"""Family, kind of socket and port of a service."""
TRIED = tuple(itertools.product((socket.AF_INET, socket.AF_INET6), (socket.SOCK_STREAM, socket.SOCK_DGRAM), PORTS))


def open_in(exposure: Exposure) -> set[Tried]:
    """What a member reaches in a setting."""
    found: set[Tried] = {each for each in TRIED if each[2] in OPEN[exposure]}
    if exposure is Exposure.GUARDED:
        found |= {each for each in TRIED if each[1:] == (socket.SOCK_DGRAM, DATABASE)}
    return found


ECHO = {socket.AF_INET: (socket.IPPROTO_ICMP, 8, 0, HERE), socket.AF_INET6: (socket.IPPROTO_ICMPV6, 128, 129, HERE6)}
"""Protocol, request, reply, target."""


class GuardWorld(TestCase):
    """A machine with a tunnel's stand-in to a member's machine."""

    timeout = 60

    def setUp(self) -> None:
        """Build them."""
        from twisted.internet import reactor

        self.world = RealNamespace(reactor)
        self.addCleanup(self.world.leave)
        self.there = Namespace()
        self.addCleanup(self.there.close)
        self.cable()
        wait_for("IPv6", self.passes_ipv6)
        self.journal = MemoryJournal()
        self.guard = self.make()

    def cable(self) -> None:
        """The device appears."""
        join(self.world.namespace, TUNNEL, self.there, "eth0")
        for space, device, own, own6 in (
            (self.world.namespace, TUNNEL, HERE, HERE6),
            (self.there, "eth0", THERE, THERE6),
        ):
            space.run(f"ip addr add {own}/24 dev {device}; ip addr add {own6}/64 dev {device} nodad")

    def passes_ipv6(self) -> bool:
        """Whether the cable does: the kernel takes a while."""
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as ear:
            ear.bind((HERE6, 0))
            ear.settimeout(0.01)
            with (
                self.there.inside(),
                socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as mouth,
                contextlib.suppress(OSError),
            ):
                mouth.sendto(b"ready?", ear.getsockname()[:2])
                return ear.recv(99) == b"ready?"
        return False

    def make(self) -> Guard:
        """A guard of the device."""
        return Guard(self.world.reactor, GuardTable(TUNNEL, CARD, self.journal))

    def ruleset(self) -> str:
        """All tables here."""
        return self.world.namespace.run("nft list ruleset")

    @contextlib.contextmanager
    def services(self, *ports: int) -> Iterator[dict[Tried, socket.socket]]:
        """Sockets on all addresses here."""
        with contextlib.ExitStack() as stack:
            found = {}
            for family, kind, port in TRIED:
                if port in ports:
                    made = stack.enter_context(socket.socket(family, kind))
                    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    if family == socket.AF_INET6:
                        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                    made.bind(("", port))
                    if kind == socket.SOCK_STREAM:
                        made.listen()
                    made.setblocking(False)
                    found[family, kind, port] = made
            yield found

    def member(self, family: int, kind: int) -> socket.socket:
        """A socket of the member."""
        with self.there.inside():
            made = socket.socket(family, kind)
        self.addCleanup(made.close)
        made.settimeout(NEVER_S)
        return made

    def reached(self, services: dict[Tried, socket.socket]) -> set[Tried]:
        """Which services the member reaches."""
        for family, kind, port in services:
            client = self.member(family, kind)
            client.setblocking(False)
            client.connect_ex((HERE if family == socket.AF_INET else HERE6, port))
            if kind == socket.SOCK_DGRAM:
                client.send(b"hello")
        found = set()
        while ready := select.select(list(services.values()), [], [], NEVER_S)[0]:
            for key, service in services.items():
                if service in ready:
                    found.add(key)
                    if key[1] == socket.SOCK_STREAM:
                        service.accept()[0].close()
                    else:
                        service.recv(99)
        return found

    def echoes(self, family: int) -> bool:
        """Whether the member's ping is answered."""
        protocol, request, reply, target = ECHO[socket.AddressFamily(family)]
        with self.there.inside():
            pinger = socket.socket(family, socket.SOCK_RAW, protocol)
        self.addCleanup(pinger.close)
        pinger.settimeout(2)
        body = struct.pack("!BBHHH", request, 0, 0, 7, 1)
        check = sum(struct.unpack("!4H", body))
        pinger.sendto(body[:2] + struct.pack("!H", ~check & 0xFFFF) + body[4:], (target, 0))
        with contextlib.suppress(TimeoutError):
            while True:
                heard = pinger.recv(99)[20 if family == socket.AF_INET else 0 :]
                if heard[0] == reply:
                    return True
        return False

    async def eventually(self, seen: Callable[[], bool]) -> None:
        """Let the reactor run until it is so."""
        for _ in range(500):
            if seen():
                return
            await deferLater(self.world.reactor, 0.01)
        self.fail("it did not come")
