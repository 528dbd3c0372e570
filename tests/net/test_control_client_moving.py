"""The control client on a machine that roams and sleeps."""

from __future__ import annotations

from lanrage.net.control_client import FIRST_DELAY, LAST_DELAY
from lanrage.net.websocket import PING_INTERVAL, PING_TIMEOUT
from tests.net.test_control_client import ClientCase


class MovingTests(ClientCase):
    """Its address is 198.51.100.7 at first."""

    def test_the_address_of_the_connection_is_gone(self) -> None:
        """It is given up at once, not when pings go unanswered, and dialled anew within a redial's shortest pause."""
        client = self.connected()
        client.moved({"192.168.7.7"})
        self.net.settle()
        self.assertFalse(client.connected)
        self.net.settle(FIRST_DELAY)
        self.assertTrue(client.connected)
        self.assertEqual(1, len(self.ended))

    def test_the_address_of_the_connection_stays(self) -> None:
        """Another card came up: nothing ends, now or later."""
        client = self.connected()
        client.moved({"198.51.100.7", "192.168.7.7"})
        client.moved({"198.51.100.7"}, slept=PING_INTERVAL)
        self.net.settle(PING_INTERVAL)
        self.assertTrue(client.connected)
        self.assertEqual([], self.ended)

    def test_a_long_sleep(self) -> None:
        """The server gave this node up meanwhile."""
        client = self.connected()
        client.moved({"198.51.100.7"}, slept=PING_INTERVAL + PING_TIMEOUT)
        self.net.settle()
        self.net.settle(FIRST_DELAY)
        self.assertTrue(client.connected)
        self.assertEqual(1, len(self.ended))

    def test_a_network_that_comes_back_ends_the_pause(self) -> None:
        """Who was without a network does not wait out a pause of 10 s, and the next pause is a short one again."""
        client = self.client()
        for _ in range(8):
            self.net.settle(LAST_DELAY)
        tries = len(self.net.dialled)
        client.moved({"192.168.7.7"})
        self.net.settle()
        self.assertEqual(tries + 1, len(self.net.dialled))
        self.net.settle(FIRST_DELAY)
        self.assertEqual(tries + 2, len(self.net.dialled))
