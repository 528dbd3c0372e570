"""Settings of the LAN plane, checked at the door."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.lan_config import LAN, CaptureFrom, LanSettings
from lanrage.errors import BadInput

DEFAULTS = {str(name): str(default) for name, _, default, _ in LAN}


class SettingsTests(SynchronousTestCase):
    """Options to values."""

    def test_defaults(self) -> None:
        """The defaults of options and of values are the same."""
        self.assertEqual(LanSettings(), LanSettings.parse(DEFAULTS))

    def test_each(self) -> None:
        """Each option changes its value."""
        given = {"lan-capture": "party", "lan-dedup-window": "0.5"}
        self.assertEqual(LanSettings(CaptureFrom.PARTY, 0.5), LanSettings.parse(DEFAULTS | given))

    def test_refusals(self) -> None:
        """What is wrong is named with its rule."""
        wrong = {
            "lan-capture": ("", "Both", "none"),
            "lan-dedup-window": ("", "x", "nan", "inf", "0", "0.04", "61", "-1"),
        }
        for name, values in wrong.items():
            for value in values:
                error = self.assertRaises(BadInput, LanSettings.parse, DEFAULTS | {name: value})
                self.assertEqual((name, True), (error.field, value in str(error)))
