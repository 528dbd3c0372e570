"""The LAN card's IPv6 groups follow those of the real cards."""

from __future__ import annotations

import socket
from ipaddress import IPv6Address
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from lanrage.net.multicast import LOOK_SECONDS
from lanrage.net.multicast6 import MAX_GROUPS, CardGroups6

CARD, TUNNEL, ETH = 7, 8, 2
GAME = IPv6Address("ff04::696f:7175:616b:6533")


class Member:
    """A socket that remembers its groups.

    :ivar full: it takes no more.
    """

    def __init__(self) -> None:
        self.groups: set[tuple[IPv6Address, int]] = set()
        self.closed = self.full = False

    def setsockopt(self, level: int, option: int, value: bytes) -> None:
        """Join or leave."""
        assert level == socket.IPPROTO_IPV6
        place = (IPv6Address(value[:16]), int.from_bytes(value[16:], "little"))
        if option == socket.IPV6_LEAVE_GROUP:
            self.groups.remove(place)
        elif self.full:
            raise OSError("no buffer space")
        else:
            self.groups.add(place)

    def close(self) -> None:
        """Leave all."""
        self.closed = True


class GroupTests(SynchronousTestCase):
    """Looks at a table that a test writes."""

    def setUp(self) -> None:
        """One look was made."""
        self.clock, self.member, self.rows = Clock(), Member(), list[tuple[int, str]]()
        made: Any = self.member
        self.groups = CardGroups6(self.clock, CARD, (TUNNEL,), self.table, lambda: made)
        self.groups.start()
        self.addCleanup(self.groups.stop)

    def table(self) -> str:
        """As the kernel writes it."""
        return "".join(f"{index} dev {IPv6Address(group).packed.hex()} 1 4 0\n" for index, group in self.rows)

    def look(self, *rows: tuple[int, str]) -> set[IPv6Address]:
        """The groups on the card after the next look at this table."""
        self.rows = list(rows)
        self.clock.advance(LOOK_SECONDS)
        self.assertEqual({index for _, index in self.member.groups} - {CARD}, set())
        return {group for group, _ in self.member.groups}

    def test_follows(self) -> None:
        """A group that a game joined on a real card is joined once, and left with the game."""
        for _ in range(3):
            self.assertEqual(self.look((ETH, str(GAME)), (3, str(GAME))), {GAME})
        self.assertEqual(self.look((3, str(GAME))), {GAME})
        self.assertEqual((self.look(), self.groups.joined), (set(), frozenset()))

    def test_others(self) -> None:
        """Groups on our own devices and loopback are not looked at, nor those that games do not use."""
        rows = [(index, str(GAME)) for index in (1, CARD, TUNNEL)]
        rows += [(ETH, group) for group in ("ff02::1", "ff02::2", "ff02::fb", "ff02::1:ff00:7", "ff01::1")]
        self.assertEqual(self.look(*rows), set())

    def test_bounded(self) -> None:
        """A machine in very many groups."""
        self.assertEqual(len(self.look(*((ETH, f"ff14::{n:x}") for n in range(1, MAX_GROUPS + 9)))), MAX_GROUPS)

    def test_full(self) -> None:
        """What the kernel does not take is asked again."""
        self.member.full = True
        self.assertEqual(self.look((ETH, str(GAME))), set())
        self.member.full = False
        self.assertEqual(self.look((ETH, str(GAME))), {GAME})

    def test_trouble(self) -> None:
        """A table that cannot be read ends nothing."""
        self.groups.read = lambda: "junk"
        self.clock.advance(LOOK_SECONDS)
        self.groups.read = self.table
        self.assertEqual(self.look((ETH, str(GAME))), {GAME})

    def test_end(self) -> None:
        """The card leaves all groups, and nothing waits."""
        self.look((ETH, str(GAME)))
        self.groups.stop()
        self.assertTrue(self.member.closed)
        self.assertEqual((self.groups.joined, self.clock.getDelayedCalls()), (frozenset(), []))
