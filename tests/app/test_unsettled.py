"""What waits for the disk, and what does not."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.unsettled import Unsettled
from lanrage.core.world_rows import Change, Erase, InvitationRow, PartyRow, Put, SeenRow

PARTIES = "abc"
steps = st.lists(st.one_of(st.lists(st.sampled_from([*PARTIES, ""]), max_size=3), st.integers(0, 5)), max_size=30)


def change(party_id: str) -> Change:
    """A durable change of a party; none of a party is one that a crash may undo."""
    return Put(PartyRow(party_id, b"charter", 1)) if party_id else Put(SeenRow(bytes(32), 1.0))


class UnsettledTests(SynchronousTestCase):
    """A party is unsettled from its first durable change on until the last of them is on disk."""

    @given(steps)
    def test_model(self, taken: list[list[str] | int]) -> None:
        """In any order of beginnings and ends it holds just the parties with changes on their way."""
        unsettled, open_, waiting = Unsettled(), Counter[str](), list[frozenset[str]]()
        for step in taken:
            if isinstance(step, list):
                waiting.append(unsettled.begin(map(change, step)))
                self.assertEqual(waiting[-1], frozenset(step) - {""})
                open_.update(waiting[-1])
            elif step < len(waiting):
                ended = waiting.pop(step)
                unsettled.end(ended)
                open_.subtract(ended)
            for party_id in PARTIES:
                self.assertEqual(unsettled.holds([party_id]), open_[party_id] > 0)
            self.assertEqual(unsettled.holds(PARTIES), any(open_[party_id] > 0 for party_id in PARTIES))

    def test_erased(self) -> None:
        """What is erased counts as what is stored; whoever asks of no party need not wait."""
        unsettled = Unsettled()
        unsettled.begin([Erase(InvitationRow, ("a", "1" * 32))])
        self.assertTrue(unsettled.holds(["b", "a"]))
        self.assertFalse(unsettled.holds([]))
