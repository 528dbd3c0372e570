"""Laboratories with real nodes: a small one in every run, the checks in ``make test-lab``."""

from __future__ import annotations

import shutil
import signal
import socket
import tempfile
from pathlib import Path

import pytest
from twisted.trial.unittest import SynchronousTestCase

from lanrage.lab import netns, roles, teardown
from lanrage.lab.broadcasts import broadcasts
from lanrage.lab.churn import churn
from lanrage.lab.demo import demo
from lanrage.lab.faults import faults
from lanrage.lab.folder import Folder, Record
from lanrage.lab.grid import grid
from lanrage.lab.lab import Lab, up
from lanrage.lab.lan import lan
from lanrage.lab.leftovers import leftovers, machine
from lanrage.lab.paths import expected_paths, settle
from lanrage.lab.paths_check import SECTIONS, paths
from lanrage.lab.process import end
from lanrage.lab.result import Result
from tests.lab.bare import own

pytestmark = pytest.mark.needs("root", "ip", "nft", "tun", "wireguard-go")


class LabCase(SynchronousTestCase):
    """A folder of its own."""

    def setUp(self) -> None:
        """Make it."""
        self.base = Path(tempfile.mkdtemp(prefix="lanrage-lab-"))
        self.addCleanup(shutil.rmtree, self.base, ignore_errors=True)

    def check(self, result: Result) -> None:
        """A check must hold in full."""
        self.assertEqual(result.shortfalls, [], result.figures)


class SmallTests(LabCase):
    """Three hosts: direct, relayed, and behind one router."""

    name = own("tsmall")

    def inodes(self, lab: Lab) -> set[int]:
        """Numbers of its namespaces."""
        return {inode for inode in map(netns.inode, lab.plan.namespaces()) if inode is not None}

    def check_ipv6(self, lab: Lab) -> None:
        """A datagram from the first host to each other by the party's IPv6, and the answer."""
        first, *others = lab.plan.hosts
        for other in others:
            address = lab.call(other, "status")["card"]["address6"]
            with netns.entered(other.netns):
                server = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
            with netns.entered(first.netns):
                client = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
            with server, client:
                server.bind(("::", 7777))
                for each in (server, client):
                    each.settimeout(5.0)
                client.sendto(b"ping", (address, 7777))
                question, source = server.recvfrom(99)
                server.sendto(question, source)
                self.assertEqual((client.recvfrom(99)[0], source[0][:2]), (b"ping", "fd"))

    def test_small(self) -> None:
        """Every pair meets by the path that its NATs allow; after kills of all kinds nothing is left."""
        before = machine()
        folder = Folder.of(self.name, self.base)
        self.addCleanup(teardown.down, self.name, folder)
        lab, report = up(Record(self.name, ("open", "restricted", "symmetric")), self.base)
        self.assertEqual(len(report["join_to_first_packet_ms"]), 2)
        self.assertEqual(len({host["party_address"] for host in report["hosts"]} - {None}), 3)
        result = Result("small")
        settle(lab, result, expected_paths(lab.plan))
        self.check(result)
        self.check_ipv6(lab)
        inodes = self.inodes(lab)
        process = roles.running(folder, "h2")
        assert process is not None
        end([process], first=signal.SIGKILL)
        teardown.down(self.name, folder)
        self.assertEqual(leftovers(self.name, folder, inodes, before), [])


@pytest.mark.lab
@pytest.mark.needs("teeworlds-server", "DDNet-Server", "openttd")
@pytest.mark.timeout(300)
class CheckTests(LabCase):
    """The checks that a user may run hold here."""

    def test_demo(self) -> None:
        """Every game is found by everybody."""
        self.check(demo(self.base, own("demo")))

    def test_broadcasts(self) -> None:
        """Everything sent to all arrives once."""
        self.check(broadcasts(self.base, own("broadc")))

    @pytest.mark.needs("avahi-daemon", "avahi-browse", "dbus-daemon", "gssdp-discover", "minidlnad", "unshare")
    def test_lan(self) -> None:
        """Games, mDNS, SSDP, IPX and two members on one LAN: each found, each once."""
        self.check(lan(self.base, own("lan")))

    def test_faults(self) -> None:
        """Direct pairs play on, and all resume."""
        self.check(faults(self.base, own("faults")))

    def test_grid(self) -> None:
        """Some kinds with each other: every pair has its path in time."""
        self.check(grid(self.base, own("g"), kinds="open,cone,restricted,symmetric,double,lan"))

    def test_churn(self) -> None:
        """Three times up and down, nothing left."""
        self.check(churn(self.base, 3, own("churn")))


@pytest.mark.lab
@pytest.mark.timeout(300)
class PathTests(LabCase):
    """What ``lanrage lab paths`` measures holds here, each section for a short while."""

    def section(self, word: str) -> None:
        """Run one."""
        result = paths(self.base, own("p"), trials=3, only=word, flap_minutes=1.0, switch_count=12)
        self.check(result)
        self.assertTrue([name for name in result.figures if name.startswith(word)], result.figures)

    def test_block(self) -> None:
        """A dead direct path."""
        self.section("block")

    def test_loss(self) -> None:
        """A lossy direct path."""
        self.section("loss")

    def test_flap(self) -> None:
        """One that is lossy now and then."""
        self.section("flap")

    def test_switches(self) -> None:
        """Both ends agree after each switch."""
        self.section("switches")

    def test_address(self) -> None:
        """Another address."""
        self.section("address")

    def test_rebind(self) -> None:
        """Another mapping."""
        self.section("rebind")

    def test_upgrade(self) -> None:
        """From the relay to a direct path without a loss."""
        self.section("upgrade")

    def test_relay(self) -> None:
        """A relay that dies."""
        self.section("relay")

    def test_all_are_here(self) -> None:
        """No section without a run."""
        self.assertEqual({f"test_{word}" for word in SECTIONS} - set(dir(self)), set())
