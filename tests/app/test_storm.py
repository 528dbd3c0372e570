"""A storm: all sessions end in one instant, and all nodes come back by themselves."""

from __future__ import annotations

import random
from collections import Counter

from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.restart import RESTART_TIME, SPREAD_MINIMUM, come_back
from lanrage.net.control_client import COME_BACK_JITTER, FIRST_DELAY
from tests.fakes_control import PartyKit, node_keys
from tests.fakes_server import ADDRESS, MemoryNode, MemoryServer

SESSIONS = 300
MEMBERS = 60
"""Of them in the party: a party has 64 at most."""
INSTANT = 0.01
"""Seconds that count as one instant: ten logins at a server that does a thousand a second."""


class StormTests(SynchronousTestCase):
    """One server, many nodes."""

    def setUp(self) -> None:
        """All nodes are logged in, and the members of the party in step."""
        self.server = MemoryServer(
            PartyKit.make("storm", subnet="10.9.0.0/16", max_members=64, host=node_keys("host of the memory server"))
        )
        self.net = self.server.net
        self.members: list[MemoryNode] = []
        self.others: list[MemoryNode] = []
        dice = random.Random("storm")
        for number in range(SESSIONS):
            keys = node_keys(f"storm {number}")
            if number < MEMBERS:
                self.server.admit(keys, f"player {number}")
            (self.members if number < MEMBERS else self.others).append(self.server.dial(keys, dice.random))
        self.net.settle()
        self.assertEqual(SESSIONS, len(self.server.desk.sessions))
        self.assertTrue(all(node.in_step for node in self.members))
        self.net.dialled.clear()

    def tearDown(self) -> None:
        """Nothing is left."""
        for node in self.members + self.others:
            node.link.client.stopService()
        self.net.settle()
        self.net.settle(5.0)
        self.assertEqual([], self.flushLoggedErrors())

    def wait(self, seconds: float) -> None:
        """Time in instants."""
        for _ in range(round(seconds / INSTANT)):
            self.net.settle(INSTANT)

    def most_in_an_instant(self) -> int:
        """Of the redials."""
        return max(Counter(int(at / INSTANT) for at, _ in self.net.dialled).values())

    def all_back(self) -> None:
        """Each node is logged in again, and each member knows what happened meanwhile."""
        self.assertEqual(SESSIONS, len(self.server.desk.sessions))
        self.assertEqual(SESSIONS, len(self.net.dialled))
        for node in self.members:
            self.assertTrue(node.in_step)
            self.assertEqual(2, node.ups)

    def test_storm_after_a_cut(self) -> None:
        """Redials are spread over the first delay by jitter, no instant has many, and all are back when it is over."""
        for connection in list(self.server.factory.connections):
            connection.cut()
        self.net.settle()
        self.server.admit(node_keys("newcomer"), "newcomer")
        self.wait(FIRST_DELAY + 0.1)
        self.all_back()
        self.assertLessEqual(self.most_in_an_instant(), SESSIONS * INSTANT / FIRST_DELAY * 4)

    def test_storm_after_a_restart(self) -> None:
        """A server that restarts tells each when to come: nobody too early, evenly, and with no try in vain."""
        del self.net.servers[ADDRESS]
        connections = list(self.server.factory.connections)
        dice = random.Random("restart")
        for connection, retry in zip(connections, come_back(len(connections), dice.random), strict=True):
            connection.deny("restarting", "it restarts", retry)
        self.net.settle()
        self.assertEqual(0, len(self.server.desk.sessions))
        self.wait(RESTART_TIME - INSTANT)
        self.assertEqual([], self.net.dialled)
        self.net.servers[ADDRESS] = self.server.factory
        self.wait(SPREAD_MINIMUM + COME_BACK_JITTER + 0.1)
        self.all_back()
        self.assertLessEqual(self.most_in_an_instant(), SESSIONS * INSTANT / SPREAD_MINIMUM * 3)
