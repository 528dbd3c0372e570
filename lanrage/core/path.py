"""One way to a peer: when to ping it, whether it is open, how good it is."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

import attrs

from lanrage.core.candidates import Candidate
from lanrage.core.links import Endpoint
from lanrage.core.loss import Suspicion
from lanrage.core.path_rest import Rest
from lanrage.core.quality import Latency, Quality

OPENING_GAPS = (0.0, 0.05, 0.1, 0.2, 0.4)
"""Seconds between the first pings. Five unanswered at most, since an address that a peer names may be a victim's."""
COLD_INTERVAL = 30.0
"""Seconds between attempts on a path that did not open: a NAT's mapping outlives this, so the ends need not meet."""
HEALING_INTERVAL = 3.0
"""Seconds between attempts on a path that was open once: who answered is no victim, and a game should not wait."""
DOUBT_INTERVAL = 0.25
"""Seconds between pings once one went unanswered."""
ALARM_AFTER = 3
"""Unanswered pings in a row from which it is urgent to know more: 20 % of random loss brings so many once in 125."""
ALARM_INTERVAL, ALARM_PACE = 0.1, 0.5
"""Seconds between pings then, and the share of the pace where that is less."""
DEAD_AFTER = 8
"""Unanswered pings in a row that end a path: at 20 % random loss a needless end once in 390,000 pings."""
TIMEOUT_MIN, TIMEOUT_MAX = 0.15, 1.0
"""Bounds in seconds of the wait for a pong."""
TIMEOUT_TRIPS, TIMEOUT_JITTERS, TIMEOUT_MORE = 1.5, 4.0, 0.05
"""The wait for a pong: so many round trips, so many times the jitter, and so many seconds."""
LATE_LIMIT = 32
"""Pings whose time is over and whose pong still tells that the path is open: a queue that fills delays all of them."""
PROOF_KEPT = 30
"""Newest verdicts that are kept to tell whether a path is clean."""
FIRST_PACE = 1.0
"""Seconds between pings of a path just proven, until the plan says otherwise (:mod:`lanrage.core.path_pace`)."""

AFTER_UNSENT = 1.0
"""Seconds after which an opening ping is tried again that a limit held back: the limits fill again in that time."""
ANSWERS_FOR = 180.0
"""Seconds after an answer in which who is at the address is no victim: three times the longest pace of pings."""
AFTER_FALL = 1.0
"""Seconds after which a path is asked again to which the other end did not agree: time enough to take another one."""


