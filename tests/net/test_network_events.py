"""What the kernel tells of the network, in a namespace of the test's own."""

from __future__ import annotations

import errno
import socket
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.trial.unittest import SynchronousTestCase, TestCase

from lanrage.core.links import OWNER_MARK
from lanrage.core.network_changes import Happening
from lanrage.net.network_events import NetworkEvents
from tests.namespaces import Namespace, may_unshare


class FakeReactor:
    """Takes readers."""

    def __init__(self) -> None:
        self.readers: list[Any] = []

    def addReader(self, reader: Any) -> None:
        """One more."""
        self.readers.append(reader)

    def removeReader(self, reader: Any) -> None:
        """One less."""
        self.readers.remove(reader)


class FakeSocket:
    """Gives what the test put in."""

    def __init__(self, *came: bytes | OSError, sender: int = 0) -> None:
        self.came, self.sender = list(came), sender

    def recvfrom(self, size: int) -> tuple[bytes, tuple[int, int]]:
        """The next one."""
        del size
        if not self.came:
            raise BlockingIOError
        next_one = self.came.pop(0)
        if isinstance(next_one, OSError):
            raise next_one
        return next_one, (self.sender, 0)


class HostileEventsTests(SynchronousTestCase):
    """What no kernel sends."""

    def events(self, came: FakeSocket) -> list[Happening]:
        """What was told of it."""
        reactor, told = FakeReactor(), list[Happening]()
        events: Any = NetworkEvents(reactor)  # type: ignore[arg-type]
        events._socket, events._heard = came, told.append
        events.doRead()
        return told

    def test_overflow(self) -> None:
        """More happened than fitted: look at all."""
        self.assertEqual([Happening.MISSED], self.events(FakeSocket(OSError(errno.ENOBUFS, "full"))))

    def test_other_programs(self) -> None:
        """A program may send to our port; only the kernel is believed."""
        self.assertEqual([], self.events(FakeSocket(b"\x10\0\0\0" + bytes(12), sender=4711)))

    def test_bytes_that_are_no_message(self) -> None:
        """They lead to a look, not to an end."""
        told = self.events(FakeSocket(b"\x14\0\0\0\x14\0\0\0" + bytes(8) + b"\xff" * 4))
        self.assertLessEqual(len(told), 1)
        self.flushLoggedErrors()


@pytest.mark.skipif(not may_unshare(), reason="needs root for network namespaces")
class NetworkEventsTests(TestCase):
    """A real kernel."""

    def setUp(self) -> None:
        """A namespace with a card and its other end."""
        from twisted.internet import reactor

        self.reactor: Any = reactor
        self.namespace = Namespace()
        self.addCleanup(self.namespace.close)
        self.namespace.run("ip link add card0 type veth peer name far0")
        self.told: list[Happening] = []
        self.events = NetworkEvents(self.reactor)
        with self.namespace.inside():
            self.events.open(self.told.append)
        self.addCleanup(self.events.close)

    def settle(self) -> Deferred[None]:
        """Until the kernel's messages are read."""
        return deferLater(self.reactor, 0.05, self.told_now)

    def told_now(self) -> None:
        """Nothing to do."""

    async def after(self, *commands: str) -> list[Happening]:
        """What is told of these commands."""
        self.told.clear()
        for command in commands:
            self.namespace.run(command)
        await self.settle()
        return list(self.told)

    async def test_address(self) -> None:
        """Taken up and given up; IPv6 counts, too."""
        await self.after("ip link set card0 up", "ip link set far0 up")
        self.assertIn(Happening.ADDRESS, await self.after("ip addr add 192.0.2.7/24 dev card0"))
        self.assertIn(Happening.ADDRESS, await self.after("ip addr del 192.0.2.7/24 dev card0"))
        self.assertIn(Happening.ADDRESS, await self.after("ip addr add 2001:db8::7/64 dev card0 nodad"))

    async def test_carrier(self) -> None:
        """A cable is pulled at the other end; a card that stays as it is says nothing."""
        await self.after("ip link set card0 up", "ip link set far0 up")
        self.assertIn(Happening.LINK, await self.after("ip link set far0 down"))
        self.assertIn(Happening.LINK, await self.after("ip link set far0 up"))
        self.assertNotIn(Happening.LINK, await self.after("ip link set card0 txqueuelen 500"))

    async def test_default_route(self) -> None:
        """The default route counts, a member's route does not."""
        await self.after("ip link set card0 up", "ip link set far0 up", "ip addr add 192.0.2.7/24 dev card0")
        self.assertIn(Happening.ROUTE, await self.after("ip route add default via 192.0.2.1"))
        self.assertEqual([], await self.after("ip route add 10.66.0.2/32 dev card0"))
        self.assertIn(Happening.ROUTE, await self.after("ip route del default"))
        await self.after("ip addr add 2001:db8::7/64 dev card0 nodad")
        again = "ip -6 route replace default via 2001:db8::1 dev card0"
        self.assertIn(Happening.ROUTE, await self.after(again))
        self.assertEqual([], await self.after(again), "as each router advertisement does")
        self.assertIn(Happening.ROUTE, await self.after(again + " metric 7"))

    async def test_own_devices(self) -> None:
        """What we make ourselves is nothing new to us."""
        self.namespace.run(f"ip tuntap add own0 mode tap; ip link set own0 alias {OWNER_MARK}")
        await self.settle()
        self.assertEqual([], await self.after("ip link set own0 up", "ip link set own0 down"))

    async def test_close_twice(self) -> None:
        """The second time is no error, and nothing is told afterwards."""
        self.events.close()
        self.events.close()
        self.assertEqual(-1, self.events.fileno())
        self.assertEqual([], await self.after("ip link set card0 up"))

    def test_no_rtnetlink(self) -> None:
        """A refusal is the caller's, and leaves no socket open."""

        def refuse(*_: object) -> None:
            raise PermissionError("sandbox")

        class Refusing(socket.socket):
            """A socket that may not be bound."""

            bind = refuse

        self.patch(socket, "socket", Refusing)
        self.assertRaises(PermissionError, NetworkEvents(self.reactor).open, self.told.append)
