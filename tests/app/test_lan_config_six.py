"""The option ``--lan-services``."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.lan_config import LAN, LanSettings
from lanrage.core.lan_services import LanService
from lanrage.errors import BadInput

DEFAULTS = {name: default for name, _, default, _ in LAN}


class ServicesTests(SynchronousTestCase):
    """A list of words."""

    def parse(self, text: str) -> frozenset[LanService]:
        """The services of this text."""
        return LanSettings.parse(DEFAULTS | {"lan-services": text}).services

    def test_read(self) -> None:
        """None by default, one, or both in any order."""
        both = frozenset(LanService)
        self.assertEqual(LanSettings.parse(DEFAULTS).services, frozenset())
        texts = {"": frozenset(), " ": frozenset(), "mdns": {LanService.MDNS}, "mdns,ssdp": both, "ssdp, mdns": both}
        self.assertEqual({text: self.parse(text) for text in texts}, texts)

    def test_refused(self) -> None:
        """Another word is refused by the option's name, with the words there are."""
        for text in ("bonjour", "mdns,", "mdns ssdp", "MDNS"):
            with self.assertRaises(BadInput) as caught:
                self.parse(text)
            self.assertEqual(caught.exception.field, "lan-services")
            self.assertIn("mdns, ssdp", caught.exception.rule)
