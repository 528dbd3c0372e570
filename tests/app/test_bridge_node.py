"""The node's operation: a card is bridged, kept on disk, bridged again after a restart, and let go."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Coroutine
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.bridge_node import BridgeNode
from lanrage.errors import BadInput, Refused
from lanrage.store.bridges import BridgesFile
from tests.fakes_physical import MemorySwitch
from tests.fakes_threads import ThreadClock
from tests.physical_world import HOME, Party

PARTY_ID = "ab" * 16
CONSOLE = HOME[50]


class Node(BridgeNode):
    """A node in a party, as far as this part sees it."""

    def __init__(self, folder: Path, lan: Any) -> None:
        self._reactor = ThreadClock()
        self._config: Any = SimpleNamespace(state_dir=folder)
        session = SimpleNamespace(lan=lan) if lan is not None else None
        self.life: Any = SimpleNamespace(
            session=session, trouble="", current=lambda: (SimpleNamespace(party_id=PARTY_ID), None, None)
        )

    def _own(self) -> Any:
        return self.life

    def _alone(self, work: Callable[[], Coroutine[Any, Any, dict[str, Any]]]) -> Deferred[dict[str, Any]]:
        return Deferred.fromCoroutine(work())


class BridgeNodeTests(SynchronousTestCase):
    """One member."""

    def setUp(self) -> None:
        """Its plane runs."""
        folder = tempfile.TemporaryDirectory()  # pylint: disable=consider-using-with
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.party = Party(MemorySwitch())
        (self.host,) = self.party.hosts
        for started in self.party.start():
            self.successResultOf(started)
        self.node = Node(self.folder, self.host.plane)

    def tearDown(self) -> None:
        """Nothing is left."""
        for stopped in self.party.stop():
            self.successResultOf(stopped)

    def test_on_and_off(self) -> None:
        """What is shown is what stands, and what is kept is what is wanted."""
        done = self.successResultOf(self.node.bridge_lan(interface="eth0", device=str(CONSOLE), off=False))
        shown = {"interface": "eth0", "device": str(CONSOLE), "address": str(self.host.real.address)}
        self.assertEqual(done, {"bridges": [{**shown, "trouble": "", "yields": False, "devices": []}]})
        kept = BridgesFile(self.folder)
        self.assertEqual(kept.load(PARTY_ID), {"eth0": CONSOLE})
        again = self.successResultOf(self.node.bridge_lan(interface="eth0", device="", off=False))
        self.assertEqual((again["bridges"][0]["device"], kept.load(PARTY_ID)), (None, {"eth0": None}))
        gone = self.successResultOf(self.node.bridge_lan(interface="eth0", device="", off=True))
        self.assertEqual((gone, kept.load(PARTY_ID)), ({"bridges": []}, {}))

    def test_refused(self) -> None:
        """An address that is none, a card that is not bridged, a node without a card."""
        for interface, device, off in (("eth0", "999.1.1.1", False), ("eth0", "", True), ("eth9", "", False)):
            self.failureResultOf(self.node.bridge_lan(interface=interface, device=device, off=off), BadInput)
        self.assertEqual(BridgesFile(self.folder).load(PARTY_ID), {})
        idle = Node(self.folder, None)
        self.failureResultOf(idle.bridge_lan(interface="eth0", device="", off=False), Refused)
