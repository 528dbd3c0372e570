"""A router that lets no UDP through: its hosts join over TCP within seconds, in real namespaces."""

from __future__ import annotations

import shutil
import socket
import tempfile
import time
from pathlib import Path

import pytest
from twisted.trial.unittest import SynchronousTestCase

from lanrage.lab import netns, teardown
from lanrage.lab.folder import Folder, Record
from lanrage.lab.lab import Lab, up
from lanrage.lab.paths import expected_paths, settle
from lanrage.lab.result import Result
from tests.lab.bare import own

pytestmark = [pytest.mark.lab, pytest.mark.needs("root", "ip", "tc", "nft", "tun", "wireguard-go")]

KINDS = ("open", "blocked", "lan", "blocked")
JOIN_MS = 6000.0
"""The aim is 3 s, which ``lanrage lab grid`` checks; here other tests may run beside."""
PORT = 9999


class Stream:
    """Numbered datagrams from one host to another, over the party's addresses."""

    def __init__(self, lab: Lab, first: str, second: str) -> None:
        there = lab.plan.host(second)
        self._to = (lab.addresses()[second], PORT)
        self._sender = netns.udp_socket(lab.plan.host(first).netns)
        self._ear = netns.udp_socket(there.netns, port=PORT)
        self._ear.setblocking(False)
        self._ear.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self.sent: list[float] = []
        self.heard: list[tuple[int, float]] = []

    def run(self, packets: int, rate: float, size: int, after: float) -> None:
        """Send so many of so many bytes a second, then listen for `after` seconds more."""
        begin = time.monotonic()
        while len(self.sent) < packets:
            while len(self.sent) < packets and time.monotonic() >= begin + len(self.sent) / rate:
                self._sender.sendto(len(self.sent).to_bytes(4, "big") + bytes(size), self._to)
                self.sent.append(time.monotonic())
            self._listen()
        end = time.monotonic() + after
        while time.monotonic() < end and len(self.heard) < packets:
            self._listen()

    def _listen(self) -> None:
        time.sleep(0.001)  # both ends are in this process; the sender's clock goes on
        while True:
            try:
                number = int.from_bytes(self._ear.recv(2048)[:4], "big")
            except BlockingIOError:
                return
            self.heard.append((number, time.monotonic() - self.sent[number]))

    def close(self) -> None:
        """Close both sockets."""
        self._sender.close()
        self._ear.close()


class BlockedTests(SynchronousTestCase):
    """Four hosts: one in the open, two behind one router without UDP, one behind another such router."""

    name = own("tblocked")

    def setUp(self) -> None:
        """Build it."""
        base = Path(tempfile.mkdtemp(prefix="lanrage-lab-"))
        self.addCleanup(shutil.rmtree, base, ignore_errors=True)
        self.addCleanup(teardown.down, self.name, Folder.of(self.name, base))
        self.lab, self.report = up(Record(self.name, KINDS), base)

    def stream(self, first: str, second: str, packets: int, rate: float, size: int, after: float = 2.0) -> Stream:
        """One stream."""
        stream = Stream(self.lab, first, second)
        self.addCleanup(stream.close)
        stream.run(packets, rate, size, after)
        return stream

    def test_over_tcp(self) -> None:
        """All pairs meet in time: neighbours at home, the others over TCP, which loses nothing.

        The user is told; where TCP takes less than is sent, the oldest are lost, and none comes late.
        """
        result = Result("blocked")
        settle(self.lab, result, expected_paths(self.lab.plan))
        self.assertEqual([], result.shortfalls)
        self.assertLess(max(self.report["join_to_first_packet_ms"].values()), JOIN_MS)
        for first, second in (("h1", "h2"), ("h2", "h4")):
            stream = self.stream(first, second, 200, 100.0, 100)
            self.assertEqual(200, len(stream.heard), (first, second))
        host = self.lab.plan.host("h4")
        status = self.lab.call(host, "status")
        self.assertEqual(("open", 3), (status["relay_tcp"]["state"], status["relay_tcp"]["peers"]))
        self.assertTrue(self.lab.call(host, "diagnose")["udp_blocked"])
        self.assertIsNone(self.lab.call(self.lab.plan.host("h1"), "status")["relay_tcp"])
        self.slow_uplink()

    def slow_uplink(self) -> None:
        """300 packets of 1,000 bytes a second into an uplink of 1 Mbit/s, for three seconds."""
        router = self.lab.plan.router(4).netns
        slow = ["rate", "1mbit", "burst", "4kb", "limit", "30kb"]
        netns.run(["ip", "netns", "exec", router, "tc", "qdisc", "add", "dev", "wan", "root", "tbf", *slow])
        stream = self.stream("h4", "h1", 900, 300.0, 1000, after=3.0)
        numbers = [number for number, _ in stream.heard]
        self.assertGreater(len(numbers), 100)
        self.assertLess(len(numbers), 800)
        self.assertEqual(sorted(numbers), numbers)
        self.assertGreaterEqual(numbers[-1], 890)
        self.assertLess(max(late for _, late in stream.heard), 3.0)
        self.assertGreater(self.lab.call(self.lab.plan.host("h4"), "status")["relay_tcp"]["dropped"], 100)
