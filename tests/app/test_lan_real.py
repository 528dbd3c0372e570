"""The LAN plane between network namespaces, with unmodified sockets: each datagram once at every listening socket."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from twisted.trial.unittest import SynchronousTestCase

from tests.lan_hosts import LanHost, Program, lan_hosts, wait_for

MAC = "02:66:0a:42:00:01"
ME = "10.66.0.1"
ROUNDS = ("one", "two", "three")
SOCKETS = ("all", "all-too", "any-1", "any-0", "card-1", "card-0", "ipx")

JAVA = """
import java.net.*;
public class Listener {
    public static void main(String[] words) throws Exception {
        MulticastSocket socket = new MulticastSocket(4445);
        socket.joinGroup(InetAddress.getByName("224.0.2.60"));
        System.out.println("ready");
        System.out.flush();
        while (true) {
            DatagramPacket packet = new DatagramPacket(new byte[2000], 2000);
            socket.receive(packet);
            System.out.println("[\\"java\\", \\"" + new String(packet.getData(), 0, packet.getLength())
                + "\\", \\"" + packet.getAddress().getHostAddress() + "\\", " + packet.getPort() + "]");
            System.out.flush();
        }
    }
}
"""

PROBE = """
import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
while True:
    s.sendto(b"probe", ("224.0.2.60", 4445))
    time.sleep(0.1)
"""
"""Sends until somebody hears it."""


def expected(mark: str) -> Counter[tuple[str, str, str, int]]:
    """What one round of :mod:`tests.lan_sockets` makes of all sockets: each datagram once, source = party address."""
    large = f"large {mark} ".ljust(24, ".")
    rows: list[tuple[str, str, str, int]] = [("ipx", f"ipx {mark}", MAC, 0)]
    for name in ("all", "all-too"):
        rows += [(name, text, ME, 6000) for text in (f"subnet {mark}", large, f"unbound {mark}")]
        rows.append((name, f"bound {mark}", ME, 6001))
    for name in ("any-1", "any-0", "card-1", "card-0"):
        rows += [(name, text, ME, 6002) for text in (f"group {mark}", f"group on card {mark}")]
    return Counter(rows)


def only(rows: Counter[tuple[str, str, str, int]], *names: str) -> Counter[tuple[str, str, str, int]]:
    """The rows of some sockets."""
    return Counter({row: count for row, count in rows.items() if row[0] in names})


def collect(listener: Program, count: int) -> Counter[tuple[str, str, str, int]]:
    """The next datagrams that a listener's sockets get."""
    return Counter(tuple(json.loads(listener.line())) for _ in range(count))


def send(host: LanHost, mark: str) -> list[str]:
    """One round of sending, and who answered."""
    sender = host.run(sys.executable, "-m", "tests.lan_sockets", "send", host.address, mark)
    answered: list[str] = json.loads(sender.line())
    return answered


@pytest.mark.needs("root", "tun", "ip")
class RealTests(SynchronousTestCase):
    """Three members."""

    def test_all_ways(self) -> None:
        """Every way of sending reaches every kind of socket of both others once, and the answer comes back."""
        with lan_hosts(3) as (one, two, three):
            planes = [one.start_plane([2, 3]), two.start_plane([1, 3]), three.start_plane([1, 2])]
            listeners = [host.listen(*SOCKETS) for host in (two, three)]
            for host in (two, three):
                wait_for("adoption", lambda host=host: host.members_on_card() == 4)  # type: ignore[misc]
            for mark in ROUNDS:
                self.assertEqual(send(one, mark), ["10.66.0.2", "10.66.0.3"])
            # The later rounds show that no copy of an earlier one came behind it.
            wanted = sum((expected(mark) for mark in ROUNDS), Counter())
            self.assertEqual([collect(each, wanted.total()) for each in listeners], [wanted, wanted])
            self.assertEqual([listener.end() for listener in listeners], ["", ""])
            counters = [json.loads(plane.end().splitlines()[-1]) for plane in planes]
            self.assertEqual(counters[0]["forwarded_packets"], 2 * 3 * 7)
            self.assertEqual([each["injected_packets"] for each in counters], [0, 21, 21])
            self.assertEqual([each["forwarded_packets"] for each in counters[1:]], [0, 0])
            self.assertEqual([each["dropped_stranger"] for each in counters], [0, 0, 0])

    def test_raw_way(self) -> None:
        """Where sockets may not be adopted, members of a group on the real card get each datagram once all the same."""
        no_trace = ("setpriv", "--bounding-set=-sys_ptrace")
        with lan_hosts(3) as (one, two, three):
            plane = two.start_plane([1, 3], no_trace)
            three.start_plane([1, 2])
            one.start_plane([2, 3])
            three.listen("all")
            listener = two.listen("all", "any-1", "any-0")
            probe = one.run(sys.executable, "-c", PROBE)
            self.assertIn("probe", listener.line())
            probe.end()
            send(one, "mark")
            wanted = only(expected("mark"), "all", "any-1", "any-0")
            got: Counter[tuple[str, str, str, int]] = Counter()
            while got.total() < wanted.total():
                got += Counter({row: n for row, n in collect(listener, 1).items() if "probe" not in row[1]})
            self.assertEqual((got, two.members_on_card()), (wanted, 0))
            counters = json.loads(plane.end().splitlines()[-1])
            self.assertEqual(counters["forwarded_packets"], 0)

    @pytest.mark.lab
    @pytest.mark.needs("java", "javac")
    def test_java(self) -> None:
        """A Java game's MulticastSocket (IP_MULTICAST_ALL=0, an IPv6 socket) hears each datagram once."""
        with TemporaryDirectory() as folder, lan_hosts(3) as (one, two, three):
            source = Path(folder) / "Listener.java"
            source.write_text(JAVA, "utf-8")
            for host, others in ((one, [2, 3]), (two, [1, 3]), (three, [1, 2])):
                host.start_plane(others)
            three.listen("all")
            two.listen("all")
            listener = two.run("java", str(source))
            self.assertEqual(listener.line(), "ready")
            wait_for("adoption", lambda: two.members_on_card() == 1)
            for mark in ROUNDS:
                send(one, mark)
            got = collect(listener, 2 * len(ROUNDS))
            wanted = {("java", f"{kind} {mark}", ME, 6002): 1 for kind in ("group", "group on card") for mark in ROUNDS}
            self.assertEqual(got, Counter(wanted))
