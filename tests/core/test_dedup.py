"""Carried frames that were here before: exact, by origin, boot nonce and sequence."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.dedup import MAX_NONCES, WINDOW, FrameLedger, SequenceWindow
from tests.strategies_lan import PEER, THIRD


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
