"""Birthday probing: the chances, who takes part, and the budget."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.birthday import (
    FIRST_PORT,
    HOST_BURST,
    HOST_RATE,
    PORTS,
    PROBES,
    ROUNDS_BURST,
    ROUNDS_RATE,
    SOCKETS,
    WORTH,
    Part,
    RoundBudget,
    chance,
    chance_between_symmetric,
    part,
)
from lanrage.core.nat import NatKind

kinds = st.sampled_from(NatKind)


class ChanceTests(SynchronousTestCase):
    """The mathematics."""

    def test_figures(self) -> None:
        """The figures that the documentation gives."""
        self.assertAlmostEqual(0.9833, chance(), places=3)
        self.assertAlmostEqual(0.9997, chance(256, 2048), places=3)
        self.assertAlmostEqual(0.00025, chance_between_symmetric(), places=4)
        self.assertAlmostEqual(0.001, chance_between_symmetric(2048, 2048), places=4)
        self.assertGreater(chance(), WORTH)
        self.assertLess(chance_between_symmetric(), WORTH)

    @given(st.integers(0, 600), st.integers(0, 600))
    def test_rules(self, sockets: int, probes: int) -> None:
        """A chance; of no use without either; the same with both exchanged; never smaller with more of either."""
        found = chance(sockets, probes)
        self.assertTrue(0.0 <= found <= 1.0)
        self.assertEqual(0 in (sockets, probes), found == 0.0)
        self.assertAlmostEqual(found, chance(probes, sockets), places=9)
        self.assertLessEqual(found, chance(sockets + 1, probes) + 1e-12)
        self.assertLessEqual(found, chance(sockets, probes + 1) + 1e-12)

    def test_certain(self) -> None:
        """Who tries all ports hits; where all but some are open, one probe more than those hits."""
        self.assertEqual(1.0, chance(1, PORTS))
        self.assertEqual(1.0, chance(PORTS - 5, 6))

    def test_simulated(self) -> None:
        """2,000 simulated rounds hit as often as computed (within four standard deviations, at half the probes)."""
        random, rounds, probes = Random(1), 2000, PROBES // 4
        space = range(FIRST_PORT, 65536)
        hits = sum(
            not set(random.sample(space, SOCKETS)).isdisjoint(random.sample(space, probes)) for _ in range(rounds)
        )
        expected = chance(SOCKETS, probes)
        self.assertLess(abs(hits / rounds - expected), 4 * (expected * (1 - expected) / rounds) ** 0.5)

    def test_simulated_symmetric(self) -> None:
        """With small port spaces the formula for two symmetric routers holds as well: pairs of draws that agree."""
        random, rounds, ports, probes = Random(2), 4000, 40, 12
        hits = 0
        for _ in range(rounds):
            here = {(random.randrange(ports), random.randrange(ports)) for _ in range(probes)}
            there = {(random.randrange(ports), random.randrange(ports)) for _ in range(probes)}
            hits += not here.isdisjoint(there)
        expected = 1 - (1 - 1 / ports**2) ** (probes * probes)
        self.assertLess(abs(hits / rounds - expected), 4 * (expected * (1 - expected) / rounds) ** 0.5)


class PartTests(SynchronousTestCase):
    """Who does what."""

    @given(kinds, kinds)
    def test_fits(self, own: NatKind, peer: NatKind) -> None:
        """One end opens exactly where the other sprays, so both never do the same."""
        parts = {part(own, peer), part(peer, own)}
        self.assertIn(parts, ({None}, {Part.OPEN, Part.SPRAY}))

    def test_cases(self) -> None:
        """Only a symmetric router with one that filters by port, or that nobody could tell, is worth it."""
        wanted = {NatKind.PORT_RESTRICTED, NatKind.UNKNOWN}
        self.assertEqual(wanted, {peer for peer in NatKind if part(NatKind.SYMMETRIC, peer) is Part.OPEN})
        self.assertEqual(wanted, {own for own in NatKind if part(own, NatKind.SYMMETRIC) is Part.SPRAY})
        self.assertIsNone(part(NatKind.SYMMETRIC, NatKind.SYMMETRIC))


class BudgetTests(SynchronousTestCase):
    """How many rounds."""

    @given(st.lists(st.tuples(st.sampled_from("abcd"), st.floats(0, 120), st.booleans()), max_size=60))
    def test_bounded(self, walk: list[tuple[str, float, bool]]) -> None:
        """One at a time; in every span at most the burst and what the rate added, over all and for each host."""
        budget = RoundBudget()
        now = 0.0
        begun: list[tuple[str, float]] = []
        for host, gap, ends in walk:
            now += gap
            before = budget.running
            if budget.begin(host, now):
                self.assertFalse(before)
                begun.append((host, now))
            if ends:
                budget.end()
        for host in ("", *"abcd"):
            times = [at for name, at in begun if host in ("", name)]
            burst, rate = (HOST_BURST, HOST_RATE) if host else (ROUNDS_BURST, ROUNDS_RATE)
            for first, begin in enumerate(times):
                for count, end in enumerate(times[first:], 1):
                    self.assertLessEqual(count, burst + rate * (end - begin) + 1e-6)

    def test_whole_party(self) -> None:
        """Eight members at eight places are tried at once, one after another; a refused one costs its place nothing."""
        budget = RoundBudget()
        for number in range(int(ROUNDS_BURST)):
            self.assertTrue(budget.begin(str(number), 0.0))
            self.assertFalse(budget.begin("other", 0.0))
            budget.end()
        self.assertFalse(budget.begin("other", 1.0))
        self.assertTrue(budget.begin("other", 61.0))
