"""The metrics' history over restarts."""

from __future__ import annotations

from lanrage.app.metrics_archive import INTERVAL, LATE
from lanrage.app.metrics_keeper import FORGET_AFTER
from lanrage.app.metrics_sampler import Sample
from lanrage.core.metric_reading import Reading
from tests.app.archive_life import BEN, EVA, RTT, START, ArchiveCase


class RestartTests(ArchiveCase):
    """What the next process knows."""

    def test_ends_well(self) -> None:
        """Everything, the second before the end included; the minute under way goes on."""
        life = self.life()
        life.run(3690, BEN)
        self.stop(life)
        again = self.life(START + 3700)
        again.run(5, BEN)
        self.assertEqual([(float(minute), 60) for minute in range(61)] + [(61.0, 35)], again.history("minute"))
        self.assertEqual([(0.0, 3600), (1.0, 95)], again.history("hour"))
        self.assertEqual([(0.0, 3695)], again.history("day"))

    def test_killed(self) -> None:
        """All minutes but the one under way, and one that was over for less than some seconds."""
        life = self.life()
        life.run(int(600 + LATE + INTERVAL) + 2, BEN)
        self.kill(life)
        again = self.life(START + 660)
        again.run(2, BEN)
        self.assertEqual([*((float(minute), 60) for minute in range(10)), (11.0, 2)], again.history("minute"))
        self.assertEqual([(0.0, 602)], again.history("hour"))

    def test_several(self) -> None:
        """Lives of minutes, one after another, killed and not: hours are whole in the end."""
        now = START
        for number in range(6):
            life = self.life(now)
            life.run(607, BEN)
            if number % 2:
                self.kill(life)
            else:
                self.stop(life)
            now = life.now
        last = self.life(now)
        last.run(2, BEN)
        ((_, total),) = last.history("day")
        self.assertLessEqual(6 * 607 + 2 - total, 3 * (60 + LATE + INTERVAL + 1))
        self.assertEqual([total] * 2, [sum(count for _, count in last.history(step)) for step in ("hour", "minute")])

    def test_clock_went_back(self) -> None:
        """What is of a future day is not shown, and does not swallow the present."""
        life = self.life(START + 864_000)
        life.run(200, BEN)
        self.stop(life)
        again = self.life()
        again.run(130, BEN)
        self.assertEqual([(0.0, 60), (1.0, 60), (2.0, 10)], again.history("minute"))

    def test_clock_of_another_year(self) -> None:
        """A start with a clock of the past takes nothing of the stored minutes, nor do those after it."""
        life = self.life()
        life.run(600, BEN)
        self.stop(life)
        for _ in range(2):
            wrong = self.life(START - 1e8)
            wrong.run(130, BEN)
            self.stop(wrong)
        again = self.life(START + 600)
        again.run(130, BEN)
        self.stop(again)
        last = self.life(START + 780)
        last.run(1, BEN)
        expected = [*((float(minute), 60) for minute in range(12)), (12.0, 10), (13.0, 1)]
        self.assertEqual(expected, [each for each in last.history("minute") if each[0] >= 0])

    def test_clock_some_minutes_back(self) -> None:
        """Likewise where some of the stored minutes are in the past all the same."""
        life = self.life()
        life.run(600, BEN)
        self.stop(life)
        wrong = self.life(START + 330)
        wrong.run(100, BEN)
        self.stop(wrong)
        last = self.life(START + 660)
        last.run(1, BEN)
        self.assertEqual([float(minute) for minute in [*range(10), 11]], [began for began, _ in last.history("minute")])
        self.assertEqual({60}, {count for began, count in last.history("minute")[:10] if began != 5})


class MemberTests(ArchiveCase):
    """Whose history it is."""

    def test_another_address(self) -> None:
        """A member's history follows it to another address; who gets its old one begins with nothing."""
        life = self.life()
        life.run(130, BEN)
        self.stop(life)
        again = self.life(START + 180)
        moved, stranger = (EVA[0], "Ben", "b1"), (BEN[0], "Zoe", "z1")
        again.run(70, moved, stranger)
        self.assertEqual([(0.0, 60), (1.0, 60), (2.0, 10), (3.0, 60), (4.0, 10)], again.history("minute", EVA[0]))
        self.assertEqual([(3.0, 60), (4.0, 10)], again.history("minute", BEN[0]))

    def test_handed_over(self) -> None:
        """An address that is another member's from one second to the next: each has its own samples."""
        life = self.life()
        life.run(90, BEN)
        life.run(90, (BEN[0], "Zoe", "z1"))
        self.stop(life)
        again = self.life(START + 180)
        again.run(3, BEN, (EVA[0], "Zoe", "z1"))
        self.assertEqual([(0.0, 60), (1.0, 30), (3.0, 3)], again.history("minute", BEN[0]))
        self.assertEqual([(1.0, 30), (2.0, 60), (3.0, 3)], again.history("minute", EVA[0]))

    def test_comes_back(self) -> None:
        """A member who left for so long that its series went finds its history in the file, to the last second."""
        life = self.life()
        life.run(100, BEN)
        life.run(int(FORGET_AFTER) + 5)
        self.assertEqual([], life.history("minute"))
        life.run(10, BEN)
        self.assertEqual([(0.0, 60), (1.0, 40), (2.0, 15)], [*life.history("minute")[:2], (2.0, 15)])
        self.assertEqual(110, sum(count for _, count in life.history("minute")))

    def test_two_addresses(self) -> None:
        """A member whose old address is still there is written under the new one; the second in which it comes counts
        twice, the old one's later samples do not."""
        life = self.life()
        life.run(70, BEN)
        life.run(70, BEN, (EVA[0], "Ben", "b1"))
        self.assertEqual(141, sum(count for _, count in life.history("minute", EVA[0])))
        self.stop(life)
        again = self.life(START + 140)
        again.run(1, BEN)
        self.assertEqual(142, sum(count for _, count in again.history("minute")))

    def test_unknown(self) -> None:
        """A series of a member whom nobody knows is not written."""
        life = self.life()
        for second in range(130):
            sample = Sample(START + second, (Reading(RTT, ("10.66.0.9",), 1.0),))
            life.keeper.keep(sample)
            life.archive.keep(sample)
            life.clock.advance(1.0)
        self.assertEqual(0.0, life.told()["series"])