@attrs.define
class Path:
    """State of one candidate address.

    :param candidate: where it leads.
    :ivar quality: what the probes told.
    :ivar missed: unanswered pings in a row.
    :ivar opening: how many of the opening pings were sent.
    :ivar observed: from where the peer sees our pings on this path.
    :ivar last_pong: when it was heard last, ``None`` while it is not open.
    :ivar last_heard: likewise, also of one that died.
    :ivar silent_until: when it was heard again after a ping that went unanswered.
    """

    candidate: Candidate
    next_ping: float
    quality: Quality = attrs.field(factory=Quality)
    suspicion: Suspicion = attrs.field(factory=Suspicion)
    rest: Rest = attrs.field(factory=Rest)
    last_pong: float | None = None
    last_heard: float = float("-inf")
    silent_until: float = float("-inf")
    suspect_since: float | None = None
    missed: int = 0
    opening: int = 0
    observed: Endpoint | None = None
    pace: float = FIRST_PACE
    outstanding: dict[bytes, float] = attrs.field(factory=dict)
    _late: dict[bytes, float] = attrs.field(factory=dict)
    _pinged: float = float("-inf")
    _answered: float = float("-inf")
    _proven_by: float = float("-inf")
    _proof: deque[bool] = attrs.field(factory=lambda: deque(maxlen=PROOF_KEPT))

    @property
    def endpoint(self) -> Endpoint:
        """Where the path's packets are sent."""
        return self.candidate.endpoint

    @property
    def relayed(self) -> bool:
        """Whether a relay stands between."""
        return self.candidate.kind.relayed

    @property
    def rtt(self) -> float | None:
        """Smoothed round-trip time in seconds, ``None`` until proven once."""
        return self.quality.rtt

    @property
    def proven(self) -> bool:
        """A pong came and the path has not died since."""
        return self.last_pong is not None and self.missed < DEAD_AFTER

    @property
    def rank(self) -> int:
        """Of the kind; lower is better."""
        return self.candidate.rank

    @property
    def order(self) -> tuple[int, float]:
        """Kind first, quality second; lower is better."""
        return self.rank, self.rtt if self.rtt is not None else 1e9

    @property
    def timeout(self) -> float:
        """Seconds to wait for a pong."""
        if self.rtt is None:
            return TIMEOUT_MAX
        wait = TIMEOUT_TRIPS * self.rtt + TIMEOUT_JITTERS * self.quality.jitter + TIMEOUT_MORE
        return min(TIMEOUT_MAX, max(TIMEOUT_MIN, wait))

    def answers(self, now: float) -> bool:
        """Whether somebody answered at the address not long ago."""
        return now - self.last_heard <= ANSWERS_FOR

    @property
    def alarming(self) -> bool:
        """So many pings in a row went unanswered that other paths had better be asked."""
        return self.missed >= ALARM_AFTER

    def clean(self, count: int) -> bool:
        """Whether of the newest `count` pings at most one in thirty was lost; false where there were fewer."""
        if len(self._proof) < count:
            return False
        lost = sum(list(self._proof)[-count:])
        return lost * PROOF_KEPT <= count

    # --- pings --------------------------------------------------------------------------------------------------------

    def open_again(self, now: float) -> None:
        """Ping from the start, as if the path had just been learnt; a proven path is left alone."""
        if not self.proven:
            self.opening, self.missed, self.last_pong = 0, 0, None
            self.next_ping = now

    def keep_pace(self, pace: float) -> None:
        """Ping so often from now on, in seconds; a faster pace counts at once."""
        if self.proven and pace < self.pace and not self.missed:
            self.next_ping = min(self.next_ping, self._pinged + pace)
        self.pace = pace

    def ask(self, now: float) -> None:
        """Ping now."""
        self.next_ping = min(self.next_ping, now)

    def sent(self, transaction: bytes, now: float) -> None:
        """A ping went out; sets the time of the next."""
        self.outstanding[transaction] = self._pinged = now
        self.next_ping = now + self._gap()

    def unsent(self, transaction: bytes) -> None:
        """The ping did not go out after all: nothing is lost with it, nor is one of the opening ones used up."""
        if self.outstanding.pop(transaction, None) is not None and not self.proven:
            self.opening = max(0, self.opening - 1)
            self.next_ping = self._pinged + AFTER_UNSENT

    def _gap(self) -> float:
        if self.proven:
            if self.alarming:
                return min(self.pace * ALARM_PACE, ALARM_INTERVAL)
            return min(self.pace, DOUBT_INTERVAL) if self.missed else self.pace
        self.opening += 1
        if self.opening < len(OPENING_GAPS):
            return OPENING_GAPS[self.opening]
        return COLD_INTERVAL if self.rtt is None else HEALING_INTERVAL

    # --- answers ------------------------------------------------------------------------------------------------------

    def awaits(self, transaction: bytes) -> bool:
        """Whether a pong of this number tells anything."""
        return transaction in self.outstanding or transaction in self._late

    def pong(self, transaction: bytes, now: float) -> bool:
        """A pong came; false when it answers none of our pings."""
        sent_at = self.outstanding.pop(transaction, None)
        late = sent_at is None
        if sent_at is None:
            sent_at = self._late.pop(transaction, None)
        if sent_at is None:
            return False
        newly = not self.proven
        if newly:
            self.quality.latency, self._proven_by = Latency(), sent_at
            self._forget_doubt()
        sample = max(0.0, now - sent_at)
        if late:
            self.quality.latency.add(sample)
        else:
            self.quality.answered(sample, now)
            self._judge(False, now)
        self.last_pong = self.last_heard = now
        if self.missed:
            self.silent_until = now
        self.missed = 0
        # Pings sent before this one and still open were overtaken or lost; only later ones can still count as missed.
        self._answered = max(self._answered, sent_at)
        if newly:
            self.next_ping = now + min(FIRST_PACE, self.pace)
        return True

    def seen_elsewhere(self, observed: Endpoint | None) -> bool:
        """A pong told from where our ping came; true when that is not where it came from before."""
        before, self.observed = self.observed, observed
        return None not in (before, observed) and before != observed

    def expire(self, now: float) -> bool:
        """Count pings whose pong is overdue; true when the path died just now."""
        timeout = self.timeout
        overdue = [(t, at) for t, at in self.outstanding.items() if at + timeout <= now]
        if not overdue:
            return False
        before = self.proven
        for transaction, at in overdue:
            self._overdue(transaction, at, now, before)
        if before and not self.proven:
            self.last_pong, self.opening = None, 0
            self.next_ping = now
            return True
        if before and self.missed:
            self.next_ping = min(self.next_ping, self._pinged + self._gap())
        return False

    def _overdue(self, transaction: bytes, at: float, now: float, proven: bool) -> None:
        del self.outstanding[transaction]
        self._late[transaction] = at
        if len(self._late) > LATE_LIMIT:
            del self._late[next(iter(self._late))]
        if at > self._answered:
            self.missed += 1
        if proven and at > self._proven_by:
            self.quality.lost(now)
            self._judge(True, now)

    def _judge(self, lost: bool, now: float) -> None:
        self.suspicion.add(lost)
        self._proof.append(lost)
        if not self.suspicion.suspect:
            self.suspect_since = None
        elif self.suspect_since is None:
            self.suspect_since = now

    def _forget_doubt(self) -> None:
        self.suspicion, self.suspect_since = Suspicion(), None
        self._proof.clear()

    def left(self, now: float, *, dead: bool) -> None:
        """Traffic goes another way, since the path is dead or bad: it has to prove itself anew."""
        self.rest.left(now, dead=dead)
        self._forget_doubt()

    def fall(self, now: float) -> None:
        """The path counts as dead, though pings may pass: the other end does not agree to it.

        It is asked again after a while, in which others may be taken.
        """
        self.left(now, dead=True)
        self.outstanding.clear()
        self._late.clear()
        self.missed, self.last_pong, self.opening = DEAD_AFTER, None, 0
        self.next_ping = now + AFTER_FALL

    def deadline(self) -> float:
        """When :meth:`expire` or a ping is due next."""
        if not self.outstanding:
            return self.next_ping
        return min(self.next_ping, next(iter(self.outstanding.values())) + self.timeout)


def ask_all(paths: Iterable[Path], now: float) -> None:
    """Ping all at once: what was open a while ago may be no more, and what was dead may be open again."""
    for path in paths:
        path.open_again(now)
        path.ask(now)
