"""The file that speedscope opens."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.stack_profile import Frame, StackProfile
from lanrage.wire.speedscope import encode
from tests.speedscope_schema import check

FRAMES = [Frame(f"f{number}", "party.py" if number % 2 else "", number) for number in range(6)]
SAMPLES = st.lists(
    st.tuples(st.lists(st.sampled_from(FRAMES), min_size=1, max_size=6), st.floats(0.001, 10.0)), max_size=30
)


class SpeedscopeTests(SynchronousTestCase):
    """Any profile."""

    @given(SAMPLES)
    def test_valid(self, samples: list[tuple[list[Frame], float]]) -> None:
        """It keeps the format's rules, and holds each stack with its seconds."""
        profile = StackProfile()
        for stack, seconds in samples:
            profile.add([profile.intern(frame) for frame in stack], seconds)
        file = check(encode(profile.frames, profile.stacks(), name="an evening", exporter="lanrage@1"))
        self.assertEqual([(f.name, f.file or "", f.line or 0) for f in file.shared.frames], [
            (f.function, f.file, f.line) for f in profile.frames
        ])  # fmt: skip
        [shown] = file.profiles
        self.assertEqual(dict(zip(map(tuple, shown.samples), shown.weights, strict=True)), dict(profile.stacks()))
        self.assertEqual((shown.name, file.exporter), ("an evening", "lanrage@1"))
