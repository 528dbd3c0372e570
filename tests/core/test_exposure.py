"""What a party may reach: the rule, the kept list, and the list of games that goes with them."""

from __future__ import annotations

import itertools

import attrs
from hypothesis import given
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.exposure import Arrival, Exposure, GuardRules, Verdict, judge, judge_port, within
from lanrage.core.frame_rules import DOOM_PORT, NEIGHBOUR_PORT, SERVICE_PORTS
from lanrage.core.kept_ports import KEPT, KEPT_REASONS, kept_reason
from lanrage.core.play_ports import PROTOS, PlayPorts, Proto, Source, Span, merged, parse_spans
from tests.strategies_guard import arrivals, numbers, protos, rules

STRICTER = (Exposure.ALL, Exposure.GUARDED, Exposure.GAMES)


class RuleTests(SynchronousTestCase):
    """:func:`judge`."""

    @given(rules, arrivals)
    def test_stricter(self, given_rules: GuardRules, packet: Arrival) -> None:
        """Games lets in no more than guarded, guarded no more than all."""
        wide = [judge(attrs.evolve(given_rules, exposure=each), packet).admitted for each in STRICTER]
        self.assertEqual(sorted(wide, reverse=True), wide)

    @given(rules, protos, numbers)
    def test_kept(self, given_rules: GuardRules, proto: Proto, port: int) -> None:
        """A service's port opens by the user's word alone, whatever is in play; but where all is open."""
        open_anyway = given_rules.exposure is Exposure.ALL or port in (4666, 4667, 7767)
        if within(given_rules.kept, proto, port) and not open_anyway:
            named = within(given_rules.wanted, proto, port)
            self.assertEqual(named, judge_port(given_rules, proto, port).admitted)

    def test_unknown_game(self) -> None:
        """By default a game that nobody knows works at once, a service does not; with games only what is in play."""
        play = parse_spans("4445", "x")
        wanted = {
            ("tcp", 22): (Verdict.KEPT, Verdict.KEPT),
            ("tcp", 5432): (Verdict.KEPT, Verdict.KEPT),
            ("udp", 40000): (Verdict.FREE, Verdict.REFUSED),
            ("udp", 4445): (Verdict.FREE, Verdict.PLAY),
            ("udp", DOOM_PORT): (Verdict.FREE, Verdict.REFUSED),
            ("udp", 4666): (Verdict.OWN, Verdict.OWN),
        }
        for (proto, port), verdicts in wanted.items():
            both = [GuardRules(each, (), play) for each in (Exposure.GUARDED, Exposure.GAMES)]
            found = tuple(judge_port(each, proto, port) for each in both)  # type: ignore[arg-type]
            self.assertEqual(verdicts, found, (proto, port))

    def test_sources(self) -> None:
        """The user's list is what is wanted, the other sources are in play."""
        ports = PlayPorts()
        ports.put(Source.USER, "lan.ports", [Span("tcp", 80, 80)], "")
        ports.put(Source.FIXED, "one", [Span("udp", 5, 6)], "")
        ports.started("two", [Span("udp", 7, 7)])
        expected = GuardRules(Exposure.GAMES, (Span("tcp", 80, 80),), (Span("udp", 5, 7),))
        self.assertEqual(expected, GuardRules.of(Exposure.GAMES, ports))


class KeptTests(SynchronousTestCase):
    """The kept list."""

    def test_all_below_1024(self) -> None:
        """Every low port but Doom's."""
        for proto in PROTOS:
            kept = {port for port in range(1, 1024) if kept_reason(proto, port)}
            self.assertEqual(set(range(1, 1024)) - ({DOOM_PORT} if proto == "udp" else set()), kept)

    def test_reasons(self) -> None:
        """Each row has its reason, and no two rows of one protocol meet but at the borders of merged spans."""
        self.assertTrue(all(KEPT_REASONS.values()))
        rows = sorted(KEPT_REASONS)
        for one, other in itertools.pairwise(rows):
            self.assertTrue(one.proto != other.proto or one.last < other.first, (one, other))
        self.assertEqual(merged(rows), KEPT)
        self.assertIn("Docker", kept_reason("tcp", 2375) or "")
        self.assertIsNone(kept_reason("udp", 27015))

    def test_carried(self) -> None:
        """What the LAN plane never carries, a member cannot reach by unicast either."""
        open_ones = {port for port in SERVICE_PORTS if port and kept_reason("udp", port) is None}
        self.assertEqual({4666, NEIGHBOUR_PORT, 4011, 5350}, open_ones)
