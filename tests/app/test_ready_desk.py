"""Ready checks between nodes: who may ask, what is told, and that nothing is left."""

from __future__ import annotations

from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.ready_desk import BURST, ReadyDesk
from lanrage.core.ready_check import LASTS, SHOWN, Outcome, Word
from lanrage.errors import Refused
from lanrage.wire import party_channel as wire

ANN, BEN, CLEO = (letter * 32 for letter in (b"a", b"b", b"c"))


class Channel:
    """Of one node: brings what it says to the others' parts, as the wire has it."""

    def __init__(self, me: bytes, all_: dict[bytes, Channel]) -> None:
        self.me, self.all = me, all_
        self.extras: list[Any] = []
        self.said: list[tuple[bytes, wire.Message]] = []
        all_[me] = self

    def say(self, identity: bytes, message: wire.Message) -> None:
        """See :class:`lanrage.app.party_channel.PartyChannel`."""
        self.said.append((identity, message))
        sealed = wire.seal(message, b"k" * 32, sender=self.me, receiver=identity, nonce=bytes(12))
        heard = wire.unseal(sealed, b"k" * 32, sender=self.me, receiver=identity)
        for extra in self.all[identity].extras:
            extra.heard(self.me, heard)


class ReadyTests(SynchronousTestCase):
    """Ann is host; Ben and Cleo are members."""

    def setUp(self) -> None:
        """All three are there."""
        self.clock = Clock()
        self.told: list[tuple[bytes, bytes, str]] = []
        self.channels: dict[bytes, Channel] = {}
        self.desks = {who: self.desk(who) for who in (ANN, BEN, CLEO)}

    def desk(self, me: bytes) -> ReadyDesk:
        """One node's."""
        desk = ReadyDesk(self.clock, lambda size: me[:size])
        desk.me, desk.governs = lambda: me, lambda who: who == ANN
        desk.present = lambda: frozenset({ANN, BEN, CLEO})
        desk.told = lambda who, words: self.told.append((me, who, words))
        desk.join(Channel(me, self.channels))  # type: ignore[arg-type]
        desk.followed(frozenset(), frozenset({ANN, BEN, CLEO} - {me}))
        return desk

    def outcomes(self) -> set[Outcome | None]:
        """What all of them show."""
        shown = [desk.shown() for desk in self.desks.values()]
        return {each[1] if each is not None else None for each in shown}

    def test_asked_and_answered(self) -> None:
        """All see the answers; each is told of the question and of the outcome, once."""
        self.desks[ANN].ask()
        self.desks[BEN].answer(Word.READY)
        self.assertEqual(self.outcomes(), {Outcome.ASKING})
        self.desks[CLEO].answer(Word.READY)
        self.clock.advance(3)
        self.assertEqual(self.outcomes(), {Outcome.READY})
        of_ben = [(who, words) for me, who, words in self.told if me == BEN]
        asked, ended = "asks who is ready: lanrage party ready", "asked, and everybody is ready"
        self.assertEqual(of_ben, [(ANN, asked), (ANN, ended)])

    def test_no_right(self) -> None:
        """A member may not ask; one whose program asks all the same is not heard."""
        self.assertRaises(Refused, self.desks[BEN].ask)
        self.channels[BEN].say(CLEO, wire.ReadyAsk(b"x" * 8, 60.0))
        self.assertEqual((self.desks[CLEO].shown(), self.desks[CLEO].refused), (None, 1))
        self.assertRaises(Refused, self.desks[CLEO].answer, Word.READY)

    def test_a_flood(self) -> None:
        """A member that says it again and again is heard only so often."""
        self.desks[ANN].ask()
        before = self.desks[CLEO].refused
        for _ in range(100):
            self.channels[BEN].say(CLEO, wire.ReadyTold(ANN[:8], True))
        self.assertGreaterEqual(self.desks[CLEO].refused - before, 100 - BURST)

    def test_times_out(self) -> None:
        """It is told, shown for a while, and then forgotten; what is said again is bounded."""
        self.desks[ANN].ask()
        self.clock.pump([0.5] * int(2 * LASTS + 4))
        self.assertEqual(self.outcomes(), {Outcome.TIMED_OUT})
        self.assertIn((ANN, ANN, "asked, and not everybody has answered"), self.told)
        self.assertLessEqual(len(self.channels[ANN].said), 4 * (LASTS / 2 + 2))
        self.clock.pump([5.0] * int(SHOWN / 5 + 2))
        self.assertEqual((self.outcomes(), self.clock.getDelayedCalls()), ({None}, []))

    def test_leave(self) -> None:
        """Nothing is left of it after the session."""
        self.desks[ANN].ask()
        for desk in self.desks.values():
            desk.leave()
        self.assertEqual((self.outcomes(), self.clock.getDelayedCalls()), ({None}, []))
        self.assertRaises(Refused, self.desks[ANN].ask)
