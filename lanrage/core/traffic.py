"""What WireGuard's byte counters tell of a peer: whether a game runs, whether packets go out and none comes back."""

from __future__ import annotations

from collections import deque

import attrs

PLAYING_SPAN = 2.0
"""Seconds after the counters grew last in which the pair counts as playing."""
PLAYING_BYTES = 400
"""Bytes, both ways together, that the counters grow by in that span where a game runs. A keepalive has 32 bytes, a
handshake 148 and 92, and both may come in one span; a game sends ten packets a second of 96 bytes and more."""
ANNOUNCED_RATE = 8000.0
"""Bytes a second, both ways together, of what LAN plane and party channel carry and that is no playing: announcements,
35 a second of 230 bytes. A game that is played by broadcasts (Doom by IPX: 35 a second each way) is above it."""
ANNOUNCED_BURST = 0.5
"""Seconds of that rate which may come at once: what members tell each other of a party of 64 has 2,300 bytes, and the
counters may be read right after it."""
SILENT_BYTES = 140
"""Bytes sent since the last were received, from which an answer is missed: more than a few keepalives, which have none,
less than the first message of a handshake (148), which always has one."""
SILENT_AFTER = 1.0
"""Seconds in which an answer is awaited before the path is asked."""

QUIET_AFTER = 35.0
"""Seconds without anything received, after which the path is asked: both ends send keepalives, mostly each 25 s."""


@attrs.frozen
class Counters:
    """A peer's counters as WireGuard has them.

    :param rx: bytes received since the peer was added.
    :param tx: bytes sent since then.
    :param lan: of both, what the LAN plane and the party channel took.
    :param handshake: WireGuard's time of the last handshake, 0.0 = never; compared with itself alone.
    """

    rx: int
    tx: int
    handshake: float = 0.0
    lan: int = 0


@attrs.define
class Traffic:
    """Follows the counters of one peer; bounded by how often they are read in two seconds.

    :ivar received_at: when they told last that something came in; at first, when they were read first.
    """

    received_at: float = float("inf")
    _seen: Counters | None = None
    _seen_at: float = 0.0
    _growth: deque[tuple[float, int]] = attrs.field(factory=lambda: deque(maxlen=64))
    _allowed: float = ANNOUNCED_RATE * ANNOUNCED_BURST
    _unanswered: int = 0
    _sent_since: float | None = None

    def look(self, counters: Counters, now: float) -> None:
        """The counters were read."""
        before, self._seen = self._seen, counters
        since, self._seen_at = now - self._seen_at, now
        if before is None or counters.rx < before.rx or counters.tx < before.tx:
            self._unanswered, self._sent_since, self.received_at = 0, None, now
            return  # the peer was removed and added
        self._allowed = min(ANNOUNCED_RATE * max(ANNOUNCED_BURST, since), self._allowed + ANNOUNCED_RATE * since)
        announced = max(0, min(counters.lan - before.lan, round(self._allowed)))
        self._allowed -= announced
        received, sent = counters.rx - before.rx, counters.tx - before.tx
        if received or sent or announced:  # less than nothing where WireGuard counts in another look what we counted
            self._growth.append((now, received + sent - announced))
        if received:
            self.received_at = now
            self._unanswered, self._sent_since = 0, None
        elif sent:
            self._unanswered += sent
            if self._sent_since is None:
                self._sent_since = now

    def playing(self, now: float) -> bool:
        """A game runs: the counters grew in the last two seconds by more than WireGuard's own messages."""
        while self._growth and self._growth[0][0] <= now - PLAYING_SPAN:
            self._growth.popleft()
        return sum(size for _, size in self._growth) > PLAYING_BYTES

    def silence(self, now: float) -> float:
        """Seconds since packets went out to which none came back; 0 where that is not so."""
        if self._sent_since is None or self._unanswered < SILENT_BYTES:
            return 0.0
        return now - self._sent_since

    def doubtful(self, now: float) -> bool:
        """Packets went out for a second and none came in, or not even a keepalive came in."""
        return self.silence(now) >= SILENT_AFTER or now - self.received_at >= QUIET_AFTER
