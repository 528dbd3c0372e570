"""Looking which ports and groups are open: tables in memory, and this machine's own sockets."""

from __future__ import annotations

import socket
import sys
import time
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.interest import UNKNOWN
from lanrage.errors import DecodeError
from lanrage.net.openings import Openings
from lanrage.net.proc_net import FRESH_SECONDS, ProcNet
from lanrage.wire.udp_table import UdpSocket, parse_sockets
from tests.namespaces import Namespace
from tests.readers import check_reader

NETWORK = IPv4Network("10.66.0.0/24")
GROUP = IPv4Address("224.0.2.60")
HEAD = "  sl  local_address rem_address st tx rx tr uid timeout inode\n"
IGMP = (
    "Idx\tDevice\n1\tlo : 1 V3\n\t\t\t\t050200E0 1 0:0\t0\n"
    "4\teth0 : 1 V3\n\t\t\t\t3C0200E0 1 0:0\t0\n\t\t\t\t010000E0 1 0:0\t0\n"
)


def row(local: str, inode: int, state: str = "07") -> str:
    """A line of a table of sockets."""
    return f"1: {local} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000 0 0 {inode} 2 0 0\n"


class TableTests(SynchronousTestCase):
    """``/proc/net/udp`` and ``udp6`` as bytes."""

    def test_rows(self) -> None:
        """IPv4 in any form; sockets that are connected, the kernel's, and those of one IPv6 address are none."""
        plain = row("00000000:1770", 11) + row("3C0200E0:115D", 12) + row("0100007F:0035", 13)
        plain += row("00000000:1771", 14, "01") + row("00000000:CA6C", 0)
        self.assertEqual(
            parse_sockets(HEAD + plain, "little"),
            {
                UdpSocket(11, IPv4Address(0), 6000),
                UdpSocket(12, GROUP, 4445),
                UdpSocket(13, IPv4Address("127.0.0.1"), 53),
            },
        )
        mapped, own = "0000000000000000FFFF00003C0200E0", "000080FE00000000FF005450B6AD1DFE"
        six = row("0" * 32 + ":1772", 21) + row(f"{mapped}:115D", 22) + row(f"{own}:1773", 23)
        six += row("000002FF000000000000000001000000:1774", 24)
        self.assertEqual(
            parse_sockets(HEAD + six, "little"),
            {UdpSocket(21, IPv4Address(0), 6002), UdpSocket(22, GROUP, 4445), UdpSocket(24, IPv4Address(0), 6004)},
        )

    @given(st.text(max_size=200) | st.text(max_size=80).map(lambda text: HEAD + row("00000000:1770", 1) + text))
    def test_any_text(self, text: str) -> None:
        """Any text is a table or a DecodeError."""
        check_reader(
            lambda data: parse_sockets(data.decode("utf-8", "replace"), "little"), text.encode("utf-8", "replace")
        )

    def test_refuses(self) -> None:
        """Addresses and ports that are none."""
        for bad in ("0000000G:1770", "00000000:", "000000000000:1770", "00000000:1770G"):
            with self.assertRaises(DecodeError):
                parse_sockets(HEAD + row(bad, 1), "little")


class OpeningsTests(SynchronousTestCase):
    """A look."""

    def setUp(self) -> None:
        self.tables = {
            "/proc/net/igmp": IGMP,
            "/proc/net/udp": HEAD + row("00000000:1770", 11) + row("0100007F:1771", 12),
        }
        self.openings = Openings(NETWORK, self.read)

    def read(self, name: str, fresh: bool = False) -> str:
        """A table, or none."""
        del fresh
        if name not in self.tables:
            raise FileNotFoundError(name)
        return self.tables[name]

    @pytest.mark.skipif(sys.byteorder != "little", reason="the tables are those of a little-endian machine")
    def test_look(self) -> None:
        """Sockets that hear the party, groups of all cards but loopback; a kernel without IPv6 will do."""
        found = self.openings.look()
        self.assertEqual(found.sockets, {(11, 6000)})
        self.assertEqual(found.groups, {GROUP, IPv4Address("224.0.0.1")})

    def test_unreadable(self) -> None:
        """A table that cannot be read, or is none: everything is wanted, until it can be."""
        good = self.tables.pop("/proc/net/igmp")
        self.assertEqual([self.openings.look(), self.openings.look()], [UNKNOWN, UNKNOWN])
        self.tables["/proc/net/igmp"] = "x\nx"
        self.assertEqual(self.openings.look(), UNKNOWN)
        self.tables["/proc/net/igmp"] = good
        self.assertFalse(self.openings.look().unknown)

    def test_shared_read(self) -> None:
        """Those who look at the same time share one read, whoever wants a fresh one gets it."""
        with TemporaryDirectory() as folder:
            clock, table = Clock(), Path(folder) / "udp"
            tables = ProcNet(clock, Path(folder))
            table.write_text("one", "ascii")
            self.assertEqual(tables.read("/proc/net/udp"), "one")
            table.write_text("two", "ascii")
            self.assertEqual([tables.read("/proc/net/udp"), tables.read("/proc/net/udp", fresh=True)], ["one", "two"])
            table.write_text("three", "ascii")
            clock.advance(FRESH_SECONDS)
            self.assertEqual(tables.read("/proc/net/udp"), "three")

    @pytest.mark.needs("root", "ip")
    def test_real_sockets(self) -> None:
        """The kernel's own words on sockets as games open them."""
        space = Namespace()
        self.addCleanup(space.close)
        space.run("ip link add eth0 type veth peer name eth1; ip link set eth0 up; ip addr add 10.9.9.1/24 dev eth0")
        space.run("ip route add default via 10.9.9.2")
        with space.inside():
            tables = ProcNet(Clock(), Path("/proc/thread-self/net"))
            openings = Openings(NETWORK, tables.read)
            self.assertEqual(openings.look(fresh=True).sockets, set())
            made = self.sockets()
            began = time.thread_time()
            found = openings.look(fresh=True)
            self.assertLess(time.thread_time() - began, 0.1)
            for each in made:
                each.close()
            after = openings.look(fresh=True)
        self.assertEqual(sorted(port for _, port in found.sockets), [6000, 6000, 6002, 6003])
        self.assertIn(GROUP, found.groups)
        self.assertEqual((after.sockets, GROUP in after.groups), (set(), False))

    def sockets(self) -> list[socket.socket]:
        """Four that hear the party, one of a real address, one that is connected."""
        made = [socket.socket(family, socket.SOCK_DGRAM) for family in [socket.AF_INET] * 5 + [socket.AF_INET6]]
        for each in made[:2]:
            each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            each.bind(("", 6000))
        made[2].bind(("10.9.9.1", 6001))
        made[3].bind((str(GROUP), 6002))
        made[3].setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, GROUP.packed + bytes(4))
        made[4].connect(("10.9.9.2", 6004))
        made[5].bind(("::", 6003))
        return made
