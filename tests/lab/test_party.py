"""Times of a gathering, expected paths, what ``show`` describes, and the shape of results."""

from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import given
from twisted.trial.unittest import SynchronousTestCase

from lanrage.lab.lab import describe
from lanrage.lab.party import Meeting
from lanrage.lab.paths import ORDER, all_good, best_path, can_punch, expected_paths, good_enough
from lanrage.lab.plan import KINDS, make_plan
from lanrage.lab.result import Result, percentile

PLAN = make_plan("x", ["open", "restricted", "lan"])


class MeetingTests(SynchronousTestCase):
    """Times."""

    def test_times(self) -> None:
        """A joiner's first packet is its first with anybody; all pairs count from the first join."""
        meeting = Meeting(issued={"h2": 10.0, "h3": 10.1})
        meeting.met = {("h1", "h2"): 10.4, ("h2", "h3"): 10.3, ("h1", "h3"): 11.0}
        self.assertEqual(meeting.first_packet_ms(), {"h2": 300.0, "h3": 200.0})
        self.assertEqual(meeting.all_pairs_ms(), 1000.0)
        self.assertEqual((Meeting().first_packet_ms(), Meeting().all_pairs_ms()), ({}, 0.0))


class PathTests(SynchronousTestCase):
    """What each pair should come to."""

    def test_table(self) -> None:
        """Only a symmetric router with one that filters by port needs the relay, and whoever has no UDP at all."""
        relayed = {(a, b) for a in KINDS for b in KINDS if not can_punch(a, b)}
        random = ("symmetric", "six")
        hard = {(other, kind) for kind in random for other in ("restricted", "double", *random)}
        symmetric = hard | {(second, first) for first, second in hard}
        blocked = {pair for kind in KINDS for pair in ((kind, "blocked"), ("blocked", kind))}
        self.assertEqual(relayed, symmetric | blocked)

    def test_lan(self) -> None:
        """Hosts behind one symmetric router meet at home; one behind it counts as symmetric to others."""
        paths = expected_paths(make_plan("x", ["symmetric", "lan", "restricted"]))
        self.assertEqual(paths, {("h1", "h2"): "direct", ("h1", "h3"): "relay", ("h2", "h3"): "relay"})

    def test_blocked(self) -> None:
        """Who has no UDP meets the others over TCP, and its neighbour at home."""
        paths = expected_paths(make_plan("x", ["blocked", "lan", "open"]))
        self.assertEqual(paths, {("h1", "h2"): "direct", ("h1", "h3"): "relay-tcp", ("h2", "h3"): "relay-tcp"})

    @given(st.sampled_from(KINDS), st.sampled_from(KINDS))
    def test_symmetry(self, first: str, second: str) -> None:
        """The order of a pair does not matter."""
        self.assertEqual(can_punch(first, second), can_punch(second, first))
        self.assertEqual(best_path(first, second), best_path(second, first))

    @given(st.sampled_from(ORDER), st.sampled_from(ORDER))
    def test_good_enough(self, seen: str, wanted: str) -> None:
        """A path satisfies what is expected exactly when it is no worse; a pair that was not seen has none."""
        self.assertEqual(good_enough(seen, wanted), ORDER.index(seen) <= ORDER.index(wanted))
        self.assertEqual(all_good({("a", "b"): seen}, {("a", "b"): wanted}), good_enough(seen, wanted))
        self.assertEqual(all_good({}, {("a", "b"): wanted}), wanted == "none")


class DescribeTests(SynchronousTestCase):
    """``lab show --json``."""

    def member(self, name: str, me: bool = False, path: str = "none") -> dict[str, object]:
        """A row of a node's view."""
        return {"name": name, "address": f"10.66.0.{name[1:]}", "me": me, "path": path, "rtt_ms": 1.5, "endpoint": "e"}

    def test_shape(self) -> None:
        """Hosts and pairs in order; a pair is seen by its first host, else by its second, else by nobody."""
        h1 = [self.member("h1", True), self.member("h2", path="relay")]
        h3 = [self.member("h3", True), self.member("h1", path="direct")]
        shown = describe(PLAN, {"h1": h1, "h2": [], "h3": h3})
        self.assertEqual([h["party_address"] for h in shown["hosts"]], ["10.66.0.1", None, "10.66.0.3"])
        self.assertEqual(
            shown["hosts"][2],
            {"name": "h3", "index": 3, "netns": "lanrage-x-h3", "party_address": "10.66.0.3", "nat": "lan"},
        )
        self.assertEqual(
            shown["pairs"],
            [
                {"a": "h1", "b": "h2", "path": "relay", "rtt_ms": 1.5, "endpoint": "e"},
                {"a": "h1", "b": "h3", "path": "direct", "rtt_ms": 1.5, "endpoint": "e"},
                {"a": "h2", "b": "h3", "path": "none", "rtt_ms": None, "endpoint": None},
            ],
        )

    def test_over_tcp(self) -> None:
        """Each end has its own way to the relay: the pair goes over TCP when one of them does."""
        h1 = [self.member("h1", True), self.member("h2", path="relay")]
        h2 = [self.member("h2", True), self.member("h1", path="relay-tcp")]
        shown = describe(make_plan("x", ["open", "blocked"]), {"h1": h1, "h2": h2})
        self.assertEqual([pair["path"] for pair in shown["pairs"]], ["relay-tcp"])


class ResultTests(SynchronousTestCase):
    """Checks are ok only if every limit holds."""

    def test_limits(self) -> None:
        """A figure at its limit holds; above it, unmeasured, or another value falls short."""
        result = Result("x")
        result.at_most("a", 5.0, 5.0)
        result.exactly("b", [], [])
        self.assertTrue(result.ok)
        result.at_most("c", 5.1, 5.0)
        result.at_most("d", None, 5.0)
        result.exactly("e", 1, 2)
        result.fail("f")
        shown = result.to_json()
        self.assertEqual(list(shown), ["name", "ok", "figures", "limits", "shortfalls"])
        self.assertEqual((shown["ok"], len(shown["shortfalls"])), (False, 4))

    @given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50), st.integers(1, 100))
    def test_percentile(self, values: list[float], percent: int) -> None:
        """It is one of the values, and at least that share does not pass it."""
        found = percentile(values, percent)
        assert found is not None
        self.assertIn(found, values)
        self.assertGreaterEqual(sum(v <= found for v in values) * 100, percent * len(values))
        self.assertIsNone(percentile([], percent))
