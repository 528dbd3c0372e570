"""The doctor's line on the NAT."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.diagnosis import NatFacts
from lanrage.core.nat import NatKind
from lanrage.core.nat_judgement import judge_nat


class NatJudgementTests(SynchronousTestCase):
    """Each kind."""

    def test_levels(self) -> None:
        """What hinders is a warning with advice, what is not known is unknown, and no kind is a failure."""
        checks = {kind: judge_nat(NatFacts(kind, complete=True)) for kind in NatKind}
        hindered = {kind for kind, check in checks.items() if check.level == "warning"}
        self.assertEqual(hindered, {NatKind.SYMMETRIC, NatKind.BLOCKED})
        self.assertTrue(all(checks[kind].advice for kind in hindered))
        self.assertEqual(checks[NatKind.UNKNOWN].level, "unknown")
        self.assertEqual(len({check.sentence for check in checks.values()}), len(NatKind))

    def test_one_address(self) -> None:
        """That less is certain is said, where something is."""
        self.assertIn("one address", judge_nat(NatFacts(NatKind.FULL_CONE)).sentence)
        self.assertNotIn("one address", judge_nat(NatFacts(NatKind.BLOCKED)).sentence)

    def test_a_short_lifetime(self) -> None:
        """Is told; a usual one is not."""
        self.assertIn("after about 10 s", judge_nat(NatFacts("full-cone", lifetime_s=10.0, complete=True)).sentence)
        self.assertNotIn("forgets", judge_nat(NatFacts("full-cone", lifetime_s=65.0, complete=True)).sentence)

    def test_a_word_of_another_version(self) -> None:
        """Is not known here."""
        self.assertEqual(judge_nat(NatFacts("carrier-grade")).level, "unknown")
