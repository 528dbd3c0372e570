"""The doctor's eyes: a machine drawn in a folder, and the real one."""

from __future__ import annotations

import json
import platform
import shutil
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.doctor import collect_local, find_program, input_drop, managed
from lanrage.core.diagnosis import LocalFacts, RouteFacts

ROUTES = """Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
lanrage-wg0\t0200420A\t00000000\t0005\t0\t0\t0\tFFFFFFFF\t0\t0\t0
"""
UDP = """  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
  1: 00000000:CA6C 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4242 2 0000000000000000 0
"""
"""UDP port 51820 is CA6C."""


class MachineCase(SynchronousTestCase):
    """A file system in a folder."""

    def setUp(self) -> None:
        """Empty."""
        self.root = Path(tempfile.mkdtemp(prefix="lanrage-doctor-"))
        self.addCleanup(shutil.rmtree, self.root)

    def write(self, path: str, text: str = "") -> None:
        """A file with its folders."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    def collect(self, *devices: str, port: int | None = None) -> LocalFacts:
        """Look at it."""
        return collect_local(devices, port, self.root)


class CollectTests(MachineCase):
    """Each fact from its file."""

    def test_an_empty_machine(self) -> None:
        """What cannot be read is missing or unknown, not an error."""
        facts = self.collect("lanrage0", port=51820)
        self.assertEqual((facts.capabilities, facts.tun, facts.kernel_wireguard), ([], "missing", "missing"))
        self.assertEqual(
            (facts.default_route, facts.port_taken, facts.watchers, facts.host_routes), (None, False, [], {})
        )
        self.assertFalse(facts.devices[0].present)

    def test_a_full_machine(self) -> None:
        """Capabilities, device file, module, routes, ports, programs that run."""
        self.write("proc/self/status", "Name:\tx\nCapEff:\t0000000000003000\n")
        self.write("dev/net/tun")
        self.write(f"lib/modules/{platform.release()}/modules.dep", "kernel/drivers/net/wireguard/wireguard.ko: a.ko\n")
        self.write("proc/self/net/route", ROUTES)
        self.write("proc/self/net/udp", UDP)
        self.write("proc/17/comm", "NetworkManager\n")
        self.write("proc/18/comm", "bash\n")
        self.write("etc/ufw/ufw.conf", "# ufw\nENABLED=yes\n")
        facts = self.collect(port=51820)
        self.assertEqual(
            (facts.capabilities, facts.tun, facts.kernel_wireguard), (["net_admin", "net_raw"], "ready", "available")
        )
        self.assertEqual((facts.default_route, facts.host_routes), (True, {"10.66.0.2": "lanrage-wg0"}))
        self.assertEqual((facts.port_taken, facts.watchers), (True, ["NetworkManager", "ufw"]))
        self.assertFalse(self.collect(port=51821).port_taken)
        self.assertIsNone(self.collect().port_taken)
        self.write("sys/module/wireguard/initstate", "live")
        self.assertEqual(self.collect().kernel_wireguard, "loaded")

    def test_no_default_route(self) -> None:
        """Other routes are there, the default one not."""
        self.write("proc/self/net/route", "\n".join(ROUTES.splitlines()[::2]))
        self.assertIs(self.collect().default_route, False)

    def test_this_very_machine(self) -> None:
        """The real one: loopback is up, cannot broadcast and has its address."""
        devices = collect_local(["lo", "lanrage-ghost"]).devices
        loopback, ghost = devices[0], devices[1]
        self.assertEqual((loopback.present, loopback.broadcast), (True, False))
        self.assertIsNotNone(loopback.rp_filter)
        self.assertFalse(ghost.present)
        self.assertIsNotNone(find_program("sh"))

    def test_networks(self) -> None:
        """Routes to networks, without defaults and single hosts; no route at all is no default route."""
        subnet = "tun0\t8000420A\t00000000\t0001\t0\t0\t0\t80FFFFFF\t0\t0\t0\n"
        self.write("proc/self/net/route", ROUTES + subnet)
        self.assertEqual(self.collect().routes, [RouteFacts("10.66.0.128/25", "tun0")])
        self.write("proc/self/net/route", ROUTES.splitlines()[0])
        self.assertIs(self.collect().default_route, False)

    def test_managed(self) -> None:
        """NetworkManager's list of devices: ours that it holds; names may have colons."""
        listing = b"eth0:connected\nlanrage0:connected\nlanrage-wg0:unmanaged\na:b:disconnected\n"
        self.assertEqual(managed(listing, ["lanrage0", "lanrage-wg0", "a:b"]), ["lanrage0", "a:b"])
        self.assertEqual(managed(None, ["lanrage0"]), [])

    def test_chains_that_drop(self) -> None:
        """From nft's JSON; anything else is unknown."""
        chains: list[dict[str, Any]] = [
            {"metainfo": {}},
            {"chain": {"family": "inet", "table": "filter", "name": "input", "hook": "input", "policy": "drop"}},
            {"chain": {"family": "ip", "table": "x", "name": "y", "hook": "input", "policy": "accept"}},
            {"chain": {"family": "ip", "table": "x", "name": "plain"}},
        ]
        self.assertEqual(input_drop(json.dumps({"nftables": chains}).encode()), ["inet filter input"])

    @given(st.binary(max_size=60) | st.sampled_from([b"[]", b'{"nftables":[{"chain":1}]}', b'{"nftables":{}}', b"1"]))
    def test_any_listing(self, listing: bytes) -> None:
        """A list or unknown."""
        self.assertIn(type(input_drop(listing)), (list, type(None)))
