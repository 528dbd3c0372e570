"""Two members on one physical LAN, a third elsewhere: each hears each game once."""

from __future__ import annotations

import json
import sys

import pytest
from twisted.trial.unittest import SynchronousTestCase

from tests.lan_hosts import LanHost, Program, lan_hosts, wait_for
from tests.lan_room import counters, room, wait_for_neighbours

GAME = """
import socket, sys
made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
made.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
made.bind(("", 6000))
for mark in sys.argv[1:]:
    made.sendto(mark.encode(), ("255.255.255.255", 6000))
    made.sendto(mark.encode(), ("224.0.2.60", 4445))
"""
"""Announces itself without naming a card, as most games do."""

SOCKETS = ("all-too", "any-1")


def announce(host: LanHost, *marks: str) -> None:
    """A game runs for a moment."""
    host.run(sys.executable, "-c", GAME, *marks).process.wait(20)


def heard(listener: Program, count: int) -> list[tuple[str, str, str]]:
    """The next datagrams: socket, text, source."""
    return sorted(tuple(json.loads(listener.line())[:3]) for _ in range(count))


def once(mark: str, source: str) -> list[tuple[str, str, str]]:
    """What every machine's sockets hear of one announcement."""
    return [(name, mark, source) for name in SOCKETS]


@pytest.mark.needs("root", "tun", "ip")
class NeighbourTests(SynchronousTestCase):
    """Three members, the first two in one room."""

    def test_once_each(self) -> None:
        """In the room by the room alone, elsewhere by the party; and by the party again when a cable is pulled."""
        with room() as here, lan_hosts(3) as (one, two, three):
            here.plug_member(one)
            here.plug_member(two)
            planes = [one.start_plane([2, 3]), two.start_plane([1, 3]), three.start_plane([1, 2])]
            wait_for_neighbours(planes[0], 1)
            wait_for_neighbours(planes[1], 1)
            listeners = [host.listen(*SOCKETS) for host in (one, two, three)]
            for host in (one, two, three):
                wait_for("adoption", lambda host=host: host.members_on_card() == 1)  # type: ignore[misc]
            announce(one, "of one", "of one again")
            for number, listener in enumerate(listeners):
                source = one.address if number == 2 else one.real
                wanted = sorted(once("of one", source) + once("of one again", source))
                self.assertEqual(heard(listener, 4), wanted)
            announce(two, "of two")
            for number, listener in enumerate(listeners):
                self.assertEqual(heard(listener, 2), once("of two", two.address if number == 2 else two.real))
            announce(three, "of three")
            for number, listener in enumerate(listeners):
                source = three.real if number == 2 else three.address
                self.assertEqual(heard(listener, 2), once("of three", source))
            self.assertEqual(counters(planes[0])["left_to_lan_packets"], 4)
            here.switch.run("ip link set p11 down")
            for plane in planes[:2]:
                wait_for_neighbours(plane, 0)
            announce(two, "of two again")
            for number, listener in enumerate(listeners):
                self.assertEqual(heard(listener, 2), once("of two again", two.real if number == 1 else two.address))
            here.switch.run("ip link set p11 up")
            wait_for_neighbours(planes[1], 1)
            self.assertEqual([listener.end() for listener in listeners], ["", "", ""])
