"""The relay's ruleset as the kernel takes it, in a namespace of the test's own."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.kernel_pairs import Mapped
from lanrage.core.relay_bindings import RelayLimits
from lanrage.core.relay_cookies import Line
from lanrage.net.nft import Nft
from lanrage.wire import relay_ruleset as rules
from tests.namespaces import Namespace

FIRST = 7800
PORTS = (FIRST, 7863)
LIMITS = RelayLimits(bindings=512)

hosts = st.ip_addresses(v=4).map(str)
ports = st.integers(1, 65535)
lines = st.builds(Line, hosts, ports, st.integers(*PORTS))
entries = st.builds(Mapped, lines, hosts, lines, hosts, st.integers(0, 7200))
batches = st.lists(entries, min_size=1, max_size=40, unique_by=lambda entry: entry.line)


def test_nothing_to_do() -> None:
    """Is no command."""
    assert rules.add(FIRST, []) == ""
    assert rules.remove(FIRST, []) == ""


def test_names() -> None:
    """One table for each relay of a machine."""
    assert rules.table_name(7800) != rules.table_name(7900)


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
                nft.run(each)
            return nft.run(f"list table ip {rules.table_name(FIRST)}")

    def test_it_loads(self) -> None:
        """Over nothing, and over a leftover."""
        leftover = f"add table ip {rules.table_name(FIRST)}\n"
        listed = self.nft(leftover, rules.drop(FIRST), rules.ruleset(PORTS, LIMITS))
        for word in ("flags owner", "limit rate 5000/second", "notrack", "dnat ip to", "snat ip to", "0x4c52524c"):
            self.assertIn(word, listed)

    @given(batches)
    @settings(max_examples=15)
    def test_elements(self, batch: list[Mapped]) -> None:
        """Whatever lines: put in, they are all there; taken out, none is, also of those that were not there."""
        made = rules.ruleset(PORTS, LIMITS)
        listed = self.nft(made, rules.add(FIRST, batch))
        for entry in batch:
            self.assertIn(f"{entry.line.host} . {entry.line.port} . {entry.line.local}", listed)
        self.assertNotIn("elements", self.nft(made, rules.add(FIRST, batch), rules.remove(FIRST, batch)))
        self.assertNotIn("elements", self.nft(made, rules.remove(FIRST, batch)))
        self.assertNotIn("elements", self.nft(made, rules.add(FIRST, batch), rules.clear(FIRST)))

    def test_cards(self) -> None:
        """Those named last count."""
        made = rules.ruleset(PORTS, LIMITS)
        self.assertIn("elements", self.nft(made, rules.set_opened(FIRST, [1])))
        self.assertNotIn("elements", self.nft(made, rules.set_opened(FIRST, [1]), rules.set_opened(FIRST, [])))
