"""Noticing that WireGuard's keys stall while the path is open, so that both ends begin anew.

A handshake's first message carries a TAI64N time stamp, and the other end takes only a later one than it saw before
(WireGuard paper, section 5.1). A clock that went back so stops every new handshake, until it has passed the old time.
"""

from __future__ import annotations

import attrs

from lanrage.core.traffic import Counters, Traffic

ANSWERED_WITHIN = 3.0
"""Seconds within which the path must have answered a probe: else it is the path that is at fault."""
NO_HANDSHAKE_FOR = 5.0
"""Seconds without a handshake though packets are sent, where there is no session: WireGuard's RekeyTimeout."""
SILENT_SESSION = 20.0
"""Seconds without an answer where there may be a session: WireGuard answers data after 10 s at the latest, and begins a
handshake after 15 (KeepaliveTimeout and RekeyTimeout)."""
SESSION_ENDS = 180.0
"""Seconds after which a session is not used any more (RejectAfterTime)."""
REKEY_OVERDUE = 175.0
"""Seconds after which a session in use must have had a new handshake: who began the last one begins the next after
120 s when it sends, and after 165 s when it receives. So both begin anew before the session ends: a game hardly
notices."""
FIRST_WAIT, LONGEST_WAIT = 30.0, 600.0
"""Seconds until the next new beginning; doubled each time, forgotten after an hour."""
FORGIVEN_AFTER = 3600.0
"""Seconds without a stall after which the waits start from the first."""


@attrs.define
class StallWatch:
    """Of one peer.

    :ivar stalls: how often the keys stalled.
    """

    stalls: int = 0
    _handshake: float | None = None
    _changed_at: float = 0.0
    _since: float | None = None
    """Since when the path has been open."""
    _row: int = 0
    _last: float = float("-inf")
    _next: float = float("-inf")

    def start_over(self) -> None:
        """WireGuard knows nothing of the peer any more."""
        self._handshake, self._since = None, None

    def look(self, counters: Counters, traffic: Traffic, *, answered_at: float, playing: bool, now: float) -> bool:
        """The counters were read; true when both ends have to begin anew.

        :param answered_at: when the path in use, whose endpoint WireGuard has, answered a probe last.
        """
        if counters.handshake != self._handshake:
            self._handshake, self._changed_at = counters.handshake, now
        if now - answered_at > ANSWERED_WITHIN:
            self._since = None
            return False
        if self._since is None:
            self._since = now
        if now < self._next or not self._stalled(traffic, playing, now):
            return False
        if now - self._last > FORGIVEN_AFTER:
            self._row = 0
        self._last, self._next = now, now + min(LONGEST_WAIT, FIRST_WAIT * 2.0**self._row)
        self._row += 1
        self.stalls += 1
        return True

    def _stalled(self, traffic: Traffic, playing: bool, now: float) -> bool:
        age = now - self._changed_at
        if not self._handshake:
            return self._since is not None and now - self._since >= NO_HANDSHAKE_FOR
        if age >= SESSION_ENDS:
            return traffic.silence(now) >= NO_HANDSHAKE_FOR
        return traffic.silence(now) >= SILENT_SESSION or (playing and age >= REKEY_OVERDUE)
