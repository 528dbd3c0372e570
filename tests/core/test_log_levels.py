"""Levels by namespace, and the age of operations."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.log_levels import CACHE_LIMIT, Level, LevelPlan, Levels, parse_level
from lanrage.core.operation_ages import LIFE, LIMIT, OperationAges
from lanrage.errors import BadInput
from tests.strategies_logs import levels, namespaces

plans = st.builds(LevelPlan, levels, st.dictionaries(namespaces, levels, max_size=5))


class LevelTests(SynchronousTestCase):
    """:class:`LevelPlan`."""

    @given(plans)
    def test_round_trip(self, plan: LevelPlan) -> None:
        """What a plan says is read as the same plan."""
        self.assertEqual(plan, LevelPlan.parse(str(plan)))

    @given(plans, namespaces)
    def test_longest_counts(self, plan: LevelPlan, namespace: str) -> None:
        """The longest rule that is the namespace or above it; else the level for all; a memory changes nothing."""
        fit = [name for name in plan.rules if f"{namespace}.".startswith(f"{name}.")]
        expected = plan.rules[max(fit, key=len)] if fit else plan.level
        known = Levels(plan)
        self.assertEqual([expected] * 3, [plan.of(namespace), known.of(namespace), known.of(namespace)])
        self.assertLessEqual(plan.lowest, expected)

    def test_words(self) -> None:
        """Capital letters, spaces and the short form are taken; names alike are not confused."""
        plan = LevelPlan.parse(" WARN , lanrage.app=debug,lanrage.app.links = error")
        self.assertEqual(LevelPlan(Level.WARNING, {"lanrage.app": Level.DEBUG, "lanrage.app.links": Level.ERROR}), plan)
        self.assertEqual(Level.WARNING, plan.of("lanrage.apple"))
        self.assertEqual(LevelPlan(), LevelPlan.parse(""))

    def test_wrong(self) -> None:
        """The field and the rule are named."""
        for text in ("loud", "lanrage=loud", "=debug", "a b=debug", "..=debug", ",".join(["x=info"] * 65)):
            with self.assertRaises(BadInput) as caught:
                LevelPlan.parse(text, "log.level")
            self.assertEqual("log.level", caught.exception.field)
        self.assertEqual("error", parse_level("ERROR", "x").word)

    def test_change(self) -> None:
        """A new plan counts at once; what is remembered is bounded."""
        known = Levels(LevelPlan(Level.INFO))
        for number in range(CACHE_LIMIT + 10):
            known.of(f"n{number}")
        self.assertLessEqual(len(known._found), CACHE_LIMIT)
        known.put(LevelPlan(Level.DEBUG))
        self.assertEqual(Level.DEBUG, known.of("n1"))


class AgeTests(SynchronousTestCase):
    """:class:`OperationAges`."""

    def test_life(self) -> None:
        """An id is borne for so long from its first line on."""
        ages = OperationAges()
        self.assertEqual([True, True, False], [ages.fresh("c", at) for at in (5.0, 4.9 + LIFE, 5.0 + LIFE)])
        self.assertTrue(ages.fresh("d", 5.0 + LIFE))

    def test_bound(self) -> None:
        """So many are remembered, the newest of them."""
        ages = OperationAges()
        for number in range(LIMIT + 5):
            ages.fresh(str(number), 0.0)
        self.assertEqual(LIMIT, len(ages._first))
        self.assertFalse(ages.fresh(str(LIMIT), LIFE))
