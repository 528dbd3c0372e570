"""Our address as members see it: believed when two agree, or when there is but one; never a port of a known host."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.candidates import Candidate, CandidateKind
from lanrage.core.links import Endpoint
from lanrage.core.path import Path
from lanrage.core.witnesses import AGREEING, WITNESSED_LIMIT, Witnesses, observed

HOME, CAFE = Endpoint("203.0.113.1", 51820), Endpoint("198.51.100.7", 40000)
endpoints = st.builds(Endpoint, st.sampled_from(["203.0.113.1", "203.0.113.2", "198.51.100.7"]), st.integers(1, 5))


class WitnessTests(SynchronousTestCase):
    """What is believed."""

    def test_agreement(self) -> None:
        """One of several is not believed, two are, and the only one is; what did not change is told once."""
        witnesses = Witnesses()
        self.assertFalse(witnesses.look([{CAFE}, {HOME}, set()], {HOME.host}))
        self.assertTrue(witnesses.look([{CAFE}, {CAFE}, {HOME}], {HOME.host}))
        self.assertEqual((CAFE,), witnesses.seen)
        self.assertFalse(witnesses.look([{CAFE}, {HOME}], {HOME.host}))
        self.assertEqual((CAFE,), witnesses.seen)
        only = Witnesses()
        self.assertTrue(only.look([set(), {CAFE}], set()))

    def test_known_again(self) -> None:
        """Once a reflector tells that host, the members' word is of no more use."""
        witnesses = Witnesses((CAFE,))
        self.assertTrue(witnesses.look([], {CAFE.host}))
        self.assertEqual((), witnesses.seen)

    @given(st.lists(st.lists(st.sets(endpoints, max_size=3), max_size=5), max_size=8), st.sets(st.just("203.0.113.1")))
    def test_any(self, rounds: list[list[set[Endpoint]]], known: set[str]) -> None:
        """Bounded, without repetition, and each was named by enough members at one time."""
        witnesses, named = Witnesses(), set()
        for members in rounds:
            before = witnesses.seen
            changed = witnesses.look(members, known)
            self.assertEqual(before != witnesses.seen, changed)
            enough = min(AGREEING, sum(map(bool, members)))
            named |= {e for told in members for e in told if sum(e in other for other in members) >= enough}
            self.assertLessEqual(len(witnesses.seen), WITNESSED_LIMIT)
            self.assertEqual(len(set(witnesses.seen)), len(witnesses.seen))
            self.assertLessEqual(set(witnesses.seen), {e for e in named if e.host not in known})

    def test_which_paths_tell(self) -> None:
        """Only open and direct paths tell where we are."""

        def path(number: int, kind: CandidateKind, *, is_open: bool) -> Path:
            made = Path(Candidate(kind, Endpoint("192.0.2.1", number)), 0.0, observed=Endpoint("192.0.2.9", number))
            made.last_pong = 1.0 if is_open else None
            return made

        paths = [
            path(1, CandidateKind.RELAY, is_open=True),
            path(2, CandidateKind.PEER, is_open=False),
            path(3, CandidateKind.PEER, is_open=True),
        ]
        self.assertEqual({Endpoint("192.0.2.9", 3)}, observed(paths))

    def test_six(self) -> None:
        """What a member sees by IPv6 is no news: no router translates, and the address may have just gone."""
        kept = [Endpoint("192.0.2.9", 5), Endpoint("2001:db8:1::7", 5)]
        paths = [Path(Candidate(CandidateKind.PEER, at), 0.0, observed=at, last_pong=1.0) for at in kept]
        self.assertEqual({kept[0]}, observed(paths))
