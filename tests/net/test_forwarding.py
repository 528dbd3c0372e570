"""Cards that forward for the relay's sake, in a namespace: what others switched on stays on."""

from __future__ import annotations

import pytest
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.undo import UndoEntry
from lanrage.net.forwarding import let_forward, restore_all
from tests.fakes_links import MemoryJournal
from tests.namespaces import Namespace, may_unshare


@pytest.mark.skipif(not may_unshare(), reason="needs root for network namespaces")
class ForwardingTests(SynchronousTestCase):
    """One card."""

    def setUp(self) -> None:
        """It does not forward."""
        self.namespace, self.journal = Namespace(), MemoryJournal()
        self.addCleanup(self.namespace.close)
        self.namespace.run("ip link add card0 type veth peer name far0; sysctl -qw net.ipv4.conf.all.forwarding=0")

    def forwards(self) -> str:
        """The card's own setting."""
        return self.namespace.run("sysctl -n net.ipv4.conf.card0.forwarding").strip()

    def test_on_and_off(self) -> None:
        """It is set back, once."""
        with self.namespace.inside():
            self.assertTrue(let_forward("card0", self.journal))
            self.assertTrue(let_forward("card0", self.journal))
        self.assertEqual("1", self.forwards())
        with self.namespace.inside():
            restore_all(self.journal)
        self.assertEqual(("0", []), (self.forwards(), self.journal.entries()))

    def test_the_machine_becomes_a_router(self) -> None:
        """Somebody switches all on while the relay runs: nothing of it is ours any more, nothing is switched off."""
        with self.namespace.inside():
            self.assertTrue(let_forward("card0", self.journal))
        self.namespace.run("sysctl -qw net.ipv4.ip_forward=1")
        with self.namespace.inside():
            self.assertFalse(let_forward("card0", self.journal))
            self.journal.note(UndoEntry("forwarding", "card0", "0"))
            restore_all(self.journal)
        self.assertEqual(("1", []), (self.forwards(), self.journal.entries()))
