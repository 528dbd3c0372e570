"""The settings of interest and of the way around."""

from __future__ import annotations

from ipaddress import IPv4Interface

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.lan import LanPlane
from lanrage.app.lan_config import LAN, LanSettings, Replicator
from lanrage.app.lan_parts import _look
from lanrage.errors import BadInput
from lanrage.net.openings import Openings
from lanrage.net.proc_net import ProcNet
from tests.fakes_lan import MemoryCard, MemoryPort

DEFAULTS: dict[str, str] = {name: default for name, _, default, _ in LAN}


class SettingsTests(SynchronousTestCase):
    """Read and refused."""

    def test_defaults(self) -> None:
        """Interest is told, nobody passes on."""
        made = LanSettings.parse(DEFAULTS)
        self.assertEqual((made.interest, made.replicator), (True, Replicator.OFF))

    def test_read(self) -> None:
        """The other words."""
        made = LanSettings.parse(DEFAULTS | {"lan-interest": "off", "lan-replicator": "host"})
        self.assertEqual((made.interest, made.replicator), (False, Replicator.HOST))

    def test_refused(self) -> None:
        """Any other, with the option and the rule."""
        for option, words in (("lan-interest", "on, off"), ("lan-replicator", "off, host")):
            with self.assertRaises(BadInput) as caught:
                LanSettings.parse(DEFAULTS | {option: "all"})
            self.assertEqual((caught.exception.field, words in caught.exception.rule), (option, True))


class RoomTests(SynchronousTestCase):
    """Games in a network namespace of their own."""

    def test_room(self) -> None:
        """While a room is open this machine's tables do not tell all, and everything is wanted."""
        plane = LanPlane(Clock(), MemoryCard(), MemoryPort(), IPv4Interface("10.66.0.1/24"), 7)
        openings = Openings(plane.lan.network, ProcNet(Clock()).read)
        self.assertFalse(_look(plane, openings, True).unknown)
        plane.rooms.add(None, lambda: None)  # type: ignore[arg-type]
        self.assertTrue(_look(plane, openings, True).unknown)
