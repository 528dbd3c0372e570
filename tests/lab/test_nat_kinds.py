"""Real nodes behind real NATs name what they are behind; hairpin, lifetime and blocked UDP are seen as well."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import pytest
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.nat_watch import RETRY
from lanrage.core.keepalive import choose
from lanrage.core.nat import NatKind
from lanrage.lab import netns, party, roles, teardown
from lanrage.lab.folder import Folder, Record
from lanrage.lab.lab import Lab, up
from lanrage.lab.netns import entered
from lanrage.lab.plan import PUBLIC_ADDRESSES, STUN_PORT, Host
from lanrage.lab.wan import python_env
from lanrage.net.uapi_client import socket_path
from lanrage.wire.uapi import decode_reply
from tests.lab.bare import own

pytestmark = [pytest.mark.lab, pytest.mark.needs("root", "ip", "nft", "tun", "wireguard-go")]

KINDS = {
    "open": ("open", "none", "endpoint-independent"),
    "cone": ("full-cone", "endpoint-independent", "endpoint-independent"),
    "address-restricted": ("address-restricted", "endpoint-independent", "address-dependent"),
    "restricted": ("port-restricted", "endpoint-independent", "address-and-port-dependent"),
    "symmetric": ("symmetric", "address-and-port-dependent", "address-and-port-dependent"),
}
"""Kind, mapping and filtering that each laboratory kind must be named."""
WAIT = 20.0
"""Seconds for a node to know, on a busy machine; a run takes 0.1 to 4."""
AGENT_S = 60.0
"""Seconds for the watch alone: 11 of silence, 9 of questions."""
HAIRPIN = """table ip hairpin {
 chain pre { type nat hook prerouting priority -99; iifname lan ip daddr PUBLIC udp dport 51820 dnat to HOST; }
 chain post { type nat hook postrouting priority 99; iifname lan oifname lan masquerade; }
 chain forward { type filter hook forward priority -10; iifname lan oifname lan accept; }
}
"""
"""A router that lets the hosts behind it reach each other by its public address."""
UDP_BLOCKED = "table ip blocked { chain out { type filter hook forward priority -20; meta l4proto udp drop; }; }\n"


class RealNodeTests(SynchronousTestCase):
    """Nodes in a party, each behind another kind."""

    def setUp(self) -> None:
        """A folder of its own."""
        self.base = Path(tempfile.mkdtemp(prefix="lanrage-lab-"))
        self.addCleanup(shutil.rmtree, self.base, ignore_errors=True)

    def up(self, name: str, *kinds: str, nodes: bool = True) -> Lab:
        """A laboratory, removed whatever happens."""
        self.addCleanup(teardown.down, name, Folder.of(name, self.base))
        return up(Record(name, kinds), self.base, nodes=nodes)[0]

    def nat(self, lab: Lab, host: Host) -> dict[str, Any]:
        """What a node says it is behind, once it knows."""
        deadline = time.monotonic() + WAIT
        while True:
            nat: dict[str, Any] = lab.call(host, "status")["nat"]
            known = nat["kind"] != "unknown" and (nat["hairpin"] is not None or nat["mapping"] == "none")
            if known or nat["kind"] == "blocked" or time.monotonic() > deadline:
                return nat
            time.sleep(0.1)

    def test_every_kind(self) -> None:
        """Named by the node; the doctor says the same; the keepalive of each pair is what the stricter end needs."""
        lab = self.up(own("tkind"), *KINDS)
        seen = {host.nat: self.nat(lab, host) for host in lab.plan.hosts}
        named = {kind: (nat["kind"], nat["mapping"], nat["filtering"]) for kind, nat in seen.items()}
        self.assertEqual(named, KINDS)
        self.assertTrue(all(nat["complete"] for nat in seen.values()))
        for host in lab.plan.hosts:
            self.assertTrue(seen[host.nat]["mapped"].startswith(f"{host.public_address}:"))
            facts = lab.call(host, "diagnose")["nat"]
            self.assertEqual(facts["kind"], KINDS[host.nat][0])
        expected = {
            (one.nat, other.nat): choose(NatKind(KINDS[one.nat][0]), NatKind(KINDS[other.nat][0]))
            for one in lab.plan.hosts
            for other in lab.plan.hosts
            if one is not other
        }
        deadline = time.monotonic() + WAIT
        while (kept := self.keepalives(lab)) != expected and time.monotonic() < deadline:
            time.sleep(0.5)
        self.assertEqual(kept, expected)

    @staticmethod
    def keepalives(lab: Lab) -> dict[tuple[str, str], int]:
        """What each WireGuard device keeps to each other host, by the kinds of both."""
        kinds = {IPv4Network(address): lab.plan.host(name).nat for name, address in lab.addresses().items()}
        kept = {}
        for host in lab.plan.hosts:
            with socket.socket(socket.AF_UNIX) as asker:
                asker.settimeout(WAIT)
                asker.connect(str(socket_path(host.tunnel_device)))
                asker.sendall(b"get=1\n\n")
                answer = b""
                while not answer.endswith(b"\n\n"):
                    answer += asker.recv(65536)
            for peer in decode_reply(answer).status.peers.values():
                kept[host.nat, kinds[IPv4Network(str(peer.allowed[0]))]] = peer.keepalive
        return kept

    def test_udp_blocked(self) -> None:
        """A node that reaches the control server and no reflector says so, and takes it back when UDP comes through."""
        name = own("tblock")
        lab = self.up(name, "open", "restricted", nodes=False)
        netns.nft(lab.plan.routers[0].netns, UDP_BLOCKED)
        lab.start(roles.roles(lab.plan))
        code, _ = party.found(lab.folder, lab.plan, name)
        host = lab.plan.hosts[1]
        party.join(lab.folder, host, code)
        self.assertEqual(self.nat(lab, host)["kind"], "blocked")
        netns.nft(lab.plan.routers[0].netns, "delete table ip blocked\n")
        deadline = time.monotonic() + RETRY + WAIT
        while lab.call(host, "status")["nat"]["kind"] == "blocked" and time.monotonic() < deadline:
            time.sleep(0.2)
        self.assertEqual(self.nat(lab, host)["kind"], "port-restricted")

    def agents(self, lab: Lab, silences: str) -> dict[str, list[dict[str, Any]]]:
        """What the watch alone finds behind each router, all at the same time."""
        lab.start([roles.CONTROL])
        reflector = f"{PUBLIC_ADDRESSES[0]}:{STUN_PORT}"
        started: dict[str, subprocess.Popen[str]] = {}
        try:
            for host in lab.plan.hosts:
                argv = [sys.executable, "-m", "tests.lab.nat_agent", reflector, host.address, silences]
                with entered(host.netns):  # pylint: disable-next=consider-using-with  # ended below, all together
                    started[host.nat] = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env=python_env())
            said = {nat: process.communicate(timeout=AGENT_S)[0] for nat, process in started.items()}
        finally:
            for process in started.values():
                process.kill()
                process.wait()
        return {nat: [json.loads(line) for line in lines.splitlines()] for nat, lines in said.items()}

    def test_lifetime_and_hairpin(self) -> None:
        """Routers that forget after 4 s: 2 s of silence are outlived, 8 are not. One of them has a hairpin."""
        name = own("tlife")
        self.addCleanup(teardown.down, name, Folder.of(name, self.base))
        kinds = ("cone", "restricted", "symmetric")
        lab, _ = up(Record(name, kinds, udp_timeout=4), self.base, nodes=False)
        router, host = lab.plan.routers[1], lab.plan.hosts[1]
        if Path("/proc/sys/net/bridge").exists():
            # Else the bridge itself would carry out the rule, and send nothing back by the port that it came from.
            netns.sysctl(router.netns, {"net.bridge.bridge-nf-call-iptables": 0})
        netns.nft(router.netns, HAIRPIN.replace("PUBLIC", router.public_address).replace("HOST", host.address))
        said = self.agents(lab, "1,2,8")
        self.assertEqual({nat: lines[1] for nat, lines in said.items()}, {kind: {"lifetime": 2.0} for kind in kinds})
        self.assertEqual(
            {nat: lines[0] for nat, lines in said.items()},
            {
                "cone": {"kind": "full-cone", "hairpin": False, "complete": True},
                "restricted": {"kind": "port-restricted", "hairpin": True, "complete": True},
                "symmetric": {"kind": "symmetric", "hairpin": False, "complete": True},
            },
        )
