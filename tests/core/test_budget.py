"""Budgets: no address gets more than its share, and the table stays small."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.budget import HOST_BURST, KEY_LIMIT, MEMBER_BURST, MEMBER_RATE, PROBE_BURST, Budget, ProbeBudget
from lanrage.core.links import Endpoint

steps = st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 2)), max_size=80)


class BudgetTests(SynchronousTestCase):
    """A bucket for each key."""

    @given(steps, st.integers(1, 20), st.integers(1, 10))
    def test_bounded(self, walk: list[tuple[str, float]], rate: int, burst: int) -> None:
        """In every span of time a key gets at most its burst and what the rate added; others do not matter."""
        budget: Budget[str] = Budget(float(rate), float(burst))
        now = 0.0
        allowed: dict[str, list[float]] = {key: [] for key in "abc"}
        for key, gap in walk:
            now += gap
            if budget.allow(key, now):
                allowed[key].append(now)
        for times in allowed.values():
            for first, begin in enumerate(times):
                for count, end in enumerate(times[first:], 1):
                    self.assertLessEqual(count, burst + rate * (end - begin) + 1e-6)

    @given(steps)
    def test_generous(self, walk: list[tuple[str, float]]) -> None:
        """Who stays within the rate is never refused."""
        budget: Budget[str] = Budget(4.0, 1.0)
        now = 0.0
        for key, gap in walk:
            now += gap + 0.25 + 1e-9
            self.assertTrue(budget.allow(key, now))

    def test_exact(self) -> None:
        """Two at once, then one each half second; each key by itself."""
        budget: Budget[str] = Budget(2.0, 2.0)
        self.assertEqual([True, True, False], [budget.allow("a", 10.0) for _ in range(3)])
        self.assertTrue(budget.allow("b", 10.0))
        self.assertFalse(budget.allow("a", 10.4))
        self.assertEqual([True, False], [budget.allow("a", 10.5) for _ in range(2)])

    def test_longest_idle_is_forgotten(self) -> None:
        """The table is bounded; a key in use keeps its bucket, the idle one begins anew."""
        budget: Budget[int] = Budget(0.001, 1.0)
        budget.allow(-1, 0.0)
        budget.allow(-2, 0.0)
        for key in range(KEY_LIMIT - 2):
            budget.allow(key, 0.0)
        self.assertFalse(budget.allow(-1, 0.0))
        budget.allow(KEY_LIMIT, 0.0)
        self.assertEqual(KEY_LIMIT, len(budget))
        self.assertFalse(budget.allow(-1, 0.0))
        self.assertTrue(budget.allow(-2, 0.0))


class ProbeBudgetTests(SynchronousTestCase):
    """Ports, hosts and members."""

    def test_members_do_not_share(self) -> None:
        """What members at one host get is not taken from the host's share, nor from one another's."""
        budget = ProbeBudget()
        for member in range(15):
            sent = [
                budget.allow(Endpoint("h", member * 100 + n // 40), 0.0, relay=False, member=bytes([member]))
                for n in range(400)
            ]
            self.assertEqual(MEMBER_BURST, sum(sent))
        strange = [budget.allow(Endpoint("h", 60000 - n), 0.0, relay=False) for n in range(1000)]
        self.assertEqual(HOST_BURST, sum(strange))

    def test_a_port_of_a_member(self) -> None:
        """Who answers at an address keeps its share of it, whatever others have sent there."""
        budget, to = ProbeBudget(), Endpoint("h", 1)
        for other in (None, b"other"):
            self.assertEqual(PROBE_BURST, sum(budget.allow(to, 0.0, relay=False, member=other) for _ in range(500)))
        self.assertTrue(budget.allow(to, 0.0, relay=False, member=b"member"))

    def test_a_port(self) -> None:
        """Nobody gets more than its share at one port."""
        for relay, member in ((True, None), (False, None), (False, b"m")):
            budget = ProbeBudget()
            sent = [budget.allow(Endpoint("h", 1), 0.0, relay=relay, member=member) for _ in range(500)]
            self.assertEqual(PROBE_BURST, sum(sent))

    @given(st.lists(st.floats(0, 0.5), max_size=400))
    def test_a_member(self, gaps: list[float]) -> None:
        """In any time a member gets its burst and what the rate added."""
        budget, now, sent = ProbeBudget(), 0.0, 0
        for number, gap in enumerate(gaps):
            now += gap
            sent += budget.allow(Endpoint("h", number), now, relay=False, member=b"m")
        self.assertLessEqual(sent, MEMBER_BURST + MEMBER_RATE * now + 1e-6)
