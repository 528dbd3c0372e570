"""How often each path of a pair is pinged: seldom while nothing happens, often while a game runs.

Of what an end sends to a peer in pings (46 bytes) and pongs (53 bytes of UDP payload) there is at most 1 KiB/s while a
game runs: the decider pings ten times a second, so the other end, which has to answer all that, pings hardly at all; it
hears the decider's pings.
"""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from lanrage.core.path import Path
from lanrage.core.quality import Quality, Trend

NEAR, FAR = 0.050, 0.150
"""Round trips in seconds that part near, middling and far paths."""
NEAR_INTERVAL, MIDDLE_INTERVAL, FAR_INTERVAL = 60.0, 30.0, 10.0
"""Seconds between pings while nothing happens: near and stable, middling, far or getting worse."""
SETTLING_INTERVAL = 1.0
"""Seconds between the first ten pings of a path: a trend needs so many."""
HOLD = 25.0
"""Seconds between pings that keep the NATs' mappings of a path open that is not in use, where no less is known."""

PLAYING_INTERVAL = 0.1
"""Seconds between the decider's pings on the path in use while a game runs."""
SUSPECT_INTERVAL = 1 / 13
"""Seconds likewise once something was lost there."""
FOLLOWING_INTERVAL = 2.0
"""Seconds between the other end's pings there, while it hears the decider's."""
HEARD_WITHIN = 0.5
"""Seconds in which it must have heard one: else it asks at the decider's pace, since its own address may be another."""
STANDBY_INTERVAL = 1.0
"""Seconds between the decider's pings on each other path while a game runs."""
STANDBYS_RATE = 4.0
"""Pings a second on all others together."""
SUSPECT_STANDBYS_RATE = 1.0
"""Likewise once something was lost on the path in use: the rival needs them."""
RIVAL_INTERVAL, CALM_RIVAL_INTERVAL = 0.2, 1.0
"""Seconds between pings on the path to which traffic may move: while a game runs, and else."""
RESCUE_INTERVAL, RESCUE_LIMIT = 0.25, 4
"""Seconds between pings on other paths, and on how many of them, while the path in use may be dead."""


@attrs.frozen
class Situation:
    """What the pace depends on beside the paths.

    :param playing: a game runs.
    :param decides: this end decides.
    :param hold: seconds after which a NAT may forget a path.
    :param heard: when the peer's last ping came in on the path in use.
    :param unanswered: packets went out and none came in.
    """

    playing: bool = False
    decides: bool = True
    hold: float = HOLD
    heard: float = float("-inf")
    unanswered: bool = False


def calm_interval(quality: Quality) -> float:
    """Seconds between measurements while nothing happens."""
    if not quality.latency.settled or quality.rtt is None:
        return SETTLING_INTERVAL
    return measuring_interval(quality.rtt, quality.trend)


def measuring_interval(rtt: float, trend: Trend) -> float:
    """Seconds until a round trip is measured again.

    50 ms and 150 ms themselves are middling: near is *below* 50 ms, far is *worse than* 150 ms. What is near and
    improving is not stable yet, so it counts as middling, too.

    :param rtt: seconds.
    """
    if rtt > FAR or trend is Trend.DEGRADING:
        return FAR_INTERVAL
    if rtt < NEAR and trend is Trend.STABLE:
        return NEAR_INTERVAL
    return MIDDLE_INTERVAL


def set_paces(paths: Iterable[Path], active: Path | None, rival: Path | None, situation: Situation, now: float) -> None:
    """Give each proven path its pace.

    :param active: the path in use or decided for.
    :param rival: the path to which traffic may move.
    """
    if active is not None:
        active.keep_pace(_active(active, rival, situation, now))
    others = [path for path in paths if path.proven and path is not active]
    worried = active is not None and (active.alarming or not active.proven)
    rescue = sorted(others, key=lambda path: path.order)[:RESCUE_LIMIT] if worried else []
    fast = situation.playing and situation.decides
    suspect = active is not None and active.suspicion.suspect
    each = max(STANDBY_INTERVAL, len(others) / (SUSPECT_STANDBYS_RATE if suspect else STANDBYS_RATE))
    for path in others:
        pace = each if fast else min(calm_interval(path.quality), situation.hold)
        if path is rival:
            pace = min(pace, RIVAL_INTERVAL if fast else CALM_RIVAL_INTERVAL)
        path.keep_pace(min(pace, RESCUE_INTERVAL) if path in rescue else pace)


def _active(active: Path, rival: Path | None, situation: Situation, now: float) -> float:
    if situation.playing and situation.decides:
        return SUSPECT_INTERVAL if active.suspicion.suspect else PLAYING_INTERVAL
    if situation.playing and now - situation.heard >= HEARD_WITHIN:
        return PLAYING_INTERVAL
    pace = calm_interval(active.quality)
    if rival is not None or situation.unanswered:
        pace = min(pace, CALM_RIVAL_INTERVAL)
    return min(pace, FOLLOWING_INTERVAL) if situation.playing else pace
