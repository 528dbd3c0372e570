"""The setting ``lan.routes``."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.lan_config import LAN, LanSettings
from lanrage.core.route_leases import RouteLeases
from lanrage.errors import BadInput

DEFAULTS = {option[0]: option[2] for option in LAN}


class RoutesTests(SynchronousTestCase):
    """``--lan-routes``."""

    def test_words(self) -> None:
        """Three words; auto where none is said."""
        self.assertIs(LanSettings.parse(DEFAULTS).routes, RouteLeases.AUTO)
        for mode in RouteLeases:
            self.assertIs(LanSettings.parse(DEFAULTS | {"lan-routes": mode.value}).routes, mode)

    def test_refused(self) -> None:
        """Any other is refused with the option's name and the rule."""
        with self.assertRaises(BadInput) as caught:
            LanSettings.parse(DEFAULTS | {"lan-routes": "sometimes"})
        self.assertEqual(caught.exception.field, "lan-routes")
        self.assertEqual(caught.exception.rule, "'sometimes' is none of auto, always, off")
