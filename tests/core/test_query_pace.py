"""When servers are asked."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.query_pace import (
    AGAIN,
    ANSWER_WITHIN,
    FIRST_WITHIN,
    JITTER,
    OUTSTANDING,
    OUTSTANDING_EACH,
    PAUSES,
    PROCESSES,
    SILENT,
    SOON,
    WATCHED_SECONDS,
    Cost,
    QueryPace,
)
from lanrage.core.server_entry import MISSES

(WATCHED, IDLE), (_, GENTLE_IDLE) = PAUSES[Cost.DATAGRAM], PAUSES[Cost.CONNECTION]
KEY = ("10.66.0.2", 27960)


class PaceTests(SynchronousTestCase):
    """One server; the jitter is in the middle."""

    def setUp(self) -> None:
        self.pace = QueryPace(lambda: 0.5)
        self.pace.follow({KEY: Cost.DATAGRAM}, 0.0)

    def ask(self, now: float) -> None:
        """It is due at this time and not before."""
        self.assertAlmostEqual(now, self.pace.next() or 0.0)
        self.assertEqual([], self.pace.due(now - 0.01))
        self.assertEqual([KEY], self.pace.due(now + 1e-6))
        self.assertEqual([], self.pace.due(now + 1e-6))

    def test_answers(self) -> None:
        """Soon at first, then each four seconds, each two while somebody looks."""
        self.ask(FIRST_WITHIN / 2)
        self.pace.answered(KEY, 1.0)
        self.ask(1.0 + IDLE)
        self.pace.answered(KEY, 6.0)
        self.pace.watch(6.5)
        self.ask(6.5 + WATCHED / 2)
        self.pace.answered(KEY, 8.0)
        self.pace.watch(8.0)
        self.ask(8.0 + WATCHED)
        self.pace.answered(KEY, 8.0 + WATCHED_SECONDS)
        self.ask(8.0 + WATCHED_SECONDS + IDLE)

    def test_silence(self) -> None:
        """Again at once, twice; then more and more seldom, and as before when it answers."""
        now = FIRST_WITHIN / 2
        for pause in (AGAIN, AGAIN, SOON, 2 * SOON, 4 * SOON, 8 * SOON, 16 * SOON, SILENT[1], SILENT[1]):
            self.ask(now)
            self.pace.missed(KEY, now + 1.0)
            now += 1.0 + pause
        self.ask(now)
        self.pace.answered(KEY, now + 1.0)
        self.ask(now + 1.0 + IDLE)

    def test_silence_of_a_process(self) -> None:
        """What takes a process of this machine is not asked again and again while it is silent."""
        self.pace.follow({KEY: Cost.PROCESS}, 0.0)
        now = FIRST_WITHIN / 2
        for pause in (AGAIN, AGAIN, SILENT[1]):
            self.ask(now)
            self.pace.missed(KEY, now + 1.0)
            now += 1.0 + pause
        self.ask(now)

    def test_gentle(self) -> None:
        """A whole connection is made less often."""
        self.pace.follow({KEY: Cost.CONNECTION}, 0.0)
        self.ask(FIRST_WITHIN / 2)
        self.pace.answered(KEY, 1.0)
        self.ask(1.0 + GENTLE_IDLE)

    def test_within_ten_seconds(self) -> None:
        """An ended server was asked three times in vain within ten seconds, whether or not anybody looks; by a
        connection, which is refused at once, too."""
        ends = IDLE * (1 + JITTER) + MISSES * ANSWER_WITHIN + (MISSES - 1) * AGAIN
        refused = GENTLE_IDLE * (1 + JITTER) + (MISSES - 1) * AGAIN
        self.assertLess(max(ends, refused), 10.0)

    def test_put_off(self) -> None:
        """Whoever was named and not asked is named again soon, and holds nobody's place until then."""
        self.ask(FIRST_WITHIN / 2)
        self.pace.put_off(KEY, 1.0)
        self.pace.put_off(("10.66.0.9", 1), 1.0)
        self.ask(1.0 + AGAIN)

    def test_forgotten(self) -> None:
        """What is not followed is not asked, and its answer is nobody's."""
        self.pace.follow({}, 0.0)
        self.pace.missed(KEY, 1.0)
        self.pace.answered(KEY, 1.0)
        self.assertEqual(([], None, 0), (self.pace.due(100.0), self.pace.next(), len(self.pace)))


class BoundTests(SynchronousTestCase):
    """Many servers."""

    @settings(max_examples=50)
    @given(
        st.dictionaries(
            st.tuples(st.sampled_from(["a", "b", "c", "d", "e", "f"]), st.integers(1, 9)), st.sampled_from(Cost)
        ),
        st.lists(st.tuples(st.floats(0.0, 3.0), st.booleans()), max_size=40),
    )
    def test_outstanding(self, servers: dict[tuple[str, int], Cost], steps: list[tuple[float, bool]]) -> None:
        """Never more under way than allowed, neither together nor to one address; who is due is not forgotten."""
        pace, now = QueryPace(lambda: 0.5), 0.0
        pace.follow(servers, now)
        under_way: list[tuple[str, int]] = []
        for wait, answered in steps:
            now += wait
            asked = pace.due(now)
            self.assertFalse(set(asked) & set(under_way))
            under_way += asked
            self.assertLessEqual(len(under_way), OUTSTANDING)
            self.assertLessEqual(sum(servers[each] is Cost.PROCESS for each in under_way), PROCESSES)
            for address, _ in under_way:
                self.assertLessEqual(sum(each[0] == address for each in under_way), OUTSTANDING_EACH)
            following = pace.next()
            self.assertTrue(following is None or following > now, "whoever could be asked was asked")
            if under_way:
                key = under_way.pop(0)
                (pace.answered if answered else pace.missed)(key, now)

    def test_a_silent_member_does_not_hold_up_others(self) -> None:
        """Others are asked while all of one address wait."""
        pace = QueryPace(lambda: 0.5)
        pace.follow(
            dict.fromkeys([*(("10.66.0.2", port) for port in range(1, 17)), ("10.66.0.3", 1)], Cost.DATAGRAM), 0.0
        )
        self.assertIn(("10.66.0.3", 1), pace.due(1.0))
