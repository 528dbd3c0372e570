"""What a bridge changes on the machine is taken back: when it ends, when it fails, and after a crash."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.bridge_entries import Changes, Entry, Table
from lanrage.errors import LanrageError
from lanrage.net.bridge_port import find_mac, port_free
from lanrage.net.bridge_table import BridgeTable
from lanrage.net.undo import undo_all
from lanrage.wire.bridge_ruleset import Place
from tests.fakes_links import MemoryJournal
from tests.fakes_threads import ThreadClock
from tests.namespaces import Namespace, join
from tests.net.test_neighbour_port import HERE, THERE, addressed

CLOCK: Any = ThreadClock()
PLACE = Place("eth0", IPv4Address(HERE), "wg0", IPv4Address("10.66.0.1"))
DEVICE = Entry(Table.DEVICES, (IPv4Address(THERE),))


@pytest.mark.needs("root", "nft", "ip")
class BridgeTableTests(SynchronousTestCase):
    """One card, and a stand-in for the tunnel."""

    def setUp(self) -> None:
        """Neither forwards."""
        self.where, self.far = Namespace(), Namespace()
        self.addCleanup(self.where.close)
        self.addCleanup(self.far.close)
        join(self.where, "eth0", self.far, "eth0")
        addressed(self.where, self.far)
        self.where.run("ip link add wg0 type veth peer name nobody; sysctl -qw net.ipv4.ip_forward=0")
        self.journal = MemoryJournal()
        self.table = BridgeTable(CLOCK, self.journal, 4, PLACE)

    def changed(self) -> tuple[str, bool]:
        """Which cards forward, and whether there is a table."""
        forwards = self.where.run("cat /proc/sys/net/ipv4/conf/eth0/forwarding /proc/sys/net/ipv4/conf/wg0/forwarding")
        return "".join(forwards.split()), "lanrage_bridge_4" in self.where.run("nft list tables")

    def test_life(self) -> None:
        """All is there, and then nothing; closing twice is no error."""
        with self.where.inside():
            self.successResultOf(self.table.open())
            self.successResultOf(self.table.apply([Changes(add=(DEVICE,)), Changes(remove=(DEVICE,))]))
            self.assertEqual(self.changed(), ("11", True))
            for _ in range(2):
                self.successResultOf(self.table.close())
        self.assertEqual((self.changed(), self.journal.entries()), (("00", False), []))

    def test_refused(self) -> None:
        """A change that does not fit is refused as a whole, in one sentence."""
        with self.where.inside():
            self.successResultOf(self.table.open())
            wrong = [Changes(add=(DEVICE,)), Changes(remove=(DEVICE, DEVICE))]
            self.failureResultOf(self.table.apply(wrong), LanrageError)
            self.successResultOf(self.table.apply([Changes(add=(DEVICE,))]))
            self.successResultOf(self.table.close())

    def test_failed_start(self) -> None:
        """Where the table cannot be made, nothing was changed."""
        with self.where.inside():
            self.successResultOf(self.table.open())
            again = BridgeTable(CLOCK, MemoryJournal(), 4, PLACE)
            self.failureResultOf(again.open(), LanrageError)
            self.assertEqual(self.changed(), ("11", True))
            self.successResultOf(self.table.close())
        self.assertEqual(self.changed(), ("00", False))

    def test_crash(self) -> None:
        """The next start finds the forwarding in the journal and takes it back; the table went with the process."""
        with self.where.inside():
            self.successResultOf(self.table.open())
            del self.table
            self.assertEqual(self.successResultOf(Deferred.fromCoroutine(undo_all(CLOCK, self.journal))), 2)
        self.assertEqual((self.changed()[0], self.journal.entries()), ("00", []))

    def test_find_mac(self) -> None:
        """A silent device's MAC is asked for, and there at the next look; a port that is bound is not free."""
        shown = self.far.run("ip -br link show eth0").split()[2]
        with self.where.inside():
            found = None
            for _ in range(100):
                found = found or find_mac(IPv4Address(THERE), "eth0")
                self.where.run("sleep 0.01")
            self.assertEqual(found, bytes.fromhex(shown.replace(":", "")))
            self.assertIsNone(find_mac(IPv4Address(THERE), "wg0"))
            self.assertTrue(port_free(6000))
