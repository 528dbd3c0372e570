"""The grid's hosts, its table, and what it holds against the limits."""

from __future__ import annotations

import attrs
import hypothesis.strategies as st
from hypothesis import given
from twisted.trial.unittest import SynchronousTestCase

from lanrage.errors import BadInput
from lanrage.lab.grid import DIRECT_P95_MS, EACH, hosts_of, judge, laboratories
from lanrage.lab.grid_table import Trial, cells, rst
from lanrage.lab.paths import ORDER
from lanrage.lab.plan import KINDS, LAN, expand_kinds, make_plan
from lanrage.lab.result import Result

kind_sets = st.lists(st.sampled_from(KINDS), min_size=1, max_size=12)
TRIAL = Trial(("open", "cone"), ("open", "cone"), ("h1", "h2"), False, "direct", "direct", 100.0, 120.0)


def result_of(*trials: Trial) -> Result:
    """What the check says of these."""
    result = Result("grid")
    judge(result, list(trials), cells(list(trials)))
    return result


class HostsTests(SynchronousTestCase):
    """Who takes part."""

    @given(kind_sets)
    def test_each_twice(self, kinds: list[str]) -> None:
        """Each kind twice, and all that a laboratory can be made of; those on a LAN share a restricted router."""
        words = hosts_of(kinds)
        self.assertEqual(expand_kinds(words, None), list(words))
        self.assertEqual({kind: words.count(kind) for kind in set(kinds)}, dict.fromkeys(kinds, EACH))
        self.assertLessEqual(set(words) - set(kinds), {"restricted"})
        plan = make_plan("x", words)
        routers = {host.router for host in plan.hosts if host.nat == LAN}
        self.assertLessEqual(len(routers), 1)
        self.assertTrue(all(plan.router(index or 0).kind == "restricted" for index in routers))

    @given(kind_sets, st.integers(4, 20))
    def test_every_kind_meets_every_kind(self, kinds: list[str], at_once: int) -> None:
        """In some laboratory, itself included; and no laboratory is much larger than asked for."""
        wholes = laboratories(kinds, at_once)
        met = {(a, b) for words in wholes for i, a in enumerate(words) for b in words[i + 1 :]}
        for first in set(kinds):
            for second in set(kinds):
                self.assertIn(True, ((first, second) in met, (second, first) in met), (first, second))
        self.assertLessEqual(max(map(len, wholes)), max(at_once, 4) + 2 * EACH)

    def test_unknown(self) -> None:
        """Another word is refused."""
        with self.assertRaises(BadInput):
            hosts_of(["open", "moon"])


class JudgeTests(SynchronousTestCase):
    """Limits."""

    def test_all_well(self) -> None:
        """Direct pairs in time, relayed ones in time, and one that got better than its NATs promise."""
        relayed = attrs.evolve(
            TRIAL, kinds=("symmetric",) * 2, sites=("symmetric",) * 2, expected="relay", seen="relay"
        )
        tcp = attrs.evolve(TRIAL, sites=("open", "blocked"), expected="relay-tcp", seen="relay-tcp", path_ms=2900.0)
        result = result_of(TRIAL, relayed, tcp, attrs.evolve(relayed, seen="direct"))
        self.assertEqual(result.shortfalls, [])
        self.assertEqual(result.figures["better_than_expected"], 1)
        self.assertEqual(result.figures["time_to_relay_tcp_ms_max"], 2900.0)

    def test_shortfalls(self) -> None:
        """A worse path, a late direct one, a late relay and one that never came are each named."""
        late = attrs.evolve(TRIAL, direct_ms=DIRECT_P95_MS + 1)
        worse = attrs.evolve(TRIAL, seen="relay", direct_ms=None)
        relayed = attrs.evolve(TRIAL, expected="relay", seen="relay", path_ms=2001.0)
        for trials, count in (
            ((late,), 1),
            ((worse,), 2),
            ((relayed,), 1),
            ((attrs.evolve(relayed, path_ms=None),), 1),
        ):
            self.assertEqual(len(result_of(*trials).shortfalls), count, trials)

    def test_symmetric_has_its_own_figure(self) -> None:
        """The limit is for cones; what a symmetric router takes is told beside it."""
        slow = attrs.evolve(TRIAL, sites=("open", "symmetric"), direct_ms=9000.0)
        result = result_of(TRIAL, slow)
        self.assertTrue(result.ok)
        self.assertEqual(result.figures["time_to_direct_ms_p95_with_symmetric"], 9000.0)


class TableTests(SynchronousTestCase):
    """What people read."""

    def test_cells(self) -> None:
        """Trials of two kinds are one cell, whichever came first; the worst of them is shown."""
        other = attrs.evolve(TRIAL, kinds=("cone", "open"), seen="relay", direct_ms=None)
        (cell,) = cells([TRIAL, other])
        self.assertEqual(
            cell.row(),
            {
                "a": "open",
                "b": "cone",
                "pairs": 2,
                "expected": "direct",
                "seen": "relay",
                "time_to_path_ms": 100.0,
                "time_to_direct_ms": 120.0,
                "ok": False,
            },
        )

    @given(st.lists(st.tuples(st.sampled_from(KINDS), st.sampled_from(KINDS), st.sampled_from(ORDER)), min_size=1))
    def test_page(self, drawn: list[tuple[str, str, str]]) -> None:
        """Any grid makes a table whose cells stay within their columns, with a row for each kind that took part."""
        trials = [attrs.evolve(TRIAL, kinds=(a, b), sites=(a, b), seen=seen) for a, b, seen in drawn]
        result = result_of(*trials)
        table = rst(cells(trials), result).split("\n\n")[2].splitlines()
        kinds = [kind for kind in KINDS if any(kind in trial.kinds for trial in trials)]
        self.assertEqual([table[1].split(), [row.split()[0] for row in table[3:-1]]], [["\\", *kinds], kinds])
        gaps = [place for place, letter in enumerate(table[0]) if letter == " "]
        self.assertEqual((table[2], table[-1]), (table[0], table[0]))
        for row in table[1:-1]:
            self.assertEqual([row[place : place + 1].strip() for place in gaps], [""] * len(gaps))
