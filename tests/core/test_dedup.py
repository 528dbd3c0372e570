"""Duplicates: exact by origin, boot nonce and sequence; by content only across cards."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.dedup import (
    MAX_DIGESTS,
    MAX_NONCES,
    REPEAT_SECONDS,
    WINDOW,
    CardLedger,
    FrameLedger,
    SequenceWindow,
    datagram_digest,
)
from lanrage.core.frame_rules import canonical
from lanrage.core.lan_frames import BROADCAST_MAC, Frame, Ipx
from tests.strategies_lan import GROUP, ME, NETWORK, PEER, THIRD, udp


class WindowMachine(RuleBasedStateMachine):
    """A window against a set that remembers everything."""

    def __init__(self) -> None:
        super().__init__()
        self.window = SequenceWindow()
        self.model: set[int] = set()

    @rule(sequence=st.integers(0, 3 * WINDOW) | st.integers(0, 2**64 - 1))
    def take(self, sequence: int) -> None:
        """A frame comes: it is new only if it never came, and it is called seen only if it came or is too old."""
        old = bool(self.model) and max(self.model) - sequence >= WINDOW
        assert self.window.seen(sequence) == (old or sequence in self.model)
        if not self.window.seen(sequence):
            self.window.accept(sequence)
            self.model.add(sequence)

    @invariant()
    def small(self) -> None:
        """The memory is one bitmap."""
        assert self.window._bits < 1 << WINDOW


TestWindow = WindowMachine.TestCase


class FrameLedgerTests(SynchronousTestCase):
    """Windows by origin and boot nonce."""

    def test_restart(self) -> None:
        """After a restart the numbers begin again under another nonce, and are new."""
        ledger = FrameLedger()
        ledger.accept(PEER, 1, 1)
        self.assertTrue(ledger.seen(PEER, 1, 1))
        self.assertEqual([ledger.seen(PEER, 2, 1), ledger.seen(THIRD, 1, 1)], [False, False])

    def test_bounded(self) -> None:
        """A member that invents nonces costs four windows, and the one in use is kept."""
        ledger = FrameLedger()
        for nonce in range(1000):
            ledger.accept(PEER, 7_000, nonce)
            ledger.accept(PEER, nonce, 1)
        self.assertEqual(len(ledger._windows[PEER]), MAX_NONCES)
        self.assertTrue(ledger.seen(PEER, 7_000, 999))

    def test_forgets(self) -> None:
        """Who left is forgotten."""
        ledger = FrameLedger()
        ledger.accept(PEER, 1, 1)
        ledger.accept(THIRD, 1, 1)
        ledger.keep_only([THIRD])
        self.assertEqual((ledger.seen(PEER, 1, 1), ledger.seen(THIRD, 1, 1)), (False, True))


class CardLedgerTests(SynchronousTestCase):
    """One datagram on two cards."""

    def test_beacon_passes(self) -> None:
        """A steady announcement on one card always passes, whatever its period (Minecraft: 1.5 s)."""
        for period in (0.001, 0.1, 0.25, 1.5):
            ledger = CardLedger()
            self.assertEqual({ledger.is_copy(b"same", 3, at * period) for at in range(50)}, {False})

    def test_two_cards(self) -> None:
        """Of one datagram on two or three cards one is carried, each time, in any order."""
        ledger = CardLedger()
        for turn in range(20):
            now = turn * 1.5
            cards = [0, 3, 4] if turn % 2 else [4, 3, 0]
            self.assertEqual([ledger.is_copy(b"same", card, now + card / 1000) for card in cards], [False, True, True])

    def test_burst(self) -> None:
        """Two quick repeats on each of two cards are two datagrams."""
        for order in ([1, 2, 1, 2], [1, 1, 2, 2], [1, 2, 2, 1]):
            ledger = CardLedger()
            copies = [ledger.is_copy(b"same", card, number / 1000) for number, card in enumerate(order)]
            self.assertEqual(copies, [card == 2 for card in order])

    def test_owner_changes(self) -> None:
        """When the first card falls silent, the other one takes over after the window."""
        ledger = CardLedger()
        ledger.is_copy(b"same", 1, 10.0)
        self.assertTrue(ledger.is_copy(b"same", 2, 10.0 + REPEAT_SECONDS * 0.9))
        self.assertFalse(ledger.is_copy(b"same", 2, 10.0 + REPEAT_SECONDS))

    @given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), st.floats(0, 0.3))))
    def test_never_on_own_card(self, sends: list[tuple[int, int, float]]) -> None:
        """On a machine with one card nothing is ever a copy; with more, a copy needs another card within the window."""
        ledger, now = CardLedger(), 0.0
        shown: dict[bytes, tuple[int, float]] = {}
        for content, card, wait in sends:
            now += wait
            digest = bytes([content])
            copy = ledger.is_copy(digest, card, now)
            owner = shown.get(digest)
            self.assertEqual(copy, owner is not None and owner[0] != card and now - owner[1] < REPEAT_SECONDS)
            if not copy:
                shown[digest] = (card, now)

    def test_bounded(self) -> None:
        """A flood of different datagrams costs two generations."""
        ledger = CardLedger()
        for number in range(5 * MAX_DIGESTS):
            ledger.is_copy(number.to_bytes(8, "big"), 1, 1.0)
        self.assertLessEqual(len(ledger), 2 * MAX_DIGESTS)


class DigestTests(SynchronousTestCase):
    """What one datagram is."""

    def test_same(self) -> None:
        """The form of the broadcast does not matter."""
        limited = udp(ME, NETWORK.broadcast_address.__class__("255.255.255.255"))
        self.assertEqual(datagram_digest(canonical(udp(ME))), datagram_digest(canonical(limited)))

    def test_other(self) -> None:
        """Ports, groups and payload do."""
        made = [
            udp(ME),
            udp(ME, source_port=5556),
            udp(ME, destination_port=6001),
            udp(ME, GROUP),
            udp(ME, payload=b"other"),
        ]
        frames = [canonical(each) for each in made] + [Frame(BROADCAST_MAC, bytes(6), Ipx(b"\x81\x37"))]
        self.assertEqual(len({datagram_digest(frame) for frame in frames}), len(frames))
