"""How much of what is sent on a path is lost, and when that is more than bad luck."""

from __future__ import annotations

from collections import deque

import attrs

WINDOW_LIMIT = 1024
"""Verdicts kept in one window: 60 s of 14 probes a second and the bursts of a doubt fit."""

LOST_WEIGHTS = (1.6, 1.6, 0.8)
"""What the first, second and third probe lost in a row add to the suspicion; the rest of a longer gap adds nothing,
since a hiccup of a second (a radio that changes its channel) is no reason to move."""
ANSWERED_WEIGHT = 0.25
"""What an answered probe takes off. The weights are near log(0.2/0.04) and log(0.8/0.96) of Page's cumulative sum test
(Biometrika 41, 1954) between 4 % (2 % of the packets of each direction) and 20 % of lost probes."""
SUSPECT_AT = 1.4
"""Suspicion from which the path is looked at more closely: one lost probe."""
BAD_AT = 6.5
"""Suspicion from which so much is lost that it is hardly bad luck: with 4 % of thirteen probes a second lost it is
reached twice in three hours, so it is not enough alone (:data:`lanrage.core.path_choice.LOSSY_SHARE`)."""
SUSPICION_CAP = 7.5
"""Most suspicion held: a path that is clean again is trusted after as many answered probes as take this off."""


@attrs.define
class LossWindow:
    """Share of lost probes among those whose verdict came within the last seconds; bounded.

    :param span: seconds.
    """

    span: float
    lost: int = 0
    _verdicts: deque[tuple[float, bool]] = attrs.field(factory=deque)

    def __len__(self) -> int:
        """Verdicts in the window, as of the last call with a time."""
        return len(self._verdicts)

    def add(self, lost: bool, now: float) -> None:
        """A probe was answered, or its time is over."""
        self._verdicts.append((now, lost))
        self.lost += lost
        self.forget(now)

    def forget(self, now: float) -> None:
        """Drop what is older than the window."""
        verdicts = self._verdicts
        while verdicts and (verdicts[0][0] <= now - self.span or len(verdicts) > WINDOW_LIMIT):
            self.lost -= verdicts.popleft()[1]

    def share(self, now: float) -> float | None:
        """Lost of all, 0 to 1; ``None`` where there is no verdict."""
        self.forget(now)
        return self.lost / len(self._verdicts) if self._verdicts else None

    def since(self, moment: float) -> tuple[int, int]:
        """How many verdicts came after `moment`, and how many of them are losses."""
        count = lost = 0
        for at, was_lost in reversed(self._verdicts):
            if at <= moment:
                break
            count += 1
            lost += was_lost
        return count, lost


@attrs.define
class Suspicion:
    """A running sum that grows with each lost probe and shrinks with each answered one."""

    level: float = 0.0
    _row: int = 0

    @property
    def suspect(self) -> bool:
        """Something was lost just now."""
        return self.level >= SUSPECT_AT

    @property
    def bad(self) -> bool:
        """So much was lost that it is no bad luck."""
        return self.level >= BAD_AT

    def add(self, lost: bool) -> None:
        """A probe was answered, or its time is over."""
        if lost:
            weight = LOST_WEIGHTS[self._row] if self._row < len(LOST_WEIGHTS) else 0.0
            self._row += 1
            self.level = min(SUSPICION_CAP, self.level + weight)
        else:
            self._row = 0
            self.level = max(0.0, self.level - ANSWERED_WEIGHT)
