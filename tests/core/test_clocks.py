"""A member's clock: how far it is, and what the doctor says."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.clock_reading import STEP, ClockReading
from lanrage.core.diagnosis import Check, ControlFacts, MemberFacts
from lanrage.core.judgement import judge
from lanrage.core.judgement_clocks import agreed
from tests.core.test_judgement import facts, first, replace
from tests.fakes_doctor import healthy_node

BEN = healthy_node().members[0]
CONTROL = healthy_node().control


def members(*offsets: float | None, error: float = 0.02) -> list[MemberFacts]:
    """Members with such clocks."""
    return [replace(BEN, name=f"m{n}", clock_offset_s=each, clock_error_s=error) for n, each in enumerate(offsets)]


def clocks(control: ControlFacts | None, *offsets: float | None, error: float = 0.02) -> list[tuple[str, str, str]]:
    """Who is named, by which fault, how badly."""
    found: list[Check] = judge(facts(control=control, members=members(*offsets, error=error)))
    return [(each.member, each.fault, each.level) for each in found if "clock" in each.fault]


class ReadingTests(SynchronousTestCase):
    """:class:`ClockReading`."""

    @given(st.floats(-1e7, 1e7), st.floats(0, 5), st.floats(0, 5))
    def test_within_the_error(self, offset: float, out: float, back: float) -> None:
        """Whichever way took longer, the true offset is within the error."""
        asked = 1.7e9
        reading = ClockReading.of(asked, out + back, round(asked + out + offset, 3))
        self.assertLessEqual(abs(reading.offset - offset), reading.error + 1e-6)
        self.assertEqual(reading.error, (out + back) / 2 + STEP)


class JudgementTests(SynchronousTestCase):
    """What the report says."""

    def test_against_the_server(self) -> None:
        """The member whose clock is off is named, and no other; where this clock is off, it is not the members'."""
        server = replace(CONTROL, clock_offset_s=0.1)
        self.assertEqual(clocks(server, 0.3, -7200.0), [("m1", "member_clock_off", "failure")])
        self.assertEqual(clocks(server, 20.0), [("m0", "member_clock_off", "warning")])
        here = replace(CONTROL, clock_offset_s=7200.0)
        self.assertEqual(clocks(here, 7200.2, 7199.0), [("", "clock_off", "failure")])
        self.assertEqual(first(facts(control=server, members=members(-7200.0))), "member_clock_off")

    def test_without_a_server(self) -> None:
        """Most clocks count; of two nobody knows which is wrong, and the other end is looked at."""
        self.assertEqual(clocks(None, 0.0, 90.0, 1.0), [("m1", "member_clock_off", "failure")])
        self.assertEqual(clocks(None, 90.0, 91.0, 0.0, 92.0)[0], ("", "clock_off", "failure"))
        self.assertEqual(clocks(None, 90.0), [("m0", "member_clock_off", "failure")])
        self.assertEqual(clocks(None, None), [])

    def test_what_the_way_leaves_open(self) -> None:
        """An offset that the round trip may make is none; words say how sure it is."""
        server = replace(CONTROL, clock_offset_s=0.0)
        self.assertEqual(clocks(server, 6.0, error=1.5), [])
        self.assertEqual(clocks(server, 7.0, error=1.5), [("m0", "member_clock_off", "warning")])
        fine = next(each for each in judge(facts(members=members(-0.1))) if each.name == "member clock m0")
        self.assertEqual((fine.level, fine.sentence), ("ok", "its clock is 0.2 s behind, give or take 20 ms"))

    @given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=12), st.floats(-1e6, 1e6))
    def test_most_agree(self, others: list[float], right: float) -> None:
        """What more than half show is right."""
        crowd = [right + step / 10 for step in range(len(others) + 1)]
        self.assertLessEqual(abs(agreed([*others, *crowd]) - right), 2 * 5.0)
        self.assertEqual(agreed([0.0, 100.0]), 0.0)
        self.assertEqual(agreed([0.0, 100.0, 100.0, 300.0, 500.0]), 0.0)  # two of five are not most

    def test_no_crowd(self) -> None:
        """Where no clocks agree nobody says that this one is wrong; those that differ from it are named."""
        self.assertEqual(
            clocks(None, 100.0, 100.0, 300.0, 500.0), [(f"m{each}", "member_clock_off", "failure") for each in range(4)]
        )
