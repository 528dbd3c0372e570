"""WireGuard's keys stall while the path is open."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.stall import FIRST_WAIT, NO_HANDSHAKE_FOR, REKEY_OVERDUE, SESSION_ENDS, SILENT_SESSION, StallWatch
from lanrage.core.traffic import Counters, Traffic


class Watch:
    """Looks each second; the path answers while `open`."""

    def __init__(self) -> None:
        self.watch, self.traffic = StallWatch(), Traffic()
        self.now, self.rx, self.tx, self.handshake = 0.0, 0, 0, 0.0
        self.open, self.playing = True, False
        self.stalls: list[float] = []
        self.answered = 0.0

    def run(self, seconds: float, received: int = 0, sent: int = 0) -> list[float]:
        """So much each second; when it stalled."""
        self.stalls = []
        end = self.now + seconds
        while self.now < end:
            self.now += 1.0
            self.rx, self.tx = self.rx + received, self.tx + sent
            if self.open:
                self.answered = self.now
            counters = Counters(self.rx, self.tx, self.handshake)
            self.traffic.look(counters, self.now)
            if self.watch.look(counters, self.traffic, answered_at=self.answered, playing=self.playing, now=self.now):
                self.stalls.append(self.now)
        return self.stalls


class StallTests(SynchronousTestCase):
    """When both ends begin anew."""

    def test_no_first_handshake(self) -> None:
        """Five seconds after the path opened, and after ever longer waits; not while it is closed."""
        watch = Watch()
        watch.open = False
        self.assertEqual([], watch.run(60.0, sent=148))
        watch.open = True
        opened = watch.now + 1.0
        first, second, third = watch.run(120.0, sent=148)
        self.assertEqual(NO_HANDSHAKE_FOR, first - opened)
        self.assertEqual([FIRST_WAIT, 2 * FIRST_WAIT], [second - first, third - second])
        self.assertEqual(3, watch.watch.stalls)

    def test_session_that_ended(self) -> None:
        """With no session left, five seconds of unanswered first messages."""
        watch = Watch()
        watch.handshake = 1.0
        self.assertEqual([], watch.run(SESSION_ENDS + 20.0, received=32, sent=32))
        began = watch.now + 1.0
        self.assertEqual([began + NO_HANDSHAKE_FOR], watch.run(10.0, sent=148))

    def test_silence_within_a_session(self) -> None:
        """Data that nothing comes back for is answered by WireGuard itself within ten seconds; twenty are a stall."""
        watch = Watch()
        watch.handshake = 1.0
        self.assertEqual([], watch.run(20.0, received=500, sent=500))
        self.assertEqual([], watch.run(SILENT_SESSION, sent=500))
        self.assertEqual(1, len(watch.run(2.0, sent=500)))

    def test_game_without_new_keys(self) -> None:
        """A game whose keys were not renewed in time: before the session ends. Where they are, never."""
        watch = Watch()
        watch.handshake, watch.playing = 1.0, True
        (at,) = watch.run(SESSION_ENDS - 1.0, received=500, sent=500)
        self.assertEqual(REKEY_OVERDUE, at - 1.0)
        watch = Watch()
        watch.playing = True
        for number in range(1, 20):
            watch.handshake = float(number)
            self.assertEqual([], watch.run(121.0, received=500, sent=500))

    def test_idle(self) -> None:
        """Hours of keepalives are none."""
        watch = Watch()
        watch.handshake = 1.0
        self.assertEqual([], watch.run(3 * 3600.0, received=1, sent=1))
