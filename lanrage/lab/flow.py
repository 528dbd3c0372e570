"""A game's traffic between two hosts while something is done to their path: what was lost, and for how long.

Echoes of a game packet's size at a steady rate; the far side's kernel answers them, so no program there is needed, and
a loss in either direction counts.
"""

from __future__ import annotations

import itertools
import time
from threading import Event, Thread

import attrs

from lanrage.lab.ping import Pinger

RATE_INTERVAL_S = 0.01
"""100 packets a second each way: what an action game sends, and what the limits are told for."""
PAYLOAD = bytes(100)
"""A game's usual update has 100 to 200 bytes."""
FLOWING = 5
"""Answers in a row after which the traffic flows again: a single one may have come by a path that is being left."""
LAST_ANSWER_S = 1.0
"""How long the last echo may take; above it a packet is as good as lost to a game."""
WRAP = 0x10000
"""ICMP's sequence number has 16 bits."""

_idents = itertools.count(0x4000)


@attrs.define
class Record:
    """Which packets were sent when, and which were answered.

    :param sent: times in seconds of the monotonic clock, by number.
    :param answered: numbers.
    """

    sent: list[float] = attrs.field(factory=list)
    answered: set[int] = attrs.field(factory=set)

    def number(self, sequence: int) -> int | None:
        """The newest number sent that has these low 16 bits; none where there is none."""
        newest = len(self.sent) - 1
        number = newest - (newest - sequence) % WRAP
        return number if number >= 0 else None

    def lost(self, since: float = 0.0, until: float = float("inf")) -> int:
        """Packets sent in a span of time that were never answered."""
        return sum(since <= when < until and n not in self.answered for n, when in enumerate(self.sent))

    def outage_ms(self, since: float) -> float | None:
        """Milliseconds from the first packet lost after a time until packets flow again (:data:`FLOWING` in a row).

        0 when none is lost, ``None`` when they never flow again.
        """
        begin, run = None, 0
        for number, when in enumerate(self.sent):
            answered = number in self.answered
            if begin is None and when >= since and not answered:
                begin = when
            run = run + 1 if begin is not None and answered else 0
            if begin is not None and run == FLOWING:
                return round(1000 * (self.sent[number - FLOWING + 1] - begin), 1)
        return 0.0 if begin is None else None

    def longest_gap_ms(self) -> float:
        """The longest time between two answered packets that had unanswered ones between them."""
        longest, before = 0.0, None
        for number in sorted(self.answered):
            if before is not None and number > before + 1:
                longest = max(longest, self.sent[number] - self.sent[before])
            before = number
        return round(1000 * longest, 1)


class Flow:
    """A stream that runs in a thread of its own, from entering to leaving.

    :param netns: the sender's namespace.
    :param target: the other's party address.
    """

    def __init__(self, netns: str, target: str, interval: float = RATE_INTERVAL_S) -> None:
        self.record = Record()
        self._netns, self._target, self._interval = netns, target, interval
        self._pinger = Pinger(ident=next(_idents) & 0xFFFF)
        self._stopped = Event()
        self._thread = Thread(target=self._run, name="flow", daemon=True)

    def __enter__(self) -> Flow:
        self._pinger.socket(self._netns)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()
        self._pinger.close()

    def resumed(self, since: float) -> bool:
        """Whether packets sent after a time flow again."""
        sent = self.record.sent
        recent = range(max(0, len(sent) - FLOWING * 20), len(sent))
        run = 0
        for number in recent:
            run = run + 1 if sent[number] >= since and number in self.record.answered else 0
            if run >= FLOWING:
                return True
        return False

    def _run(self) -> None:
        begin = time.monotonic()
        while not self._stopped.is_set():
            number = len(self.record.sent)
            self._receive(begin + number * self._interval)
            self.record.sent.append(time.monotonic())
            self._pinger.send(self._netns, self._target, number, PAYLOAD)
        self._receive(time.monotonic() + LAST_ANSWER_S)

    def _receive(self, until: float) -> None:
        while True:
            for _, source, sequence, _ in self._pinger.receive(until - time.monotonic()):
                number = self.record.number(sequence) if source == self._target else None
                if number is not None:
                    self.record.answered.add(number)
            if time.monotonic() >= until:
                return
