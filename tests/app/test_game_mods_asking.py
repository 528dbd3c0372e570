"""One member is asked for its list of modifications."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.game_mods_asking import LONGEST, WAIT, ModsAsking
from lanrage.core.game_mods import Compared, ModList, Verdict, pieces
from lanrage.wire import party_channel as wire
from tests.app.test_game_mods import DIFFERS, LARGEST, OTHER, SHORT


class AskingTests(SynchronousTestCase):
    """One member's list, part by part."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.said: list[wire.ModsAsk] = []
        self.asking = ModsAsking(self.clock, "tag", SHORT, self.said.append)
        self.asking.start()

    def put(self, mods: ModList, *numbers: int) -> None:
        """Parts come."""
        for number in numbers:
            self.asking.heard(wire.ModsPart.told("tag", pieces(mods)[number]))

    def test_order(self) -> None:
        """Parts in any order, some twice, make the list; no timer is left."""
        mods = ModList.of(LARGEST.mods[:12])
        count = len(pieces(mods))
        self.put(mods, *reversed(range(1, count)), 1, 0)
        self.assertEqual(len(self.successResultOf(self.asking.answer).difference.there), 12)
        self.assertEqual((self.clock.getDelayedCalls(), len(self.said)), ([], 1))

    def test_rounds(self) -> None:
        """Once what was asked for is there, the next are asked for, by the digest; lost ones after the wait."""
        self.put(LARGEST, *range(wire.PARTS_ASKED))
        second = tuple(range(wire.PARTS_ASKED, 2 * wire.PARTS_ASKED))
        self.assertEqual(self.said[1:], [wire.ModsAsk("tag", LARGEST.digest(), second)])
        self.put(LARGEST, *second[1:])
        self.clock.advance(WAIT)
        self.assertEqual(self.said[2].parts[:2], (second[0], second[-1] + 1))

    def test_changed(self) -> None:
        """A list that changes on the way is asked for anew."""
        self.put(LARGEST, 0)
        self.clock.advance(WAIT)
        self.put(OTHER, 0)
        self.assertNoResult(self.asking.answer)
        self.clock.advance(WAIT)
        self.assertEqual(self.said[-1], wire.ModsAsk("tag", b"", ()))
        self.put(OTHER, 0)
        self.assertEqual(self.successResultOf(self.asking.answer), DIFFERS)

    def test_drip(self) -> None:
        """Who sends a part now and then is waited for no longer than the longest wait."""
        for number in range(int(LONGEST) // 2):
            self.put(LARGEST, number)
            self.clock.advance(2)
        self.assertEqual(self.successResultOf(self.asking.answer), Compared(Verdict.NO_ANSWER))
        self.assertEqual(self.clock.getDelayedCalls(), [])
