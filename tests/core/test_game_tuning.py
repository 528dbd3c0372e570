"""What running games want together: pure rules against plain models."""

from __future__ import annotations

import attrs
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.game_detection import DetectionResult, Method
from lanrage.core.game_profile import TrafficClass
from lanrage.core.game_tuning import (
    MTU_LIMIT,
    UNTUNED,
    GameWishes,
    Marked,
    Tuning,
    tuned,
    wishes_of,
    without,
)
from lanrage.core.play_ports import SPANS_LIMIT, Proto, Span, merged
from tests.fakes_running_games import ARMA, FILES, TEEWORLDS, running, udp
from tests.strategies_guard import numbers, protos, spans

some_spans = st.lists(spans, max_size=6)
wishes = st.builds(
    GameWishes,
    st.lists(spans, max_size=4).map(merged),
    st.none() | st.integers(1, 120),
    st.none() | st.integers(68, 9000),
    st.none() | st.sampled_from(TrafficClass),
)


class PortsTests(SynchronousTestCase):
    """The ports of one game."""

    @given(some_spans, some_spans, protos, numbers)
    def test_without(self, left: list[Span], taken: list[Span], proto: Proto, number: int) -> None:
        """A port is left if one has it and none of the others; the result is merged."""
        found = without(left, taken)
        edges = {edge for span in (*left, *taken) for edge in (span.first - 1, span.first, span.last, span.last + 1)}
        for port in {number, *edges}:
            inside = any((proto, port) in span for span in left) and not any((proto, port) in span for span in taken)
            self.assertEqual(any((proto, port) in span for span in found), inside)
        self.assertEqual(found, merged(found))

    def test_profile_and_sockets(self) -> None:
        """The profile's ports, those of its discovery, and where the game listens; a console of it is left out."""
        game = running("teeworlds", udp(8303), udp(40123), Span("tcp", 8080, 8080), Span("tcp", 80, 80))
        self.assertEqual(
            wishes_of(game, TEEWORLDS), GameWishes((udp(8303, 8310), udp(40123)), 10, 1400, TrafficClass.REALTIME)
        )
        self.assertEqual(wishes_of(game, None), GameWishes((udp(8303), udp(40123))))

    def test_guesses_open_nothing_of_their_own(self) -> None:
        """Of ports, windows and the user's word the profile's ports are opened, and no other socket."""
        for method in (Method.PORTS, Method.WINDOW, Method.MANUAL):
            sign = DetectionResult("teeworlds", method, 0.75, "why", 7)
            game = attrs.evolve(running("teeworlds", udp(8303), udp(40123)), results=(sign,))
            self.assertEqual(wishes_of(game, TEEWORLDS).ports, (udp(8303, 8310),))
            self.assertEqual(wishes_of(game, None).ports, ())

    def test_kept_discovery(self) -> None:
        """What a profile names is registered as it is: the guard never opens a kept port of a noticed game."""
        self.assertEqual(wishes_of(running("arma"), ARMA).ports, (udp(2302, 2303),))

    @given(st.sets(st.integers(1024, 60000), max_size=200))
    def test_bound(self, ports: set[int]) -> None:
        """However many sockets a game has: no more spans than the registry takes, the profile's among them."""
        game = running("teeworlds", *(udp(port) for port in sorted(ports)))
        found = wishes_of(game, TEEWORLDS).ports
        self.assertLessEqual(len(found), SPANS_LIMIT)
        self.assertEqual(without((udp(8303, 8310),), found), ())


class TogetherTests(SynchronousTestCase):
    """Several games."""

    def test_none(self) -> None:
        """Without games nothing is another than before."""
        self.assertEqual(tuned({}), UNTUNED)

    def test_lowest(self) -> None:
        """The lowest keepalive and MTU of all count; the urgent game has the ports that both claim."""
        games = {each.game: wishes_of(running(each.game), each) for each in (TEEWORLDS, ARMA, FILES)}
        self.assertEqual(
            tuned(games),
            Tuning(
                7,
                1300,
                (
                    Marked(TrafficClass.REALTIME, (udp(8303, 8310),)),
                    Marked(TrafficClass.BULK, (udp(8311, 8400),)),
                ),
                TrafficClass.REALTIME,
            ),
        )

    @given(st.dictionaries(st.sampled_from("abcde"), wishes))
    def test_bounds(self, games: dict[str, GameWishes]) -> None:
        """Keepalive and MTU are within what links can do, and never more than a game names unless they must be."""
        found = tuned(games)
        keepalives = [each.keepalive for each in games.values() if each.keepalive is not None]
        mtus = [each.mtu for each in games.values() if each.mtu is not None]
        self.assertEqual(found.keepalive, max(5, min(keepalives)) if keepalives else None)
        self.assertEqual(found.mtu, min(MTU_LIMIT, max(1280, min(mtus))) if mtus else 1280)

    @given(st.dictionaries(st.sampled_from("abcde"), wishes), protos, numbers)
    def test_one_mark(self, games: dict[str, GameWishes], proto: Proto, number: int) -> None:
        """A port has at most one mark: that of the most urgent game with it, and none where that goes as it is."""
        order = [TrafficClass.REALTIME, TrafficClass.STANDARD, TrafficClass.BULK]
        edges = {edge for each in games.values() for span in each.ports for edge in (span.first, span.last)}
        found = tuned(games)
        for port in {number, *edges}:
            claims = [
                each.traffic
                for each in games.values()
                if each.traffic is not None and any((proto, port) in span for span in each.ports)
            ]
            first = min(claims, key=order.index, default=TrafficClass.STANDARD)
            marked = [each.traffic for each in found.marks if any((proto, port) in span for span in each.ports)]
            self.assertEqual(marked, [] if first is TrafficClass.STANDARD else [first])

    def test_outer(self) -> None:
        """The packets outside bear the most urgent mark; beside a game that goes as it is, bulk does not count."""
        cases = (
            ((TrafficClass.BULK, TrafficClass.REALTIME, TrafficClass.STANDARD), TrafficClass.REALTIME),
            ((TrafficClass.BULK, TrafficClass.STANDARD), None),
            ((TrafficClass.BULK, None), TrafficClass.BULK),
            ((None,), None),
        )
        for classes, outer in cases:
            games = {str(number): GameWishes(traffic=each) for number, each in enumerate(classes)}
            self.assertEqual(tuned(games).outer, outer)
