"""The doctor's eyes: a machine drawn in a folder, the real one, and a report that is safe to paste."""

from __future__ import annotations

import json
import platform
import shutil
import tempfile
from pathlib import Path
from typing import Any

import msgspec
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.cli import main
from lanrage.app.doctor import collect_local, examine, find_program, input_drop
from lanrage.core.diagnosis import LocalFacts
from lanrage.errors import MissingRight, Unreachable
from tests.fakes_doctor import healthy_node
from tests.fakes_node import plain

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
        """Routes are there, the default one not."""
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


class ReportTests(SynchronousTestCase):
    """What the user pastes."""

    def run_doctor(self, answer: Any, *words: str) -> tuple[int, str]:
        """Exit status and stdout of ``lanrage doctor`` with a node that answers so."""

        def call(*_: Any) -> Any:
            if isinstance(answer, Exception):
                raise answer
            return answer

        result = CliRunner().invoke(main, ["doctor", *words], obj=call)
        self.assertTrue(result.exception is None or isinstance(result.exception, SystemExit), result.exception)
        return result.exit_code, result.stdout

    def test_a_healthy_node(self) -> None:
        """Exit status 0, hidden addresses; shown when asked for."""
        status, out = self.run_doctor(plain(healthy_node()))
        self.assertEqual((status, out.splitlines()[-1]), (0, "No failure in 11 checks."))
        for text in ("10.66.0", "93.184", "198.51", "play.example.org"):
            self.assertNotIn(text, out)
        self.assertIn("connected to the control server host-1:7766", out)
        self.assertIn("93.184.216.34:51820", self.run_doctor(plain(healthy_node()), "--addresses")[1])

    def test_json(self) -> None:
        """The stable shape, hidden as well, facts included."""
        status, out = self.run_doctor(plain(healthy_node()), "--json")
        report = json.loads(out)
        self.assertEqual((status, list(report), report["ok"]), (0, ["ok", "checks", "facts"], True))
        self.assertEqual(list(report["checks"][0]), ["name", "level", "sentence", "advice"])
        self.assertNotIn("93.184", out)
        shown = json.loads(self.run_doctor(plain(healthy_node()), "--json", "--addresses")[1])
        self.assertEqual(shown["facts"]["node"], plain(healthy_node()))

    def test_without_a_node(self) -> None:
        """It says so first; exit status 1; the machine is looked at."""
        status, out = self.run_doctor(Unreachable("no node is running at /x; start one with: so"))
        self.assertEqual((status, out.splitlines()[0]), (1, "FAIL  node: no node is running at /x; start one with: so"))
        self.assertIn("rights: ", out)
        self.assertIn("tun: ", out)

    def test_a_node_that_may_not_be_asked(self) -> None:
        """Its own port is not taken for a foreign program's."""
        report = examine(self.refuse)
        self.assertIsNone(report["facts"]["local"]["port_taken"])
        self.assertEqual((report["ok"], report["checks"][0]["sentence"]), (False, "use sudo"))

    def refuse(self) -> Any:
        """As a socket that may not be opened."""
        raise MissingRight("use sudo")

    def test_a_node_of_another_version(self) -> None:
        """Is said, not thrown."""
        status, out = self.run_doctor({"version": 5})
        self.assertEqual(status, 1)
        self.assertIn("the node is of another version", out)

    def test_the_node_s_own_view_counts(self) -> None:
        """Its rights, not the doctor's."""
        blind = msgspec.structs.replace(healthy_node(), local=None)
        self.assertNotEqual(examine(lambda: plain(blind))["facts"]["local"]["devices"], [])
        report = examine(lambda: plain(healthy_node()), hide_addresses=False)
        self.assertEqual(report["facts"]["local"], report["facts"]["node"]["local"])
