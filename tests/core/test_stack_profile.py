"""Time by function and stack, compared with a plain list of all samples; and its bounds."""

from __future__ import annotations

from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.stack_profile import DEPTH, MORE, OTHER, Frame, StackProfile

NAMES = [Frame(name, f"{name}.py", 1) for name in "abcdef"]
SAMPLES = st.lists(
    st.tuples(st.lists(st.sampled_from(NAMES), min_size=1, max_size=6), st.integers(1, 8).map(lambda n: n / 8)),
    max_size=60,
)


def filled(samples: list[tuple[list[Frame], float]], **limits: int) -> StackProfile:
    """A profile that saw these."""
    profile = StackProfile(**limits)
    for stack, seconds in samples:
        profile.add([profile.intern(frame) for frame in stack], seconds)
    return profile


class StackProfileTests(SynchronousTestCase):
    """What it keeps."""

    @given(SAMPLES)
    def test_all_of_it(self, samples: list[tuple[list[Frame], float]]) -> None:
        """Own and total seconds of each function, and of each stack, are those of all samples."""
        profile = filled(samples)
        own: dict[Frame, float] = defaultdict(float)
        total: dict[Frame, float] = defaultdict(float)
        stacks: dict[tuple[Frame, ...], float] = defaultdict(float)
        for stack, seconds in samples:
            own[stack[-1]] += seconds
            stacks[tuple(stack)] += seconds
            for frame in set(stack):
                total[frame] += seconds
        spots = profile.hotspots()
        self.assertEqual(
            {spot.frame: (spot.seconds, spot.total) for spot in spots}, {f: (own[f], total[f]) for f in own}
        )
        self.assertEqual([spot.seconds for spot in spots], sorted(own.values(), reverse=True))
        seen = {tuple(profile.frames[number] for number in stack): seconds for stack, seconds in profile.stacks()}
        self.assertEqual(seen, dict(stacks))
        self.assertEqual((profile.samples, profile.squeezed), (len(samples), 0))

    @given(SAMPLES, st.integers(1, 5), st.integers(2, 5))
    def test_bounds(self, samples: list[tuple[list[Frame], float]], stacks: int, frames: int) -> None:
        """With no room for all, no second is lost, and there are no more functions and stacks than allowed."""
        profile = filled(samples, frames=frames, stacks=stacks)
        seconds = sum(each for _, each in samples)
        self.assertEqual(sum(each for _, each in profile.stacks()), seconds)
        self.assertEqual(sum(spot.seconds for spot in profile.hotspots()), seconds)
        self.assertLessEqual(len(profile.frames), frames)
        self.assertLessEqual(len(profile._nodes), stacks + 2)  # with the root, and the node for the rest

    @given(SAMPLES)
    def test_functions_stay_right_where_stacks_do_not(self, samples: list[tuple[list[Frame], float]]) -> None:
        """A full tree changes nothing of what is said of functions."""
        self.assertEqual(filled(samples, stacks=1).hotspots(), filled(samples).hotspots())

    def test_what_stands_for_the_rest(self) -> None:
        """Functions and stacks beyond the limits have names that say so."""
        profile = filled([(NAMES[:3], 1.0), (NAMES[3:], 2.0)], frames=4, stacks=3)
        self.assertEqual([profile.frames[0], profile.frames[1]], [OTHER, MORE])
        shown = [([profile.frames[number] for number in stack], seconds) for stack, seconds in profile.stacks()]
        self.assertEqual(shown, [([NAMES[0], NAMES[1], OTHER], 1.0), ([MORE], 2.0)])

    def test_deep_stacks(self) -> None:
        """Of a recursion without end the innermost part is kept."""
        profile = filled([([NAMES[0]] * (3 * DEPTH) + [NAMES[1]], 1.0)])
        self.assertEqual([len(stack) for stack, _ in profile.stacks()], [DEPTH])
        self.assertEqual([(spot.frame, spot.total) for spot in profile.hotspots()], [(NAMES[1], 1.0)])

    def test_reset(self) -> None:
        """After a reset it has seen nothing."""
        profile = filled([(NAMES, 1.0)])
        profile.reset()
        self.assertEqual(
            (profile.samples, profile.seconds, list(profile.stacks()), profile.hotspots()), (0, 0.0, [], [])
        )
