"""Which path is taken, given what is known of each."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.candidates import Candidate, CandidateKind
from lanrage.core.links import Endpoint
from lanrage.core.path import DEAD_AFTER, Path
from lanrage.core.path_choice import FRESH, SHARED_OUTAGE, Choice, Reason, fresh, lossy

NOW = 100.0
REFLEXIVE, RELAY = CandidateKind.REFLEXIVE, CandidateKind.RELAY

DRAWN = st.tuples(st.sampled_from(list(CandidateKind)), st.floats(0.001, 0.3), st.integers(0, 40))
"""Kind, round trip, and which ping each time was lost."""


def path(kind: CandidateKind, rtt: float = 0.02, lost: Iterable[int] = (), *, pings: int = 40, port: int = 1) -> Path:
    """A path that was pinged ten times a second until now; the pings of these numbers were lost."""
    made = Path(Candidate(kind, Endpoint("198.51.100.1", port)), 0.0)
    gone = set(lost)
    for number in range(pings):
        at = NOW - (pings - number) * 0.1
        made.sent(bytes([number]), at)
        if number not in gone:
            made.pong(bytes([number]), at + rtt)
        made.expire(at + 0.099 + rtt)
    return made


def dead(kind: CandidateKind) -> Path:
    """One that was open until a second ago."""
    made = path(kind, pings=40, lost=range(30, 40))
    made.expire(NOW)
    return made


class ChoiceTests(SynchronousTestCase):
    """One look at a time."""

    def look(self, held: Path | None, *others: Path, playing: bool = True, now: float = NOW) -> str | None:
        """The reason for a move, if any; each is to the first of the others."""
        move = Choice().look([*others, *([held] if held else [])], held, now, first=held is None, playing=playing)
        if move is None:
            return None
        self.assertIs(others[0], move.path)
        return move.reason

    def test_first(self) -> None:
        """The best kind that is open; none where none is."""
        self.assertEqual(Reason.FIRST, self.look(None, path(REFLEXIVE), path(RELAY, port=2)))
        self.assertIsNone(self.look(None, Path(Candidate(RELAY, Endpoint("198.51.100.1", 1)), 0.0)))

    def test_dead(self) -> None:
        """A dead path is left for one that answered since, though that rests; not for one that was silent as well."""
        held = dead(REFLEXIVE)
        self.assertFalse(held.proven)
        relay = path(RELAY, port=2)
        self.assertEqual(Reason.DEAD, self.look(held, relay))
        relay.left(NOW, dead=False)
        self.assertEqual(Reason.DEAD, self.look(held, relay))
        silent = path(RELAY, pings=40, lost=range(30, 36), port=2)
        self.assertIsNone(self.look(held, silent, now=silent.silent_until + SHARED_OUTAGE / 2))
        old = path(RELAY, pings=20, port=2)
        old.last_heard = held.last_heard - 1.0
        self.assertIsNone(self.look(held, old))
        self.assertEqual(NOW, old.next_ping)

    def test_lossy(self) -> None:
        """A lossy path is left for a clean one alone, and only when that has shown it since."""
        held = path(REFLEXIVE, lost=range(10, 40, 3))
        self.assertTrue(lossy(held, NOW))
        self.assertEqual(Reason.LOSSY, self.look(held, path(RELAY, port=2)))
        self.assertIsNone(self.look(held, path(RELAY, lost=range(10, 40, 4), port=2)))
        self.assertIsNone(self.look(held, path(RELAY, pings=3, port=2)))
        resting = path(RELAY, port=2)
        resting.left(NOW, dead=False)
        self.assertIsNone(self.look(held, resting))

    def test_better_kind(self) -> None:
        """Taken when proven; while a game runs, after five answers; after it was left, after thirty."""
        relay = path(RELAY, port=2)
        for pings, playing, expected in ((3, False, Reason.KIND), (3, True, None), (6, True, Reason.KIND)):
            self.assertEqual(expected, self.look(relay, path(REFLEXIVE, pings=pings), playing=playing))
        again = path(REFLEXIVE, pings=6)
        again.rest.left(NOW - 50.0, dead=False)
        self.assertIsNone(self.look(relay, again, playing=False))
        proven = path(REFLEXIVE, pings=40)
        proven.rest.left(NOW - 50.0, dead=False)
        self.assertEqual(Reason.KIND, self.look(relay, proven))

    def test_far_better_kind(self) -> None:
        """A direct path that is much slower than the relay is none to move to."""
        self.assertIsNone(self.look(path(RELAY, port=2), path(REFLEXIVE, rtt=0.14), playing=False))

    def test_between_direct_paths(self) -> None:
        """In a game nothing moves from one direct path to another of a better kind; else it does."""
        held, near = path(REFLEXIVE, port=2), path(CandidateKind.LOCAL, rtt=0.001)
        self.assertEqual((None, Reason.KIND), (self.look(held, near), self.look(held, near, playing=False)))

    def test_fresh(self) -> None:
        """One that did not answer just now is asked before it is decided for."""
        held, better = path(RELAY, port=2), path(REFLEXIVE)
        later = NOW + FRESH + 1.0
        self.assertFalse(fresh(better, later))
        self.assertIsNone(self.look(held, better, now=later))
        self.assertLessEqual(better.next_ping, later)

    @given(st.lists(DRAWN, min_size=1), st.booleans())
    def test_any_paths(self, drawn: list[tuple[CandidateKind, float, int]], playing: bool) -> None:
        """A move is to another path, open, heard just now; from a good one never to a worse kind that is no better."""
        paths = [path(kind, rtt, range(0, 40, gap or 99), port=n + 1) for n, (kind, rtt, gap) in enumerate(drawn)]
        held = paths[0]
        move = Choice().look(paths, held, NOW, first=False, playing=playing)
        if move is None:
            return
        self.assertIsNot(held, move.path)
        self.assertTrue(move.path.proven and move.path.last_heard >= NOW - FRESH)
        self.assertFalse(move.path.rest.resting(NOW))
        if held.proven and not lossy(held, NOW):
            self.assertLess(move.path.rank, held.rank)

    def test_death_needs_eight(self) -> None:
        """The paths of these tests die as all do."""
        self.assertGreaterEqual(dead(RELAY).missed, DEAD_AFTER)
