"""Pairs behind one router, behind two in a row, and behind one carrier's router take the short way."""

from __future__ import annotations

import shutil
import tempfile
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from twisted.trial.unittest import SynchronousTestCase

from lanrage.lab import nat, netns, roles, teardown
from lanrage.lab.folder import Folder, Record
from lanrage.lab.lab import Lab, up
from lanrage.lab.plan import netns_name
from lanrage.lab.process import wait_for
from tests.lab.bare import own

pytestmark = [pytest.mark.lab, pytest.mark.needs("root", "ip", "nft", "tun", "wireguard-go")]

KINDS = ("cone", "lan", "lan", "lan", "open", "restricted")
"""h1 and h2 in one LAN; h3 and h4 each behind a router of their own in that LAN; two elsewhere."""
SHORT = {
    ("h1", "h2"): "192.168.1.",
    ("h1", "h3"): "203.0.113.11",
    ("h3", "h4"): "203.0.113.11",
    ("h3", "h5"): "203.0.113.15",
    ("h3", "h6"): "203.0.113.16",
    ("h4", "h5"): "203.0.113.15",
}
"""How the address begins at which the first of a pair sends to the second: of the LAN, the common router, the other."""
SETTLE_S = 20.0


def second_router(lab: Lab, index: int) -> None:
    """Put a router of its own (restricted, as at home) between a host and the LAN of the first router."""
    host, space = lab.plan.hosts[index - 1], netns_name(lab.plan.name, f"r{90 + index}")
    outer = lab.plan.routers[0]
    netns.ip_batch(outer.netns, [f"link del {host.name}"])
    netns.create([space])
    netns.sysctl(space, nat.sysctls(None))
    port = f"link add {host.name} type veth peer name wan netns {space}"
    netns.ip_batch(outer.netns, [port, f"link set {host.name} master lan up"])
    inner = f"192.168.{90 + index}"
    lines = [f"addr add 192.168.1.{50 + index}/24 dev wan", "link set wan up"]
    lines += [f"route add default via {outer.lan_address}"]
    lines += [f"link add lan type veth peer name eth0 netns {host.netns}", f"addr add {inner}.1/24 brd + dev lan"]
    netns.ip_batch(space, [*lines, "link set lan up"])
    lines = [f"addr add {inner}.10/24 brd + dev eth0", "link set eth0 up", f"route add default via {inner}.1"]
    netns.ip_batch(host.netns, lines)
    netns.nft(space, nat.ruleset("restricted"))


def hairpin(lab: Lab) -> None:
    """Let the first router lead what its LAN sends to its own public address back into the LAN (RFC 4787, REQ-9)."""
    router = lab.plan.routers[0]
    netns.nft(
        router.netns,
        f"add rule ip lab pre iifname lan ip daddr {router.public_address} meta l4proto udp "
        "dnat to udp dport map @eim\n"
        f"add rule ip lab post oifname lan ip saddr 192.168.1.0/24 ct status dnat snat to {router.public_address}\n",
    )


class ShortWayTests(SynchronousTestCase):
    """Real nodes in a laboratory with routers in a row."""

    def setUp(self) -> None:
        """Networks, then nodes."""
        base = Path(tempfile.mkdtemp(prefix="lanrage-lab-"))
        self.addCleanup(shutil.rmtree, base, ignore_errors=True)
        name = own("tshort")
        self.addCleanup(teardown.down, name, Folder.of(name, base))
        self.lab, _ = up(Record(name, KINDS), base, nodes=False)
        for index in (3, 4):
            second_router(self.lab, index)

    def gather(self) -> None:
        """One party."""
        self.lab.start(roles.roles(self.lab.plan))
        self.lab.gather()

    def ways(self) -> dict[tuple[str, str], str]:
        """Of each pair, where the first sends; empty over a relay."""
        pairs = self.lab.show()["pairs"]
        return {(p["a"], p["b"]): p["endpoint"] if p["path"] == "direct" else "" for p in pairs}

    @pytest.mark.timeout(120)
    def test_short_ways(self) -> None:
        """Where the common router hairpins, every pair is direct, by the shortest way that there is."""
        hairpin(self.lab)
        self.gather()
        wait_for("direct ways", lambda: all(self.ways().values()), SETTLE_S)
        ways = self.ways()
        self.assertEqual(15, len(ways))
        for pair, begins in SHORT.items():
            self.assertTrue(ways[pair].startswith(begins), (pair, ways[pair]))

    @pytest.mark.timeout(120)
    def test_no_hairpin(self) -> None:
        """Where it does not, those that need it are on the relay and all others direct."""
        self.gather()
        needing = {("h1", "h3"), ("h1", "h4"), ("h2", "h3"), ("h2", "h4"), ("h3", "h4")}
        wait_for("all ways", lambda: {p for p, way in self.ways().items() if not way} == needing, SETTLE_S)
        self.assertTrue(IPv4Address(self.ways()["h1", "h2"].rpartition(":")[0]).is_private)
