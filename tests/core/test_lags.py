"""Who lags."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.lags import PathSeen, judge
from lanrage.core.quality import score


def path(name: str, rtt: float, jitter: float = 0.001, loss: float = 0.0, kind: str = "direct") -> PathSeen:
    """A measured path."""
    return PathSeen(name, kind, True, rtt, jitter, loss, score(rtt, jitter, loss))


seen = st.builds(path, st.text(min_size=1, max_size=8), st.floats(0, 2), st.floats(0, 1), st.floats(0, 1))
unseen = st.builds(PathSeen, st.text(min_size=1, max_size=8), st.just("none"), st.booleans())


class JudgeTests(SynchronousTestCase):
    """As seen from Ann's machine."""

    def test_one(self) -> None:
        """One bad path of three: its member, with what costs most."""
        good = [path("Ben", 0.02), path("Cleo", 0.03)]
        found = judge("Ann", [*good, path("Dora", 0.04, loss=0.2)])
        self.assertEqual((found.who, found.members[0].name), ("Dora", "Dora"))
        self.assertIn("20.0 % of packets are lost", found.headline)
        self.assertIn("by a relay", judge("Ann", [*good, path("Dora", 0.4, 0.04, kind="relay")]).headline)
        self.assertIn("times differ by 120 ms", judge("Ann", [*good, path("Dora", 0.1, 0.12)]).headline)

    def test_oneself(self) -> None:
        """Where nearly all paths are bad it is this machine; with one path nobody can tell."""
        bad = [path(name, 0.4, 0.1) for name in ("Ben", "Cleo", "Dora")]
        self.assertEqual(judge("Ann", [*bad, path("Eve", 0.01)]).who, "Ann")
        alone = judge("Ann", bad[:1])
        self.assertEqual(alone.who, "Ben")
        self.assertIn("as well be this machine", alone.headline)

    def test_nobody(self) -> None:
        """No members, none that was measured, none that lags; who is offline does not count."""
        self.assertEqual(judge("Ann", []).headline, "Nobody else is online.")
        self.assertEqual(judge("Ann", [PathSeen("Ben", "direct")]).headline, "Nothing has been measured yet.")
        self.assertEqual(judge("Ann", [path("Ben", 0.01), PathSeen("Cleo", "none", False)]).who, "")
        self.assertEqual(judge("Ann", [path("Ben", 0.01), PathSeen("Cleo", "none")]).who, "Cleo")

    @given(st.lists(seen | unseen, max_size=12))
    def test_order(self, paths: list[PathSeen]) -> None:
        """Those that are felt come first, the worst of them first, and somebody lags where one is felt."""
        found = judge("Ann", paths)
        felt = [each.felt for each in found.members]
        self.assertEqual(felt, sorted(felt, reverse=True))
        scores = [each.score for each in found.members if each.felt and each.score is not None]
        self.assertEqual(scores, sorted(scores))
        self.assertEqual(bool(found.who), any(felt))
        self.assertEqual(len(found.members), sum(each.online for each in paths))
