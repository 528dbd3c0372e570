"""Whom the node answers for on the LAN card."""

from __future__ import annotations

import attrs
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.arp_answers import REPLY, REQUEST, Arp, answer
from lanrage.core.lan_frames import derived_mac
from tests.strategies_lan import ME, PEER, REAL, THIRD, addresses, lan_of, macs

LAN = lan_of(ME, PEER)
ASKED = Arp(REQUEST, derived_mac(ME), ME, bytes(6), PEER)


class AnswerTests(SynchronousTestCase):
    """Questions of this machine, and what only looks like them."""

    def test_member(self) -> None:
        """A current member's MAC, told to the one who asked."""
        self.assertEqual(answer(ASKED, LAN), Arp(REPLY, derived_mac(PEER), PEER, derived_mac(ME), ME))

    def test_silence(self) -> None:
        """Nothing for oneself, for strangers, to others' questions, to answers."""
        changes = (
            {"target": ME},
            {"target": THIRD},
            {"target": REAL},
            {"sender": REAL},
            {"sender_mac": derived_mac(PEER)},
            {"operation": REPLY},
        )
        for change in changes:
            self.assertIsNone(answer(attrs.evolve(ASKED, **change), LAN))

    @given(st.builds(Arp, st.integers(0, 3), macs(), addresses(), macs(), addresses()))
    def test_any(self, asked: Arp) -> None:
        """Whatever is asked, only members are answered for, and only to this member."""
        given_answer = answer(asked, LAN)
        if given_answer is not None:
            self.assertEqual((given_answer.sender, given_answer.target), (PEER, ME))
            self.assertEqual((given_answer.sender_mac, given_answer.target_mac), (derived_mac(PEER), derived_mac(ME)))
