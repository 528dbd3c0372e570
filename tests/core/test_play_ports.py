"""Ports in play: what is read, what is merged, and the registry against a plain model."""

from __future__ import annotations

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.play_ports import (
    GAMES_LIMIT,
    LAST_PORT,
    SPANS_LIMIT,
    InPlay,
    PlayPorts,
    Proto,
    Source,
    Span,
    merged,
    parse_spans,
)
from lanrage.errors import BadInput
from tests.strategies_guard import numbers, protos, spans

sources = st.sampled_from(Source)
games = st.sampled_from(("quake", "doom", "chess"))


class SpanTests(SynchronousTestCase):
    """Spans of ports."""

    def test_read(self) -> None:
        """With a protocol, with both, ranges, blanks; nothing is no ports."""
        self.assertEqual((), parse_spans(" , ", "lan-ports"))
        expected = (
            Span("tcp", 80, 80),
            Span("udp", 27960, 27963),
            Span("tcp", 1, LAST_PORT),
            Span("udp", 1, LAST_PORT),
        )
        self.assertEqual(expected, parse_spans("80/tcp, 27960-27963/udp,1-65535", "lan-ports"))

    def test_refused(self) -> None:
        """The error names the field and the rule."""
        for text in ("0", "65536", "5-4", "80/sctp", "80/", "x", "-5", "5-", "1-2-3", "१", "99999999999999999999"):
            with self.assertRaisesRegex(BadInput, "lan-ports.*is not PORT or FIRST-LAST"):
                parse_spans(text, "lan-ports")
        with self.assertRaisesRegex(BadInput, f"more than {SPANS_LIMIT}"):
            parse_spans(",".join(["1"] * (SPANS_LIMIT + 1)), "lan-ports")

    @given(spans)
    def test_written(self, span: Span) -> None:
        """What a span says is read as the same."""
        self.assertEqual((span,), parse_spans(str(span), "x"))

    @given(st.lists(spans, max_size=6), protos, numbers)
    def test_merged(self, some: list[Span], proto: Proto, port: int) -> None:
        """The same ports; in order, apart from each other."""
        found = merged(some)
        self.assertEqual(any((proto, port) in each for each in some), any((proto, port) in each for each in found))
        for one, other in itertools.pairwise(found):
            self.assertTrue(one.proto < other.proto or one.last + 1 < other.first)


class RegistryMachine(RuleBasedStateMachine):
    """The registry against a dict; a listener hears of every change and of nothing else."""

    def __init__(self) -> None:
        super().__init__()
        self.ports = PlayPorts()
        self.model: dict[tuple[Source, str], tuple[tuple[Span, ...], str]] = {}
        self.heard = 0
        self.ports.listen(self.hear)

    def hear(self) -> None:
        """A change."""
        self.heard += 1

    def changes(self, key: tuple[Source, str], value: tuple[tuple[Span, ...], str] | None) -> int:
        """Note a change in the model; how many changes it is."""
        before = self.model.get(key)
        if value is None:
            self.model.pop(key, None)
        else:
            self.model[key] = value
        return int(before != value)

    @rule(source=sources, game=games, some=st.lists(spans, max_size=3), reason=st.sampled_from("ab"))
    def put(self, source: Source, game: str, some: list[Span], reason: str) -> None:
        """Name a game's ports."""
        heard = self.heard + self.changes((source, game), (merged(some), reason))
        self.ports.put(source, game, some, reason)
        assert self.heard == heard

    @rule(source=sources, game=games)
    def take_out(self, source: Source, game: str) -> None:
        """Take a game out, there or not."""
        heard = self.heard + self.changes((source, game), None)
        self.ports.take_out(source, game)
        assert self.heard == heard

    @rule(game=games, some=st.lists(spans, max_size=2))
    def played(self, game: str, some: list[Span]) -> None:
        """A game starts and ends."""
        self.ports.started(game, some)
        assert self.ports.of(Source.DETECTED) == merged(
            [
                *some,
                *(
                    s
                    for (source, name), row in self.model.items()
                    for s in row[0]
                    if source is Source.DETECTED and name != game
                ),
            ]
        )
        self.ports.ended(game)
        self.model.pop((Source.DETECTED, game), None)

    @invariant()
    def same(self) -> None:
        """Every row with its reason, and each source's ports."""
        rows = {InPlay(s, source, game, reason) for (source, game), (some, reason) in self.model.items() for s in some}
        assert set(self.ports.all()) == rows
        for source in Source:
            named = [each for (owner, _), (some, _) in self.model.items() if owner is source for each in some]
            assert self.ports.of(source) == merged(named)


class RegistryTests(SynchronousTestCase):
    """Bounds, listeners, reasons."""

    def test_machine(self) -> None:
        """See :class:`RegistryMachine`."""
        run_state_machine_as_test(RegistryMachine, settings=settings(max_examples=40, stateful_step_count=15))

    def test_bounds(self) -> None:
        """Too many spans, too many games: refused, and nothing was changed; other sources have their own room."""
        ports = PlayPorts()
        many = [Span("udp", 2 * number + 1, 2 * number + 1) for number in range(SPANS_LIMIT + 1)]
        with self.assertRaisesRegex(BadInput, "spans"):
            ports.started("vast", many)
        for number in range(GAMES_LIMIT):
            ports.started(f"game {number}", many[:1])
        with self.assertRaisesRegex(BadInput, "games"):
            ports.started("one more", many[:1])
        ports.started("game 7", many[:2])
        ports.put(Source.USER, "lan.ports", many[:1], "named")
        self.assertEqual(GAMES_LIMIT + 2, len(ports.all()))
        self.assertEqual(GAMES_LIMIT + 1, len(ports.reasons("udp", 1)))
        self.assertEqual([], ports.reasons("tcp", 1))

    def test_listeners(self) -> None:
        """One that ended hears nothing more; ending twice is no error."""
        ports, heard = PlayPorts(), []
        end = ports.listen(lambda: heard.append(1))
        ports.started("one", [Span("udp", 5, 5)])
        ports.started("one", [Span("udp", 5, 5)])
        end()
        end()
        ports.ended("one")
        self.assertEqual([1], heard)
