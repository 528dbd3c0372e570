"""A bridge's table as the kernel takes it, in a namespace of the test's own."""

from __future__ import annotations

import contextlib
from ipaddress import IPv4Address

import pytest
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.bridge_entries import Changes, Entry, Table
from lanrage.net.nft import Nft
from lanrage.wire import bridge_ruleset as rules
from tests.namespaces import Namespace

INDEX = 4
HERE, PARTY, DEVICE = (IPv4Address(each) for each in ("192.168.1.20", "10.66.0.1", "192.168.1.50"))
PLACE = rules.Place("eth0", HERE, "lanrage-wg0", PARTY)

ENTRIES = (
    Entry(Table.DEVICES, (DEVICE,)),
    Entry(Table.AT_PARTY, (6000,), (DEVICE, 6000)),
    Entry(Table.AS_PARTY, (DEVICE, 6000), (PARTY, 6000)),
    Entry(Table.AT_LAN, (6000,), (PARTY, 6000)),
    Entry(Table.AS_LAN, (PARTY, 6000), (HERE, 6000)),
    Entry(Table.RECENT, (DEVICE,), (PARTY,)),
    Entry(Table.FRONT, (PARTY,), (DEVICE,)),
)
"""One for each table."""


@pytest.mark.needs("root", "nft")
class RulesetTests(SynchronousTestCase):
    """The kernel's word counts: it is asked."""

    def setUp(self) -> None:
        """An empty namespace."""
        self.where = Namespace()
        self.addCleanup(self.where.close)

    def nft(self, *commands: str) -> str:
        """Commands by one connection, with which the table goes; what is there in the end."""
        with self.where.inside(), contextlib.closing(Nft()) as nft:
            for each in commands:
                if each:
                    nft.run(each)
            return nft.run(f"list table ip {rules.table_name(INDEX)}")

    def test_entries(self) -> None:
        """Every kind of entry goes in and out; with the connection all is gone."""
        self.assertEqual({entry.table for entry in ENTRIES}, set(Table))
        full = self.nft(rules.ruleset(INDEX, PLACE), rules.change(INDEX, Changes(add=ENTRIES)))
        self.assertEqual(full.count("elements = {"), len(Table))
        ends = Changes(remove=ENTRIES[1:2], add=(Entry(Table.AT_PARTY, (6000,), (DEVICE, 7000)),))
        commands = [Changes(add=ENTRIES), ends, Changes(remove=ENTRIES)]
        empty = self.nft(rules.ruleset(INDEX, PLACE), *(rules.change(INDEX, each) for each in commands))
        self.assertEqual(empty.count("elements = {"), 0)
        self.assertEqual(self.where.run("nft list tables"), "")

    def test_router(self) -> None:
        """A card that forwards for others' sake too is not shut for them."""
        alone = self.nft(rules.ruleset(INDEX, PLACE))
        shared = self.nft(rules.ruleset(INDEX, rules.Place("eth0", HERE, "lanrage-wg0", PARTY, alone=False)))
        shut = 'iifname "eth0" ct state '
        self.assertEqual((alone.count(shut), shared.count(shut)), (1, 0))

    def test_nothing_to_do(self) -> None:
        """Is no command."""
        self.assertEqual(rules.change(INDEX, Changes()), "")
