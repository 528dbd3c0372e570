"""Limits of the LAN plane: a storm is bounded, what repeats goes first, and who is modest is heard."""

from __future__ import annotations

from ipaddress import IPv4Address

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.frame_rules import canonical
from lanrage.core.lan_frames import Drop, Frame
from lanrage.core.lan_limits import (
    GAME_BURST,
    GAME_RATE,
    MACHINE_BURST,
    MACHINE_RATE,
    PARTY_RATE,
    REPEAT_SECONDS,
    REPEATS_KEPT,
    LanLimits,
    Repeats,
)
from tests.strategies_lan import ME, NETWORK, PEER, THIRD, udp

members = st.sampled_from([ME, PEER, THIRD])
storms = st.lists(
    st.tuples(members, st.integers(1, 5), st.booleans(), st.sampled_from([0.0, 0.0005, 0.3])), max_size=40
)


def frame(source: IPv4Address, number: int, port: int = 6000) -> Frame:
    """One of many datagrams of a game."""
    return canonical(udp(source, destination_port=port, payload=number.to_bytes(4, "big")))


def blast(limits: LanLimits, source: IPv4Address, rate: int, start: float, seconds: int) -> list[Drop | None]:
    """Different datagrams of one member at a steady rate."""
    return [
        limits.incoming(frame(source, number, 6000 + number % 10), source, start + number / rate)
        for number in range(rate * seconds)
    ]


class OutgoingTests(SynchronousTestCase):
    """What this machine's games send."""

    def test_games(self) -> None:
        """A game that announces, one that asks each 100 ms, and a sweep over 256 ports lose nothing."""
        limits = LanLimits()
        for turn in range(600):
            now = turn / 10
            self.assertIsNone(limits.outgoing(frame(ME, 1, 4445), now))
            self.assertIsNone(limits.outgoing(frame(ME, 2, 27960), now))
        for port in range(8000, 8256):
            self.assertIsNone(limits.outgoing(frame(ME, 3, port), 60.0))

    def test_repeats_first(self) -> None:
        """In a storm of repeats another datagram of the same game still leaves; repeats are shed as a storm."""
        limits = LanLimits()
        shed = [limits.outgoing(frame(ME, 1), number / 10_000) for number in range(10_000)]
        self.assertEqual({None, Drop.STORM}, set(shed))
        self.assertIsNone(limits.outgoing(frame(ME, 2), 1.0))

    def test_bounded(self) -> None:
        """No game gets more than its bound, nor all of them together more than the machine's."""
        limits = LanLimits()
        passed = [number for number in range(5000) if limits.outgoing(frame(ME, number), number / 5000) is None]
        self.assertLessEqual(len(passed), GAME_BURST + GAME_RATE)
        reasons = [limits.outgoing(frame(ME, number, 7000 + number % 50), 10.0) for number in range(5000)]
        self.assertLessEqual(reasons.count(None), MACHINE_BURST)
        self.assertIn(Drop.MEMBER_LIMIT, reasons)


class IncomingTests(SynchronousTestCase):
    """What members send."""

    def test_flood(self) -> None:
        """One member's flood of 20,000 a second is bounded, and costs another member's announcements nothing."""
        limits, passed = LanLimits(), 0
        for number in range(60_000):
            now = number / 20_000
            passed += limits.incoming(frame(PEER, number), PEER, now) is None
            if number % 10_000 == 0:
                self.assertIsNone(limits.incoming(frame(THIRD, 1), THIRD, now))
        self.assertLessEqual(passed, GAME_BURST + 3 * GAME_RATE + 1)

    def test_many_floods(self) -> None:
        """When all but one flood, they soon share the party's bound, and the modest one is heard."""
        limits, passed = LanLimits(), 0
        floods = [NETWORK.network_address + number for number in range(10, 26)]
        for number in range(3000):
            now = number / 1000
            for source in floods:
                refusal = limits.incoming(frame(source, number, 6000 + number % 10), source, now)
                passed += refusal is None and now >= 2.0
            if number % 1000 == 0:
                self.assertIsNone(limits.incoming(frame(THIRD, 1), THIRD, now))
        self.assertLessEqual(passed, PARTY_RATE + 1)

    def test_reasons(self) -> None:
        """Each bound has its reason."""
        self.assertEqual({None, Drop.MEMBER_LIMIT}, set(blast(LanLimits(), PEER, 2000, 0.0, 2)))
        limits = LanLimits()
        self.assertIn(Drop.GAME_LIMIT, [limits.incoming(frame(PEER, number), PEER, 0.0) for number in range(700)])
        limits = LanLimits()
        reasons = set()
        for number in range(1100):
            for source in (ME, PEER, THIRD):
                reasons.add(limits.incoming(frame(source, number, 6000 + number % 10), source, 0.0))
        self.assertIn(Drop.PARTY_LIMIT, reasons)

    @given(storms)
    def test_member_bound(self, walk: list[tuple[IPv4Address, int, bool, float]]) -> None:
        """In every run a member gets at most its burst and what the rate added."""
        limits, now = LanLimits(), 0.0
        passed = {ME: 0, PEER: 0, THIRD: 0}
        for number, (source, port, same, wait) in enumerate(walk):
            now += wait
            for each in range(60):
                shown = frame(source, 0 if same else number * 60 + each, 6000 + port)
                passed[source] += limits.incoming(shown, source, now) is None
        self.assertLessEqual(max(passed.values()), MACHINE_BURST + MACHINE_RATE * now)


class RepeatTests(SynchronousTestCase):
    """What counts as a repeat."""

    def test_ages(self) -> None:
        """Within a second it is one, after two it is none."""
        for wait, again in ((0.0, True), (REPEAT_SECONDS * 0.99, True), (REPEAT_SECONDS * 2, False)):
            repeats = Repeats()
            self.assertFalse(repeats.note(1, 10.0))
            self.assertEqual(repeats.note(1, 10.0 + wait), again)

    def test_bounded(self) -> None:
        """Two generations, whatever comes."""
        repeats = Repeats()
        for number in range(5 * REPEATS_KEPT):
            repeats.note(number, 1.0)
        self.assertLessEqual(len(repeats), 2 * REPEATS_KEPT)
