"""The settings of interest and of the way around."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.lan_config import LAN, LanSettings, Replicator
from lanrage.errors import BadInput

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
