"""Settings of exposure and ports, checked at the door."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.lan_config import LanSettings
from lanrage.app.service import NodeOptions
from lanrage.core.exposure import Exposure
from lanrage.core.play_ports import Span
from lanrage.errors import BadInput


def parse(*words: str) -> LanSettings:
    """The settings of a node that is started so."""
    options = NodeOptions()
    options.parseOptions(list(words))
    return LanSettings.parse(dict(options))


class ExposureTests(SynchronousTestCase):
    """``--lan-exposure`` and ``--lan-ports``."""

    def test_defaults(self) -> None:
        """Guarded, no ports of one's own."""
        self.assertEqual((Exposure.GUARDED, ()), (parse().exposure, parse().ports))

    def test_read(self) -> None:
        """The words, and the ports merged."""
        settings = parse("--lan-exposure", "games", "--lan-ports", "80-81/tcp,82/tcp,4445/udp")
        self.assertEqual(Exposure.GAMES, settings.exposure)
        self.assertEqual((Span("tcp", 80, 82), Span("udp", 4445, 4445)), settings.ports)

    def test_refused(self) -> None:
        """Errors name the option and the rule."""
        with self.assertRaisesRegex(BadInput, "lan-exposure.*none of guarded, games, all"):
            parse("--lan-exposure", "open")
        with self.assertRaisesRegex(BadInput, "lan-ports.*from 1 to 65535"):
            parse("--lan-ports", "70000")
