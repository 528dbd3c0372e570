"""When an announcement comes again: what is learned of a machine's own frames, and the beat of one that is leased."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Hashable
from itertools import pairwise

import attrs

from lanrage.core import beacons
from lanrage.core.lan_frames import Frame, Udp, ipx_header_at
from lanrage.core.leases import EARLY, FRAME_LIMIT, MISSED_BEATS, bounded, fits, tolerance

SIGHTINGS = 3
"""Sightings of one frame, evenly spaced, that make it an announcement: with two, any repetition would be one."""

BURST_SECONDS, BURST_SHARE = 0.1, 0.1
"""A frame that comes again so soon, or within this share of its usual silence, is another copy of the same
announcement: UPnP daemons send each twice, a quarter of a second apart, and then are silent for 30 s."""
SILENCE_FADES = 0.9
"""By which the usual silence fades with each gap, so that a program's single pause is forgotten."""
COPIES = 4
"""Copies in a burst that are told apart; more are carried."""

FORMS, FLOWS = 256, 256
"""Frames and flows (:func:`flow_of`) remembered; the longest unseen is forgotten and, if it comes again, carried."""

MIXED_SECONDS = 180.0
"""A flow that shows several frames in turn, as SSDP does, is known to do so for so long after it did: three of the
longest periods."""
MIXED_RETURNS = 2
"""Returns to an earlier frame that make a flow mixed: a game that one player joined and left again has one."""

UDP_OVERHEAD = 62
"""Bytes of a frame beside the payload at the most: Ethernet, IPv6, UDP."""

HELD_UP_SECONDS = 0.4
"""Seconds beyond the missed periods in which a program on a busy machine may still go on: of a lobby that is stale for
at most two periods and a second."""

PHASE_GAIN, PERIOD_GAIN = 0.2, 0.02
"""Shares of an announcement's deviation by which the beat's time and period follow it (an alpha-beta filter)."""
DRIFT_SECONDS, DRIFT_SHARE = 0.05, 0.04
"""The holders are told when the beat is off what they were told by so many seconds, or this share of a period if that
is less (but never less than a fifth of the seconds)."""
DRIFT_GAP = 8.0
"""Seconds between such corrections: the jitter of a program is no drift."""


def flow_of(frame: Frame) -> Hashable:
    """What the announcements of one program have in common: ports and destination; for IPX its addresses."""
    content = frame.content
    if isinstance(content, Udp):
        return content.source_port, content.destination, content.destination_port
    start = ipx_header_at(content.body) or 0
    return frame.destination_mac, content.body[start + 6 : start + 30]


@attrs.frozen
class Sighting:
    """What is leased.

    :param form: the frame without its known changing field (:func:`lanrage.core.beacons.template`).
    :param copy: which of a burst of equal frames it is, from 0.
    """

    flow: Hashable
    form: Frame
    copy: int


@attrs.define
class _Flow:
    latest: Frame
    returns: int = 0
    returned: float = float("-inf")

    def look(self, form: Frame, known: bool, now: float) -> bool:
        """Whether this frame takes the place of the earlier ones."""
        if form == self.latest:
            return False
        self.latest = form
        if now - self.returned > MIXED_SECONDS:
            self.returns = 0
        if known:
            self.returns, self.returned = self.returns + 1, now
        return self.returns < MIXED_RETURNS


@attrs.define
class _Form:
    last: float = float("-inf")
    silence: float = 0.0
    copy: int = 0
    times: dict[int, deque[tuple[float, Frame]]] = attrs.field(factory=dict)

    def seen(self, now: float) -> bool:
        """Note that it was seen; whether it was before, not long ago."""
        gap, self.last = now - self.last, now
        if gap > MIXED_SECONDS:
            self.copy, self.silence = 0, 0.0
            return False
        self.copy = self.copy + 1 if gap < max(BURST_SECONDS, BURST_SHARE * self.silence) else 0
        self.silence = max(gap, SILENCE_FADES * self.silence)
        return True


