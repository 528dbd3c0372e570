"""The list of games' ports that comes with the program."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.kept_ports import KEPT
from lanrage.core.play_ports import PlayPorts, Source, Span
from lanrage.store.game_ports import fill, load_game_ports


class ListTests(SynchronousTestCase):
    """The list."""

    def test_rows(self) -> None:
        """Every game once, with ports and a source; none opens what is kept for a machine's services."""
        rows = load_game_ports()
        self.assertEqual(len(rows), len({row.game for row in rows}))
        self.assertGreaterEqual(len(rows), 30)
        for row in rows:
            self.assertTrue(row.spans and row.name and row.source, row)
            for span in row.spans:
                met = [kept for kept in KEPT if kept.proto == span.proto and kept.first <= span.last >= span.first]
                self.assertFalse([kept for kept in met if kept.last >= span.first], (row.game, span))

    def test_filled(self) -> None:
        """The registry has them with the reason: Minecraft's beacon, Quake's four ports."""
        ports = PlayPorts()
        fill(ports)
        self.assertIn(Span("udp", 27960, 27963), ports.of(Source.FIXED))
        self.assertIn("Minecraft: Java Edition", ports.reasons("udp", 4445)[0])
