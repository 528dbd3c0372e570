"""Members tell each other how their paths are: who is told when, what is kept, and that all come to know all."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.path_reports import HAIL, RATE, REPEAT, SILENCE, SPACING, Due, PathTold, ReportTalk
from lanrage.core.quality import Grade, grade, score
from tests.strategies_quality import paths

NAMES = [bytes([letter]) * 32 for letter in b"abcd"]
ME, *OTHERS = NAMES
A_GRADE, F_GRADE = PathTold("direct", 0.01), PathTold("direct", 0.4, 0.1, 0.2)
some = st.frozensets(st.sampled_from(OTHERS))
seen = st.dictionaries(st.sampled_from(OTHERS), paths, max_size=3)


class Talking(RuleBasedStateMachine):
    """One node's side, with members that do what they like; ticks come each second."""

    def __init__(self) -> None:
        super().__init__()
        self.talk, self.now = ReportTalk(), 0.0
        self.ready: frozenset[bytes] = frozenset()
        self.members: frozenset[bytes] = frozenset()
        self.told: dict[bytes, list[float]] = {each: [] for each in OTHERS}
        self.hailed: dict[bytes, list[float]] = {each: [] for each in OTHERS}
        self.heard_at: dict[bytes, float] = {}

    @rule(members=some, ready=some)
    def follow(self, members: frozenset[bytes], ready: frozenset[bytes]) -> None:
        """Members and links change."""
        self.members, self.ready = members, ready & members
        self.hailed = {each: at if each in self.ready else [] for each, at in self.hailed.items()}
        self.told = {each: at if each in members else [] for each, at in self.told.items()}
        self.heard_at = {each: at for each, at in self.heard_at.items() if each in members}
        self.talk.follow(self.ready, members)

    @rule(who=st.sampled_from(OTHERS), what=seen)
    def hear(self, who: bytes, what: dict[bytes, PathTold]) -> None:
        """A member tells; the channel hears members alone."""
        if who in self.members:
            self.heard_at[who] = self.now
            if self.talk.heard(who, what, self.now):
                self.told[who].append(self.now)

    @rule(what=seen, seconds=st.sampled_from((0.25, 1.0)), times=st.integers(1, 20))
    def tick(self, what: dict[bytes, PathTold], seconds: float, times: int) -> None:
        """Time passes."""
        for _ in range(times):
            self.now += seconds
            due = self.talk.tick(what, self.now)
            assert not due.told & due.hailed
            for each in due.told:
                self.told[each].append(self.now)
            for each in due.hailed:
                assert self.now - self.heard_at.get(each, -SILENCE) >= SILENCE
                self.hailed[each].append(self.now)
            for each in self.ready:
                fresh = self.now - self.heard_at.get(each, -SILENCE) < SILENCE
                assert not fresh or self.now - self.told[each][-1] <= REPEAT
                assert fresh or self.now - self.hailed[each][-1] <= HAIL

    @invariant()
    def bounded(self) -> None:
        """Nobody is told or hailed too often; what is known is of members, and not old."""
        for at in self.told.values():
            assert all(later - sooner >= SPACING for sooner, later in pairwise(at))
        for at in self.hailed.values():
            assert all(later - sooner >= HAIL for sooner, later in pairwise(at))
        fresh = {each for each, at in self.heard_at.items() if self.now - at < SILENCE}
        assert self.talk.reports(self.now).keys() == fresh


TalkingTests = Talking.TestCase
TalkingTests.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)


class TogetherTests(SynchronousTestCase):
    """Several nodes over a network that loses."""

    @settings(max_examples=25, deadline=None)
    @given(st.lists(st.booleans(), min_size=1, max_size=97), st.integers(0, 60), st.booleans())
    def test_all_know_all(self, losses: list[bool], lossy: int, old: bool) -> None:
        """When nothing is lost any more, all members know the paths of all within a hail and a repetition; one of an
        earlier version, which says nothing, hinders nobody."""
        talks = {name: ReportTalk() for name in NAMES}
        mute = NAMES[3] if old else b""
        own = {name: {each: A_GRADE for each in NAMES if each != name} for name in NAMES}
        drawn = iter(losses * (4000 // len(losses) + 1))
        for name, talk in talks.items():
            talk.follow(frozenset(NAMES) - {name}, frozenset(NAMES) - {name})
        for second in range(lossy + int(HAIL + REPEAT) + 2):
            lost = second < lossy
            post: list[tuple[bytes, bytes, Any]] = []
            for name, talk in talks.items():
                due = talk.tick(own[name], float(second)) if name != mute else Due()
                post += [(name, to, own[name]) for to in due.told] + [(name, to, {}) for to in due.hailed]
            while post:
                sender, to, what = post.pop(0)
                if to == mute or (lost and next(drawn)):
                    continue
                if talks[to].heard(sender, what, second + 0.05):
                    post.append((to, sender, own[to]))
        for name in set(NAMES) - {mute}:
            known = {who: report.paths for who, report in talks[name].reports(float(second)).items()}
            self.assertEqual(known, {who: own[who] for who in NAMES if who not in (name, mute)})

    def test_a_changed_grade(self) -> None:
        """A grade or kind that changed is told at once, if the last telling was two seconds ago; a figure that moved
        within its grade waits its ten seconds."""
        talk, ben = ReportTalk(), OTHERS[0]
        talk.follow(frozenset({ben}), frozenset({ben}))
        self.assertEqual(talk.tick({ben: A_GRADE}, 0.0), Due(hailed=frozenset({ben})))
        self.assertTrue(talk.heard(ben, {}, 0.1))
        told = [at for at in range(1, 31) if talk.tick({ben: PathTold("direct", 0.01 + at / 1e5)}, float(at)).told]
        self.assertEqual(told, [11, 21])
        told = [at for at in range(31, 41) if talk.tick({ben: F_GRADE if at >= 32 else A_GRADE}, float(at)).told]
        self.assertEqual(told, [31, 33])

    def test_a_large_party(self) -> None:
        """One path whose grade flaps makes no flood: ten reports a second to all together at most."""
        talk, others = ReportTalk(), frozenset(bytes([number]) * 32 for number in range(63))
        talk.follow(others, others)
        path = min(others)
        for each in others:
            talk.heard(each, {}, 0.0)
        told = [len(talk.tick({path: F_GRADE if at % 2 else A_GRADE}, float(at)).told) for at in range(1, 31)]
        self.assertGreater(sum(told), len(others))
        self.assertLessEqual(sum(told), RATE * 30)

    def test_words(self) -> None:
        """Score and grade follow from the figures."""
        self.assertEqual(F_GRADE.score, score(0.4, 0.1, 0.2))
        self.assertEqual((A_GRADE.grade, F_GRADE.grade), (Grade.A, Grade.F))
        unmeasured, no_way = PathTold("direct"), PathTold("none", 0.01)
        self.assertEqual((unmeasured.score, unmeasured.grade), (None, None))
        self.assertEqual((no_way.score, no_way.grade), (0.0, grade(0.0)))
