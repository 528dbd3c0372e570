"""Ready checks: everybody sees the same, whatever is lost, doubled or out of order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.ready_check import LASTS, PAUSE, SHOWN, Outcome, ReadyCheck, Say, Word
from lanrage.errors import Refused

ANN, BEN, CLEO = (letter * 32 for letter in (b"a", b"b", b"c"))
ALL = frozenset({ANN, BEN, CLEO})


class Party:
    """Three nodes in memory; what is said arrives as the draw says."""

    def __init__(self) -> None:
        self.nodes = {who: ReadyCheck(who) for who in sorted(ALL)}
        self.now = 100.0

    def deliver(self, sender: bytes, say: Say | None, to: frozenset[bytes] = ALL) -> None:
        """To some of the others."""
        for who in sorted(to - {sender}) if say is not None else ():
            assert say is not None
            if say.asks:
                self.nodes[who].asked(sender, say.number, say.lasts, ALL, self.now)
            if say.word is not None:
                self.nodes[who].told(sender, say.number, say.word, self.now)

    def pass_time(self, seconds: int, lossless: bool = True) -> None:
        """Everybody says again what is due."""
        for _ in range(2 * seconds):
            self.now += 0.5
            for who, node in self.nodes.items():
                say = node.tick(self.now)
                if lossless:
                    self.deliver(who, say)

    def outcomes(self) -> set[tuple[bytes, Outcome] | None]:
        """What all of them see."""
        rounds = [node.round for node in self.nodes.values()]
        return {(each.number, each.outcome(self.now)) if each is not None else None for each in rounds}


class CheckTests(SynchronousTestCase):
    """One party."""

    def setUp(self) -> None:
        """Nobody has asked."""
        self.party = Party()
        self.ann, self.ben, self.cleo = self.party.nodes.values()

    def ask(self, number: bytes = b"11111111") -> None:
        """Ann asks."""
        self.party.deliver(ANN, self.ann.ask(number, ALL, self.party.now))

    def test_all_ready(self) -> None:
        """Each answer is seen by all."""
        self.ask()
        self.assertEqual(self.party.outcomes(), {(b"11111111", Outcome.ASKING)})
        self.party.deliver(BEN, self.ben.answer(Word.READY, self.party.now))
        self.party.deliver(CLEO, self.cleo.answer(Word.NOT_READY, self.party.now))
        self.assertEqual(self.party.outcomes(), {(b"11111111", Outcome.NOT_READY)})
        self.party.deliver(CLEO, self.cleo.answer(Word.READY, self.party.now))
        self.assertEqual(self.party.outcomes(), {(b"11111111", Outcome.READY)})

    def test_times_out(self) -> None:
        """Who does not answer within a minute is waited for no longer; later answers are refused; then it is gone."""
        self.ask()
        self.party.pass_time(int(LASTS) + 1)
        self.assertEqual(self.party.outcomes(), {(b"11111111", Outcome.TIMED_OUT)})
        self.assertRaises(Refused, self.ben.answer, Word.READY, self.party.now)
        self.party.pass_time(int(SHOWN) + 1)
        self.assertEqual(self.party.outcomes(), {None})
        self.assertFalse(self.ben.asked(ANN, b"11111111", 60, ALL, self.party.now))

    def test_who_leaves(self) -> None:
        """Is waited for no longer."""
        self.ask()
        self.ben.answer(Word.READY, self.party.now)
        self.ben.members(frozenset({ANN}))
        assert self.ben.round is not None
        self.assertEqual(self.ben.round.expected, {ANN, BEN})

    def test_not_too_often(self) -> None:
        """While one runs no other is begun here, nor soon after by the same member."""
        self.ask()
        self.assertRaises(Refused, self.ann.ask, b"22222222", ALL, self.party.now)
        self.assertFalse(self.ben.asked(ANN, b"00000000", 60, ALL, self.party.now))
        self.assertTrue(self.ben.asked(ANN, b"00000000", 60, ALL, self.party.now + PAUSE))

    def test_strangers(self) -> None:
        """An answer of nobody who was asked, in our own name, or of another round changes nothing."""
        self.ask()
        for who, number in ((b"x" * 32, b"11111111"), (BEN, b"11111111"), (ANN, b"99999999")):
            self.assertFalse(self.ben.told(who, number, Word.NOT_READY, self.party.now))
        assert self.ben.round is not None
        self.assertEqual(self.ben.round.words, {ANN: Word.READY})

    @given(
        st.lists(
            st.tuples(st.sampled_from(sorted(ALL)), st.frozensets(st.sampled_from(sorted(ALL))), st.booleans()),
            max_size=8,
        ),
        st.booleans(),
    )
    def test_agreement(self, losses: list[tuple[bytes, frozenset[bytes], bool]], two: bool) -> None:
        """However much is lost at first, and if two ask at once: once all is heard, all see the same check."""
        party = Party()
        ann, ben, _ = party.nodes.values()
        first = ann.ask(b"22222222", ALL, party.now)
        second = ben.ask(b"11111111", ALL, party.now) if two else None
        for who, to, ready in losses:
            party.deliver(ANN, first, to)
            party.deliver(BEN, second, to)
            node = party.nodes[who]
            if node.round is not None:
                party.deliver(who, node.answer(Word.READY if ready else Word.NOT_READY, party.now), to)
        party.pass_time(8)
        self.assertEqual(len(party.outcomes()), 1)
        self.assertEqual(
            {number for number, _ in filter(None, party.outcomes())}, {b"11111111" if two else b"22222222"}
        )