@attrs.define
class Learner:
    """Frames seen lately; which of them come at an even pace, and which took another's place."""

    _forms: OrderedDict[Frame, _Form] = attrs.field(factory=OrderedDict)
    _flows: OrderedDict[Hashable, _Flow] = attrs.field(factory=OrderedDict)

    def __len__(self) -> int:
        """Frames and flows remembered."""
        return len(self._forms) + len(self._flows)

    def look(self, frame: Frame, now: float) -> tuple[Sighting, bool]:
        """Note a frame.

        :return: what it is, and whether other frames of its flow are over.
        """
        form, flow = beacons.template(frame), flow_of(frame)
        known = self._forms.setdefault(form, _Form())
        self._forms.move_to_end(form)
        seen_before = known.seen(now)
        state = self._flows.setdefault(flow, _Flow(form))
        self._flows.move_to_end(flow)
        for table, limit in ((self._forms, FORMS), (self._flows, FLOWS)):
            if len(table) > limit:
                table.popitem(last=False)
        replaced = state.look(form, seen_before, now) or beacons.ends(frame)
        return Sighting(flow, form, known.copy), replaced

    def learn(self, sighting: Sighting, frame: Frame, now: float) -> float | None:
        """A frame was seen that no lease covers.

        :return: its period in seconds, if it comes at an even pace and may be leased.
        """
        known = self._forms[sighting.form]
        if sighting.copy >= COPIES or _length(frame) > FRAME_LIMIT:
            return None
        times = known.times.setdefault(sighting.copy, deque(maxlen=SIGHTINGS))
        if times and not beacons.follows(times[-1][1], frame, now - times[-1][0]):
            times.clear()
        times.append((now, frame))
        return _even([when for when, _ in times]) if len(times) == SIGHTINGS else None

    def forget(self, sighting: Sighting) -> None:
        """A lease covers it: what is learned begins anew when it does no more."""
        self._forms[sighting.form].times.pop(sighting.copy, None)


def _even(times: list[float]) -> float | None:
    gaps = [later - earlier for earlier, later in pairwise(times)]
    period = sum(gaps) / len(gaps)
    even = max(gaps) - min(gaps) <= tolerance(period)
    return period if even and fits(period) else None


def _length(frame: Frame) -> int:
    content = frame.content
    return UDP_OVERHEAD + len(content.payload) if isinstance(content, Udp) else 12 + len(content.body)


@attrs.define
class Rhythm:
    """The beat of a leased announcement.

    :ivar beat: announcements since the one that was granted.
    :ivar phase: when this beat was, smoothed.
    """

    beat: int
    phase: float
    period: float
    _told: tuple[int, float, float]
    _told_at: float
    _stray: float = float("-inf")

    @classmethod
    def of(cls, now: float, period: float) -> Rhythm:
        """Beat 0 is now."""
        period = bounded(period)
        return cls(0, now, period, (0, now, period), now)

    def take(self, now: float) -> bool:
        """Note the real announcement; false if this was not its time."""
        beats = round((now - self.phase) / self.period)
        expected = self.phase + beats * self.period
        off = now - expected
        if beats < 1 or abs(off) > tolerance(self.period) + EARLY:
            return self._move(max(beats, 1), now)
        self.beat += beats
        self.phase = expected + PHASE_GAIN * off
        self.period = bounded(self.period + PERIOD_GAIN * off / beats)
        return True

    def _move(self, beats: int, now: float) -> bool:
        """Out of time: if the one before was, too, and a period ago, then the program was held up once and goes on."""
        before, self._stray = self._stray, now
        if abs(now - before - self.period) > tolerance(self.period):
            return False
        self.beat, self.phase, self._told_at = self.beat + beats, now, float("-inf")
        return True

    @property
    def ends_at(self) -> float:
        """When so many announcements are missing that there are no more."""
        return self.phase + MISSED_BEATS * self.period + max(tolerance(self.period), HELD_UP_SECONDS)

    def late(self, now: float) -> bool:
        """Whether the next announcement should have come."""
        return now > self.phase + self.period + tolerance(self.period)

    def told(self, now: float) -> None:
        """The holders know where it stands."""
        self._told, self._told_at = (self.beat, self.phase, self.period), now

    def drifted(self, now: float) -> bool:
        """Whether the holders had better be told."""
        beat, phase, period = self._told
        off = abs(self.phase - phase - (self.beat - beat) * period)
        limit = max(DRIFT_SECONDS / 5, min(DRIFT_SECONDS, DRIFT_SHARE * self.period))
        return off > limit and now - self._told_at >= DRIFT_GAP
