"""IPv6 multicast by the LAN plane between network namespaces, with unmodified sockets."""

from __future__ import annotations

import json
import sys
from collections import Counter

import pytest
from twisted.trial.unittest import SynchronousTestCase

from tests.lan_hosts import LanHost, Program, lan_hosts, wait_for
from tests.lan_sockets6 import LARGE

PREFIX = "fd10:6600::/64"
ROUNDS = ("one", "two", "three")
SOCKETS = ("nodes", "quake", "quake-0", "quake-card", "site-eth0")
PORT = 6011

Rows = Counter[tuple[str, str, int, str, int]]


def address(host: LanHost) -> str:
    """The host's address in the party's prefix."""
    return f"fd10:6600::a42:{host.number}"


def start(host: LanHost, others: list[LanHost], **settings: str) -> Program:
    """A plane with IPv6; unicast goes by the tunnel's stand-in, which asks for MACs where WireGuard does not."""
    plane = host.start_plane([other.number for other in others], (), IPV6_PREFIX=PREFIX, **settings)
    host.space.run("ip -6 route del ff00::/8 dev lrtun table local")
    for other in others:
        mac = other.space.run("ip -br link show lrtun").split()[2]
        host.space.run(f"ip -6 neigh add {address(other)} lladdr {mac} dev lrtun")
        host.space.run(f"ip -6 route add {address(other)} dev lrtun src {address(host)}")
    return plane


def groups_on_card(host: LanHost) -> set[str]:
    """The groups that the LAN card is in."""
    words = host.space.run("ip -6 maddr show dev lanrage0").split()
    return set(words[words.index("inet6") :])


def expected(mark: str, source: str) -> Rows:
    """What one round of :mod:`tests.lan_sockets6` makes of all sockets: each datagram once."""
    rows = [("nodes", f"{kind} {mark}") for kind in ("nodes", "real nodes")]
    rows += [(name, f"{kind} {mark}") for name in ("quake", "quake-0", "quake-card") for kind in ("unnamed", "named")]
    rows.append(("site-eth0", f"site {mark}"))
    counted = Counter({(name, text, len(text), source, PORT): 1 for name, text in rows})
    counted["nodes", f"large {mark} ".ljust(24, "."), LARGE, source, PORT] = 1
    return counted


@pytest.mark.needs("root", "tun", "ip")
class RealTests(SynchronousTestCase):
    """Three members."""

    def wait_joined(self, host: LanHost) -> None:
        """Until the card is in the group that a game joined elsewhere."""
        wait_for("the card in the group", lambda: "ff15::4c52" in groups_on_card(host))

    def test_all_ways(self) -> None:
        """Every way of sending reaches every kind of socket of both others once, and the answer comes back."""
        with lan_hosts(3) as hosts:
            one, two, three = hosts
            planes = [start(host, [other for other in hosts if other is not host]) for host in hosts]
            listeners = [host.run(sys.executable, "-m", "tests.lan_sockets6", "listen", *SOCKETS) for host in hosts[1:]]
            for listener, host in zip(listeners, hosts[1:], strict=True):
                self.assertEqual(listener.line(), "ready")
                self.wait_joined(host)
            for mark in ROUNDS:
                sender = one.run(sys.executable, "-m", "tests.lan_sockets6", "send", mark)
                self.assertEqual(json.loads(sender.line()), sorted([address(two), address(three)]))
            wanted = sum((expected(mark, address(one)) for mark in ROUNDS), Counter())
            for listener in listeners:
                got: Rows = Counter(tuple(json.loads(listener.line())) for _ in range(wanted.total()))
                self.assertEqual(got, wanted)
            self.assertEqual([listener.end() for listener in listeners], ["", ""])
            wait_for("the card out of the group", lambda: "ff15::4c52" not in groups_on_card(two))
            counters = [json.loads(plane.end().splitlines()[-1]) for plane in planes]
            self.assertEqual(counters[0]["forwarded_packets"], 2 * 3 * 6)
            self.assertEqual([each["injected_packets"] for each in counters], [0, 18, 18])
