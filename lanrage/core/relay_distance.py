"""How far a relay is from this node: round trips by STUN, smoothed, and the share that got lost.

Each round's samples give their median, which throws a single spike out; the medians are smoothed. (The same smoothing
serves paths: weight 0.3 for the newest value.)
"""

from __future__ import annotations

from collections import deque
from statistics import median

import attrs

SAMPLES = 3
"""Questions of one round, whose median counts."""
GAP = 0.1
"""Seconds between them."""
TIMEOUT = 1.0
"""Seconds after which an answer counts as lost."""
SMOOTHING = 0.3
"""Weight of the newest round (0.3 x now + 0.7 x before)."""
WINDOW = 20
"""Questions over which loss is counted."""
SILENT = 2 * SAMPLES
"""Unanswered questions in a row after which a relay counts as out of reach."""
NEAR_MS, FAR_MS = 50.0, 150.0
CALM, MIDDLE, BUSY = 60.0, 30.0, 10.0
"""Seconds between rounds: calm below 50 ms, middle up to 150 ms, busy above, and while it gets worse or loses."""
WORSE = 1.05
"""Growth over the smoothed round trip above which the distance is getting worse."""


@attrs.frozen
class Distance:
    """What one end says of its way to a relay.

    :param rtt_ms: round trip; ``None`` = the relay does not answer.
    :param loss: share of lost packets, 0 to 1.
    :param failed: a binding at it failed a short while ago.
    """

    rtt_ms: float | None
    loss: float = 0.0
    failed: bool = False

    def differs(self, other: Distance) -> bool:
        """Whether the other end should hear of it: by a fifth and 5 ms, by a twentieth of loss, or in kind."""
        if (self.rtt_ms is None, self.failed) != (other.rtt_ms is None, other.failed):
            return True
        if abs(self.loss - other.loss) >= 0.05:
            return True
        if self.rtt_ms is None or other.rtt_ms is None:
            return False
        return abs(self.rtt_ms - other.rtt_ms) >= max(5.0, 0.2 * other.rtt_ms)


@attrs.define
class DistanceMeter:
    """Measures the way to one relay; the caller sends the questions."""

    _open: dict[bytes, float] = attrs.field(init=False, factory=dict)
    _round: list[float] = attrs.field(init=False, factory=list)
    _fates: deque[bool] = attrs.field(init=False, factory=lambda: deque(maxlen=WINDOW))
    _silent: int = attrs.field(init=False, default=0)
    _rtt: float | None = attrs.field(init=False, default=None)
    _worse: bool = attrs.field(init=False, default=False)

    def asked(self, transaction: bytes, now: float) -> None:
        """A question went out."""
        self._open[transaction] = now

    def answered(self, transaction: bytes, now: float) -> bool:
        """An answer came; false when it is to none of our questions, or too late."""
        at = self._open.pop(transaction, None)
        if at is None:
            return False
        if now - at > TIMEOUT:
            self._lost()
            return False
        self._fates.append(True)
        self._silent = 0
        self._round.append(max(0.0, now - at) * 1000.0)
        if self._rtt is None:
            self._rtt = self._round[-1]  # better than nothing, until the round is over
        return True

    def close_round(self, now: float) -> None:
        """The time for this round's answers is over."""
        for transaction, at in list(self._open.items()):
            if now - at >= TIMEOUT:
                del self._open[transaction]
                self._lost()
        if self._round:
            sample = median(self._round)
            before = self._rtt if len(self._fates) > SAMPLES else None
            self._worse = before is not None and sample > WORSE * before
            self._rtt = sample if before is None else SMOOTHING * sample + (1 - SMOOTHING) * before
        self._round.clear()

    def forget(self) -> None:
        """This machine is in another network: nothing of it holds."""
        self._open.clear()
        self._round.clear()
        self._fates.clear()
        self._silent, self._rtt, self._worse = 0, None, False

    @property
    def distance(self) -> Distance | None:
        """The way as it is now; ``None`` = not known yet."""
        if self._silent >= SILENT:
            return Distance(None, 1.0)
        if self._rtt is None:
            return None
        lost = sum(not fate for fate in self._fates)
        return Distance(round(self._rtt, 2), round(lost / max(len(self._fates), SAMPLES), 3))

    @property
    def interval(self) -> float:
        """Seconds until the next round."""
        distance = self.distance
        if distance is None or distance.rtt_ms is None or distance.rtt_ms > FAR_MS or distance.loss or self._worse:
            return BUSY
        return CALM if distance.rtt_ms < NEAR_MS else MIDDLE

    def _lost(self) -> None:
        self._fates.append(False)
        self._silent += 1
        if self._silent >= SILENT:
            self._rtt = None
