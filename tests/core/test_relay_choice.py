"""The order of relays for a pair, the choice that sticks, and relays that are left alone."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.relay_choice import (
    COOL_FIRST,
    COOL_FORGET,
    COOL_LAST,
    SEATS,
    UNKNOWN_MS,
    Chooser,
    CoolDown,
    Judged,
    Relay,
    Weights,
    judge,
    reason,
)
from lanrage.core.relay_distance import Distance

PAIR = b"a" * 32 + b"b" * 32
NAMES = [f"{number:016x}" for number in range(5)]
distances = st.builds(Distance, st.none() | st.floats(0, 500), st.floats(0, 1), st.booleans())
maps = st.dictionaries(st.sampled_from(NAMES), distances)
relays = st.lists(
    st.builds(Relay, st.sampled_from(NAMES), st.sampled_from(["", "eu"]), st.floats(0, 1), st.booleans()),
    unique_by=lambda relay: relay.relay_id,
    max_size=5,
)
weights = st.builds(Weights, load=st.floats(0, 500), loss=st.floats(0, 50), equal=st.sampled_from([0.0, 1.0, 10.0]))


def near(*rows: float) -> dict[str, Distance]:
    """Distances in ms of the first relays."""
    return {name: Distance(rtt) for name, rtt in zip(NAMES, rows, strict=False)}


def order(judged: list[Judged]) -> list[int]:
    """As numbers of the relays."""
    return [NAMES.index(row.relay_id) for row in judged]


def known(count: int) -> list[Relay]:
    """So many relays, idle."""
    return [Relay(name) for name in NAMES[:count]]


@given(relays, maps, maps, weights, st.binary(min_size=64, max_size=64))
def test_both_ends_find_the_same_order(
    some: list[Relay], mine: dict[str, Distance], theirs: dict[str, Distance], by: Weights, pair: bytes
) -> None:
    """Whichever end is asked, and however the relays are listed."""
    here = judge(some, mine, theirs, pair, by)
    there = judge(reversed(some), theirs, mine, pair, by)
    assert [row.relay_id for row in here] == [row.relay_id for row in there]
    assert {row.relay_id for row in here} == {relay.relay_id for relay in some}


@given(relays, maps, maps, weights)
def test_obstacles_come_last(
    some: list[Relay], mine: dict[str, Distance], theirs: dict[str, Distance], by: Weights
) -> None:
    """And among the others the lower cost wins, to the width of a step."""
    judged = judge(some, mine, theirs, PAIR, by)
    assert [bool(row.obstacle) for row in judged] == sorted(bool(row.obstacle) for row in judged)
    fit = [row.cost for row in judged if not row.obstacle]
    assert all(one - other <= by.equal for one, other in pairwise(fit))
    for row in judged:
        ends = [each[row.relay_id].rtt_ms for each in (mine, theirs) if row.relay_id in each]
        assert row.measured == (len(ends) == 2 and None not in ends)
        assert reason(row, judged, [row.relay_id])


@given(st.lists(st.tuples(relays, maps, maps, st.floats(0, 100)), max_size=8), weights)
def test_choice(steps: list[tuple[list[Relay], dict[str, Distance], dict[str, Distance], float]], by: Weights) -> None:
    """Always known relays, two where there are two, and none with an obstacle while enough others are there."""
    chooser, now = Chooser(by), 0.0
    for some, mine, theirs, passed in steps:
        now += passed
        judged = judge(some, mine, theirs, PAIR, by)
        chosen = chooser.update(judged, now)
        assert len(chosen) == len(set(chosen)) == min(SEATS, len(some))
        by_id = {row.relay_id: row for row in judged}
        bad = sum(bool(by_id[relay_id].obstacle) for relay_id in chosen)
        fit = sum(not row.obstacle for row in judged)
        assert bad == max(0, len(chosen) - fit)
        assert chosen == chooser.chosen


@given(maps, maps, st.lists(st.floats(0, 5), max_size=30))
def test_noise_moves_nothing(mine: dict[str, Distance], theirs: dict[str, Distance], noise: list[float]) -> None:
    """Changes below the gain leave a choice that was made with all known as it is, for ever."""
    mine = {name: Distance(50.0 + number) for number, name in enumerate(NAMES)} | {
        name: Distance(row.rtt_ms if row.rtt_ms is not None else 40.0) for name, row in mine.items()
    }
    theirs = {name: Distance(theirs[name].rtt_ms or 30.0 if name in theirs else 30.0) for name in NAMES}
    chooser = Chooser()
    first = chooser.update(judge(known(5), mine, theirs, PAIR, Weights()), 0.0)
    for number, more in enumerate(noise):
        moved = {name: Distance((row.rtt_ms or 0.0) + more * (number % 2)) for name, row in mine.items()}
        assert chooser.update(judge(known(5), moved, theirs, PAIR, Weights()), 100.0 * number) == first


class OrderTests(SynchronousTestCase):
    """What weighs how much."""

    def test_sum_of_both_ends(self) -> None:
        """Not the nearest here: the nearest for both."""
        judged = judge(known(3), near(5, 40, 60), near(200, 45, 60), PAIR, Weights())
        self.assertEqual(order(judged), [1, 2, 0])
        self.assertEqual([row.sum_ms for row in judged], [85, 120, 205])
        self.assertEqual(reason(judged[0], judged, [NAMES[1]]), "nearest for both")
        self.assertIn("120 ms more", reason(judged[2], judged, [NAMES[1]]))

    def test_load_loss_and_region(self) -> None:
        """Each can turn the order."""
        both = near(50, 60), near(50, 60)
        two = known(2)
        self.assertEqual(order(judge(two, *both, PAIR, Weights())), [0, 1])
        full = [Relay(NAMES[0], load=0.8), Relay(NAMES[1])]
        self.assertEqual(order(judge(full, *both, PAIR, Weights())), [1, 0])
        self.assertEqual(order(judge(full, *both, PAIR, Weights(load=0))), [0, 1])
        half = [Relay(NAMES[0], load=0.5), Relay(NAMES[1])]
        self.assertEqual(order(judge(half, *both, PAIR, Weights())), [0, 1])
        lossy = near(50, 60) | {NAMES[0]: Distance(50, 0.05)}
        self.assertEqual(order(judge(two, lossy, both[1], PAIR, Weights())), [1, 0])
        placed = [Relay(NAMES[0], "us"), Relay(NAMES[1], "eu")]
        self.assertEqual(order(judge(placed, *both, PAIR, Weights(region=40), "eu")), [1, 0])

    def test_fallback_chain(self) -> None:
        """Draining ones last, after those that do not answer, after those that failed lately."""
        some = [Relay(NAMES[0], draining=True), *known(4)[1:]]
        mine = near(1, 1, 1, 400) | {NAMES[1]: Distance(None, 1.0), NAMES[2]: Distance(1, 0, True)}
        judged = judge(some, mine, near(1, 1, 1, 400), PAIR, Weights())
        self.assertEqual(order(judged), [3, 2, 1, 0])
        self.assertEqual([bool(row.obstacle) for row in judged], [False, True, True, True])
        self.assertEqual(reason(judged[3], judged, []), "avoided: draining")
        alone = judge(some[:1], {}, {}, PAIR, Weights())
        self.assertEqual(reason(alone[0], alone, [NAMES[0]]), "draining; there is no other")

    def test_not_measured(self) -> None:
        """Counts as far, not as out of reach."""
        [row] = judge(known(1), near(10), {}, PAIR, Weights())
        self.assertEqual((row.sum_ms, row.cost, row.obstacle), (None, 10 + UNKNOWN_MS, ""))
        self.assertEqual(reason(row, [row], [NAMES[0]]), "not measured by both ends yet")

    def test_equals_are_shared_out(self) -> None:
        """Four relays that are equally near get a fair part of 400 pairs each."""
        mine, theirs = near(21, 22, 23, 24), near(11, 12, 13, 14)
        firsts: Counter[str] = Counter()
        for number in range(400):
            judged = judge(known(4), mine, theirs, number.to_bytes(64, "big"), Weights(equal=20))
            firsts[judged[0].relay_id] += 1
            self.assertIn("share", reason(judged[0], judged, []))
        self.assertEqual(len(firsts), 4)
        self.assertGreater(min(firsts.values()), 60)


class ChooserTests(SynchronousTestCase):
    """When a pair moves."""

    def setUp(self) -> None:
        self.chooser = Chooser()
        self.now = 0.0

    def choose(self, mine: dict[str, Distance], passed: float = 0.0, some: list[Relay] | None = None) -> list[int]:
        """With another end that is 20 ms from each relay."""
        self.now += passed
        judged = judge(some or known(3), mine, near(20, 20, 20), PAIR, self.chooser.weights)
        return [NAMES.index(relay_id) for relay_id in self.chooser.update(judged, self.now)]

    def test_clear_and_lasting(self) -> None:
        """A sum that degrades moves the pair after the patience, not before; a short spell does not."""
        self.assertEqual(self.choose(near(20, 50, 90)), [0, 1])
        self.assertEqual(self.choose(near(200, 50, 90), 10), [0, 1])
        self.assertEqual(self.choose(near(200, 50, 90), 29), [0, 1])
        self.assertEqual(self.choose(near(20, 50, 90), 10), [0, 1])
        self.assertEqual(self.choose(near(200, 50, 90), 10), [0, 1])
        self.assertEqual(self.choose(near(200, 50, 90), 31), [1, 2])

    def test_failure_moves_at_once(self) -> None:
        """To the next of the chain, and a new warm one is taken; back only after the patience."""
        self.assertEqual(self.choose(near(20, 50, 90)), [0, 1])
        failed = near(20, 50, 90) | {NAMES[0]: Distance(20, 0, True)}
        self.assertEqual(self.choose(failed, 1), [1, 2])
        self.assertEqual(self.choose(near(20, 50, 90), 1), [1, 2])
        self.assertEqual(self.choose(near(20, 50, 90), 31), [0, 1])

    def test_draining_moves_at_once(self) -> None:
        """And a relay that is gone altogether."""
        self.assertEqual(self.choose(near(20, 50, 90)), [0, 1])
        some = [known(1)[0], Relay(NAMES[1], draining=True), Relay(NAMES[2])]
        self.assertEqual(self.choose(near(20, 50, 90), 1, some), [0, 2])
        self.assertEqual(self.choose(near(20, 50, 90), 1, known(3)[:1]), [0])
        self.assertEqual(self.choose(near(20, 50, 90), 1), [0, 1])

    def test_the_first_measurements_count_at_once(self) -> None:
        """What was chosen before anything was known is no choice to stick to."""
        self.choose({})
        self.assertEqual(self.choose(near(90, 50, 20), 0.3), [2, 1])

    def test_one_and_none(self) -> None:
        """As many as there are."""
        self.assertEqual(self.choose(near(1), 0, known(1)), [0])
        self.assertEqual(self.chooser.update([], 1.0), ())
        self.assertEqual(self.choose(near(1, 50), 0, known(2)), [0, 1])


class CoolDownTests(SynchronousTestCase):
    """Relays that failed."""

    def test_longer_each_time(self) -> None:
        """Doubled up to a bound, counted once a spell, forgotten after a good while."""
        cooling, now, spells = CoolDown(), 0.0, []
        for _ in range(6):
            cooling.failed("r", now)
            cooling.failed("r", now + 1)
            spells.append(cooling.left("r", now))
            now += spells[-1]
            self.assertEqual(cooling.left("r", now), 0.0)
        self.assertEqual(spells, [COOL_FIRST, 40.0, 80.0, 160.0, COOL_LAST, COOL_LAST])
        now += COOL_FORGET
        cooling.failed("r", now)
        self.assertEqual(cooling.left("r", now), COOL_FIRST)
        cooling.keep(["other"])
        self.assertEqual(cooling.left("r", now), 0.0)

    def test_weights_have_names(self) -> None:
        """Which the option takes."""
        self.assertEqual(Weights.names(), ("load", "loss", "region", "equal", "gain", "patience"))
