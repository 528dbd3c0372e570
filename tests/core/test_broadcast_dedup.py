"""One datagram on several cards: copies are found by content, honest repetitions are not taken for copies."""

from __future__ import annotations

import attrs
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.broadcast_dedup import (
    AUDIT_EVERY,
    MAX_DIGESTS,
    TOGETHER_SECONDS,
    WINDOW_SECONDS,
    BroadcastDeduplicator,
    datagram_content,
)
from lanrage.core.frame_rules import canonical
from lanrage.core.lan_frames import BROADCAST_MAC, LIMITED_BROADCAST, Frame, Ipx
from lanrage.wire.packets import write_frame
from tests.strategies_lan import GROUP, ME, beacon, udp

SAME = beacon(source=ME)


def content(number: int) -> bytes:
    """One of many different datagrams."""
    return beacon(source=ME, payload=number.to_bytes(4, "big"))


@attrs.define
class Shown:
    """What the plain model knows of one datagram."""

    owner: int
    at: float
    echo: float | None = None


class CardsMachine(RuleBasedStateMachine):
    """Cards that show datagrams at any time, against a model that forgets nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.dedup = BroadcastDeduplicator()
        self.now = 100.0
        self.model: dict[int, Shown] = {}

    @rule(wait=st.sampled_from([0.0, 0.001, 0.1, TOGETHER_SECONDS, 0.5, 1.5, WINDOW_SECONDS, 11.0]))
    def wait(self, wait: float) -> None:
        """Time passes."""
        self.now += wait

    @rule(number=st.integers(0, 2), card=st.integers(0, 3))
    def show(self, number: int, card: int) -> None:
        """A card shows a datagram: a copy is one only of what another card showed within the window."""
        known = self.model.get(number)
        copy = (
            known is not None
            and known.owner != card
            and self.now - known.at < WINDOW_SECONDS
            and not (known.echo is not None and self.now - known.echo >= TOGETHER_SECONDS)
        )
        assert self.dedup.is_copy(content(number), card, self.now) == copy
        if known is not None and copy:
            known.echo = self.now if known.echo is None else known.echo
        else:
            self.model[number] = Shown(card, self.now)


TestCards = CardsMachine.TestCase


class CopyTests(SynchronousTestCase):
    """Examples from games."""

    def test_beacon_passes(self) -> None:
        """A steady announcement on one card always passes, whatever its period (Minecraft: 1.5 s)."""
        for period in (0.001, 0.1, 0.25, 1.5):
            dedup = BroadcastDeduplicator()
            self.assertEqual({dedup.is_copy(SAME, 3, at * period) for at in range(50)}, {False})

    def test_two_cards(self) -> None:
        """Of one datagram on two or three cards one is carried, each time; cards that are first in turn do no harm."""
        for period in (0.05, 1.5, 4.0, 30.0):
            dedup = BroadcastDeduplicator()
            for turn in range(20):
                shown = [dedup.is_copy(SAME, card, turn * period + card / 1000) for card in (0, 3, 4)]
                self.assertEqual(shown, [False, True, True])

    def test_burst(self) -> None:
        """Two quick repeats on each of two cards are two datagrams."""
        for order in ([1, 2, 1, 2], [1, 1, 2, 2], [1, 2, 2, 1]):
            dedup = BroadcastDeduplicator()
            copies = [dedup.is_copy(SAME, card, number / 1000) for number, card in enumerate(order)]
            self.assertEqual(copies, [card == 2 for card in order])

    def test_slow_game(self) -> None:
        """A game that takes a second from card to card says one thing, not three."""
        dedup = BroadcastDeduplicator()
        self.assertEqual([dedup.is_copy(SAME, card, float(card)) for card in (1, 2, 3)], [False, True, False])

    def test_moves(self) -> None:
        """A game that moves to another card loses one datagram at most; none when its card went away."""
        dedup = BroadcastDeduplicator()
        dedup.is_copy(SAME, 1, 10.0)
        self.assertEqual([dedup.is_copy(SAME, 2, 11.5 + 1.5 * turn) for turn in range(4)], [True, False, False, False])
        dedup = BroadcastDeduplicator()
        dedup.is_copy(SAME, 1, 10.0)
        dedup.forget_card(1)
        self.assertFalse(dedup.is_copy(SAME, 2, 10.1))

    def test_window(self) -> None:
        """The window is a setting."""
        for window in (0.5, 60.0):
            dedup = BroadcastDeduplicator(window)
            dedup.is_copy(SAME, 1, 10.0)
            self.assertTrue(dedup.is_copy(SAME, 2, 10.0 + window * 0.99))
            dedup = BroadcastDeduplicator(window)
            dedup.is_copy(SAME, 1, 10.0)
            self.assertFalse(dedup.is_copy(SAME, 2, 10.0 + window))

    @given(st.lists(st.tuples(st.integers(0, 3), st.floats(0, 7))))
    def test_one_card(self, sends: list[tuple[int, float]]) -> None:
        """On a machine with one card nothing is ever a copy."""
        dedup, now = BroadcastDeduplicator(), 0.0
        for number, wait in sends:
            now += wait
            self.assertFalse(dedup.is_copy(content(number), 0, now))

    def test_bounded(self) -> None:
        """A flood of different datagrams costs two generations; a quiet time, none."""
        dedup = BroadcastDeduplicator()
        for number in range(3 * MAX_DIGESTS):
            dedup.is_copy(content(number), 1, 1.0)
        self.assertLessEqual(len(dedup), 2 * MAX_DIGESTS)
        self.assertLessEqual(len(dedup._kept), 2 * MAX_DIGESTS // AUDIT_EVERY + 1)
        for turn in range(1, 3):
            dedup.is_copy(SAME, 1, 1.0 + turn * WINDOW_SECONDS)
        self.assertEqual((len(dedup), len(dedup._kept)), (2, 0))


class AuditTests(SynchronousTestCase):
    """False positives are measured."""

    def test_right(self) -> None:
        """Of copies, those of a kept datagram are compared, and found right."""
        dedup = BroadcastDeduplicator()
        for card in (1, 2):
            for number in range(AUDIT_EVERY * 3):
                dedup.is_copy(content(number), card, 1.0)
        self.assertEqual((dedup.audited, dedup.false_positives), (3, 0))

    def test_wrong(self) -> None:
        """A digest that two datagrams share is found, and the second one is carried."""
        dedup = BroadcastDeduplicator()
        for number in range(AUDIT_EVERY):
            dedup.is_copy(content(number), 1, 1.0)
        (key,) = dedup._kept
        dedup._kept[key] = b"what another datagram says"
        self.assertFalse(dedup.is_copy(content(AUDIT_EVERY - 1), 2, 1.0))
        self.assertEqual((dedup.audited, dedup.false_positives), (1, 1))


class ContentTests(SynchronousTestCase):
    """What one datagram is."""

    def test_same(self) -> None:
        """The form of the broadcast does not matter."""
        limited = beacon(source=ME, destination=LIMITED_BROADCAST)
        self.assertEqual(datagram_content(SAME), datagram_content(limited))

    def test_other(self) -> None:
        """Ports, groups and payload do."""
        made = [
            udp(ME),
            udp(ME, source_port=5556),
            udp(ME, destination_port=6001),
            udp(ME, GROUP),
            udp(ME, payload=b"other"),
        ]
        frames = [canonical(each) for each in made]
        frames += [Frame(BROADCAST_MAC, bytes(6), Ipx(b"\x81\x37" + bytes(28) + end)) for end in (b"a", b"b")]
        self.assertEqual(len({datagram_content(write_frame(frame)) for frame in frames}), len(frames))
