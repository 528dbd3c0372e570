"""Nodes tell each other over their channel whether they serve guests."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.guest_serving import BURST, GuestServing
from lanrage.core.guest_serving import REPEATS
from lanrage.wire import party_channel as wire
from tests.fakes_guests import MemoryChannel

ANN, BEN = b"ann", b"ben"
BOTH = frozenset({ANN, BEN})


class ServingTests(SynchronousTestCase):
    """Ann and Ben, whose datagrams are carried by hand."""

    def setUp(self) -> None:
        """Ben serves nobody."""
        self.clock = Clock()
        self.channels = {ANN: MemoryChannel(), BEN: MemoryChannel()}
        self.ann = GuestServing(self.clock, self.channels[ANN], True)
        self.ben = GuestServing(self.clock, self.channels[BEN], False)
        for part in (self.ann, self.ben):
            self.addCleanup(self.clock.getDelayedCalls)
            self.addCleanup(part.stop)

    def carry(self) -> None:
        """What was said is heard, with what is said to that."""
        while any(channel.said for channel in self.channels.values()):
            for name, channel in self.channels.items():
                said, channel.said[:] = list(channel.said), []
                for to, message in said:
                    for extra in self.channels[to].extras:
                        extra.heard(name, message)

    def meet(self) -> None:
        """The link comes up."""
        self.ann.followed(frozenset({BEN}), BOTH)
        self.ben.followed(frozenset({ANN}), BOTH)
        self.carry()

    def test_told(self) -> None:
        """Each knows of the other, also when it changes its mind, until the link is down."""
        self.assertIsNone(self.ann.of(BEN))
        self.meet()
        self.assertEqual((False, True), (self.ann.of(BEN), self.ben.of(ANN)))
        self.ben.say(True)
        self.carry()
        self.assertIs(True, self.ann.of(BEN))
        self.ann.followed(frozenset(), BOTH)
        self.assertIsNone(self.ann.of(BEN))

    def test_lost(self) -> None:
        """What was lost is said again."""
        self.ann.followed(frozenset({BEN}), BOTH)
        self.ben.followed(frozenset({ANN}), BOTH)
        for channel in self.channels.values():
            channel.said.clear()
        self.clock.advance(REPEATS[0])
        self.carry()
        self.assertEqual((False, True), (self.ann.of(BEN), self.ben.of(ANN)))

    def test_flood(self) -> None:
        """A member that floods is answered at a bounded rate."""
        self.meet()
        for _ in range(100):
            self.ann.heard(BEN, wire.Guests(False, True))
        self.assertLessEqual(len(self.channels[ANN].said), BURST)
        self.assertGreaterEqual(self.ann.refused, 100 - BURST)

    def test_no_member(self) -> None:
        """Whose link is up but who is no member is told nothing."""
        self.ann.followed(BOTH, frozenset({ANN}))
        self.assertNotIn(BEN, [to for to, _ in self.channels[ANN].said])

    def test_cut_off(self) -> None:
        """Who is not there any more has to say it again, although its link was not taken down."""
        gone: set[bytes] = set()
        self.channels[ANN].extras.clear()
        self.ann = GuestServing(self.clock, self.channels[ANN], True, lambda: frozenset(gone))
        self.addCleanup(self.ann.stop)
        self.meet()
        gone.add(BEN)
        self.ann.followed(frozenset({BEN}), BOTH)
        self.assertIsNone(self.ann.of(BEN))
        gone.clear()
        self.ann.followed(frozenset({BEN}), BOTH)
        self.carry()
        self.assertIs(False, self.ann.of(BEN))

    def test_stop(self) -> None:
        """Nothing is left: no call, no ear."""
        self.meet()
        self.ann.stop()
        self.ben.stop()
        self.assertEqual([], self.clock.getDelayedCalls())
        self.assertEqual([[], []], [channel.extras for channel in self.channels.values()])
