"""What the byte counters tell: playing, and packets that nobody answers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.traffic import PLAYING_SPAN, QUIET_AFTER, SILENT_AFTER, Counters, Traffic


def walk(steps: list[tuple[int, int]], gap: float = 1.0) -> tuple[Traffic, float]:
    """Counters that grow by these, one look after another."""
    traffic, rx, tx, now = Traffic(), 0, 0, 0.0
    traffic.look(Counters(0, 0), now)
    for received, sent in steps:
        now += gap
        rx, tx = rx + received, tx + sent
        traffic.look(Counters(rx, tx), now)
    return traffic, now


class PlayingTests(SynchronousTestCase):
    """A game runs."""

    def test_game(self) -> None:
        """Ten packets of 96 bytes a second are one; two seconds after the last it is over."""
        traffic, now = walk([(480, 480)] * 3)
        self.assertTrue(traffic.playing(now))
        self.assertTrue(traffic.playing(now + PLAYING_SPAN - 0.01))
        self.assertFalse(traffic.playing(now + PLAYING_SPAN))

    def test_wireguards_own(self) -> None:
        """Keepalives and a handshake of WireGuard itself are none."""
        traffic, now = walk([(32, 32), (92 + 32, 148 + 32), (32, 32)])
        self.assertFalse(traffic.playing(now))

    def test_one_way(self) -> None:
        """A stream in one direction counts."""
        for step in ((0, 1000), (1000, 0)):
            traffic, now = walk([step] * 2)
            self.assertTrue(traffic.playing(now))

    def test_announcements(self) -> None:
        """Carried announcements alone are no game; beside a game they hide nothing, and many of them are one."""
        for each, game, playing in ((2000, 0, False), (2000, 300, True), (16_000, 0, True)):
            traffic = Traffic()
            for second in range(4):
                total = second * (each + game)
                traffic.look(Counters(total // 2, total - total // 2, lan=second * each), float(second))
            self.assertEqual(playing, traffic.playing(3.0))

    def test_talk(self) -> None:
        """What members tell each other at once is no game, however soon it is looked at, and whether we or WireGuard
        count it first; much more at once is one."""
        for size, playing in ((2300, False), (12_000, True)):
            for looks in (((1, 1),), ((0, 1), (1, 1)), ((1, 0), (1, 1))):
                traffic = Traffic()
                for round_ in range(4):
                    traffic.look(Counters(round_ * size, 0, lan=round_ * size), 10.0 * round_)
                    for step, (theirs, ours) in enumerate(looks, 1):
                        counters = Counters((round_ + theirs) * size, 0, lan=(round_ + ours) * size)
                        traffic.look(counters, 10.0 * round_ + step / 100)
                    self.assertEqual(traffic.playing(10.0 * round_ + 0.1), playing)

    def test_peer_added_anew(self) -> None:
        """Counters that begin anew are no traffic and leave nothing unanswered."""
        traffic, now = walk([(0, 5000)] * 3)
        traffic.look(Counters(0, 0), now + 1.0)
        self.assertEqual((False, 0.0), (traffic.doubtful(now + 1.0), traffic.silence(now + 5.0)))

    @given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), max_size=100), st.floats(0.01, 3.0))
    def test_any_growth(self, steps: list[tuple[int, int]], gap: float) -> None:
        """Playing exactly where the last two seconds brought enough; memory is bounded."""
        traffic, now = walk(steps, gap)
        self.assertLessEqual(len(traffic._growth), 64)
        self.assertFalse(traffic.playing(now + PLAYING_SPAN + gap))
        self.assertGreaterEqual(traffic.silence(now), 0.0)


class DoubtTests(SynchronousTestCase):
    """Packets go out and none comes back."""

    def test_unanswered(self) -> None:
        """A second after the first that was not answered the path is to be asked; an answer ends it."""
        traffic, now = walk([(100, 100), (0, 300)])
        self.assertFalse(traffic.doubtful(now + SILENT_AFTER - 0.01))
        self.assertTrue(traffic.doubtful(now + SILENT_AFTER))
        traffic.look(Counters(132, 400), now + 1.0)
        self.assertEqual((False, 0.0), (traffic.doubtful(now + 1.0), traffic.silence(now + 1.0)))

    def test_keepalives_have_no_answer(self) -> None:
        """Sent keepalives alone are no reason to ask."""
        traffic, now = walk([(100, 100), (0, 32), (0, 32)])
        self.assertFalse(traffic.doubtful(now + 5.0))

    def test_no_keepalive(self) -> None:
        """Where not even a keepalive came for long the path is asked."""
        traffic, now = walk([(32, 32)])
        self.assertFalse(traffic.doubtful(now + QUIET_AFTER - 0.1))
        self.assertTrue(traffic.doubtful(now + QUIET_AFTER))

    def test_never_read(self) -> None:
        """Before the counters were read there is no doubt."""
        self.assertEqual((False, False), (Traffic().doubtful(1e9), Traffic().playing(1e9)))
