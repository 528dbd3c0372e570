"""Who lags, of what all members tell; and the table of the paths between them."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.lags import Judged
from lanrage.core.party_lags import judge_party
from lanrage.core.path_matrix import Pair, Told, matrix
from lanrage.core.path_reports import PathTold
from tests.strategies_quality import bad as bad_paths
from tests.strategies_quality import good as good_paths
from tests.strategies_quality import paths

ANN, BEN, CLEO, DORA, EVE = MEMBERS = ("Ann", "Ben", "Cleo", "Dora", "Eve")
GOOD, BAD, WORSE = PathTold("direct", 0.02), PathTold("direct", 0.3, 0.06), PathTold("relay", 0.3, 0.06, 0.3)
Ends = frozenset[str]


def judged(*wrong: tuple[str, str], members: tuple[str, ...] = MEMBERS) -> Judged:
    """With bad paths between these."""
    ends = set(map(frozenset, wrong))
    pairs = [Pair(a, b, a, BAD if frozenset((a, b)) in ends else GOOD) for a, b in combinations(members, 2)]
    return judge_party(ANN, members, pairs)


class JudgePartyTests(SynchronousTestCase):
    """At Ann's machine."""

    def test_a_pair(self) -> None:
        """One bad path is the pair's, whoever looks, also in a party of three."""
        found = judged((BEN, CLEO))
        self.assertEqual((found.who, found.view, len(found.pairs)), ("", "party", 1))
        self.assertIn("No member lags, but the path between Ben and Cleo is bad: packets take 300 ms", found.headline)
        self.assertEqual([row.name for row in found.members if row.felt], [BEN, CLEO])
        self.assertEqual(judged((ANN, CLEO), members=MEMBERS[:3]).who, "")

    def test_a_member(self) -> None:
        """Bad paths to most others, who do better: it is the member; Ann herself, too."""
        found = judged(*((DORA, other) for other in (ANN, BEN, CLEO)))
        self.assertEqual((found.who, found.members[0].name, len(found.pairs)), (DORA, DORA, 3))
        self.assertIn("Dora lags: 3 of 4 paths are bad; the worst to ", found.headline)
        self.assertEqual([row.name for row in found.members if row.felt], [DORA])
        self.assertIn("Ann (this machine) lags", judged((ANN, BEN), (ANN, CLEO), members=MEMBERS[:3]).headline)

    def test_two_members(self) -> None:
        """Two that lag do not drag a third in; what neither explains is told beside."""
        wrong = [(lagging, other) for lagging in (DORA, EVE) for other in MEMBERS if other != lagging]
        found = judged(*wrong)
        self.assertEqual({row.name for row in found.members if row.felt}, {DORA, EVE})
        self.assertIn(" lag: 4 of 4 paths are bad", found.headline)
        more = judged(*((EVE, other) for other in MEMBERS[:4]), (ANN, BEN))
        self.assertIn("Eve lags: 4 of 4", more.headline)
        self.assertIn("Beside that the path between Ann and Ben is bad", more.headline)

    def test_two_houses(self) -> None:
        """Where two groups are far from each other nobody does better than another: the paths are bad, not a member."""
        found = judged(*((one, other) for one in (ANN, BEN) for other in (CLEO, DORA)), members=MEMBERS[:4])
        self.assertEqual((found.who, len(found.pairs)), ("", 4))
        self.assertIn("4 paths are bad, the worst between", found.headline)
        everybody = judged(*combinations(MEMBERS, 2))
        self.assertEqual((everybody.who, len(everybody.pairs)), ("", 10))

    def test_nothing(self) -> None:
        """All good; nothing known; no path at all is as bad as can be."""
        self.assertEqual(judged().headline, "Nobody lags.")
        self.assertEqual(judge_party(ANN, MEMBERS, []).headline, "Nothing has been measured yet.")
        unmeasured = judge_party(ANN, MEMBERS, [Pair(ANN, BEN, ANN, PathTold("direct"))])
        self.assertEqual({row.reason for row in unmeasured.members}, {"not measured yet"})
        cut = judge_party(ANN, MEMBERS, [Pair(ANN, each, ANN, PathTold("none")) for each in MEMBERS[1:]])
        self.assertEqual(cut.who, "")  # of nobody's paths but Ann's anything is known

    @settings(max_examples=40)
    @given(st.sampled_from(MEMBERS), st.lists(good_paths | bad_paths, min_size=10, max_size=10), good_paths, bad_paths)
    def test_whoever_it_is(self, lagging: str, drawn: list[PathTold], good: PathTold, bad: PathTold) -> None:
        """One with bad paths to all, in a party that is well else, is named whatever the figures; each bad path is in
        the list, the worst first, and who lags stands first."""
        ends = list(combinations(MEMBERS, 2))
        clear = judge_party(ANN, MEMBERS, [Pair(a, b, a, bad if lagging in (a, b) else good) for a, b in ends])
        self.assertEqual((clear.who, clear.members[0].name), (lagging, lagging))
        mixed = judge_party(ANN, MEMBERS, [Pair(a, b, a, path) for (a, b), path in zip(ends, drawn, strict=True)])
        known = [path.score or 0.0 for path in drawn if path.score is not None]
        self.assertEqual(len(mixed.pairs), sum(each < 60 for each in known))
        scores = [pair.score for pair in mixed.pairs]
        self.assertEqual(scores, sorted(scores))
        self.assertEqual({row.name for row in mixed.members}, set(MEMBERS))
        felt = [row.felt for row in mixed.members]
        self.assertEqual((felt, any(felt)), (sorted(felt, reverse=True), bool(mixed.pairs)))


class MatrixTests(SynchronousTestCase):
    """:func:`matrix`."""

    def test_words(self) -> None:
        """Of one's own paths one's own word counts, of two others' the worse; nobody speaks for a third."""
        told = {
            BEN: Told(5.0, {ANN: WORSE, CLEO: GOOD, DORA: PathTold("direct")}),
            CLEO: Told(6.0, {BEN: BAD}),
            DORA: Told(7.0, {BEN: GOOD, "Zoe": BAD}),
        }
        found = matrix(ANN, {BEN: GOOD, EVE: BAD}, told, MEMBERS)
        self.assertEqual(
            found,
            [
                Pair(ANN, BEN, ANN, GOOD),
                Pair(ANN, EVE, ANN, BAD),
                Pair(BEN, CLEO, CLEO, BAD, 6.0),
                Pair(BEN, DORA, DORA, GOOD, 7.0),
            ],
        )

    @settings(max_examples=25)
    @given(st.lists(paths, min_size=25, max_size=25), st.booleans())
    def test_a_liar(self, drawn: list[PathTold], smears: bool) -> None:
        """Whatever one member tells, paths that it is no end of look the same; and it cannot mend what others see."""
        table = iter(drawn)
        told = {one: Told(1.0, {other: next(table) for other in MEMBERS if other != one}) for one in MEMBERS[1:]}
        own = {other: next(table) for other in MEMBERS[1:]}
        lie = PathTold("none") if smears else PathTold("direct", 0.0)
        lying = {**told, EVE: Told(2.0, dict.fromkeys(MEMBERS[:4], lie))}
        before, after = (matrix(ANN, own, words, MEMBERS) for words in (told, lying))
        self.assertEqual([each for each in before if EVE not in (each.a, each.b)], [e for e in after if e.b != EVE])
        for other in (BEN, CLEO, DORA):
            seen = told[other].paths[EVE].score
            (shown,) = (each.path.score for each in after if (each.a, each.b) == (other, EVE))
            self.assertLessEqual(shown or 0.0, seen if seen is not None else 100.0)
