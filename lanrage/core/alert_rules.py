"""The alerts that there are, and the limits that an operator may set."""

from __future__ import annotations

import attrs

from lanrage.core.alerts import AlertRule
from lanrage.core.quality import LOSS_WORST, PREDICTION_BOUND

MEBIBYTE = 1024.0 * 1024.0
HYSTERESIS = 0.9
"""Share of a limit below which a value is well again: what lies at the limit does not come and go."""
SCORE_MARGIN = 5.0
"""Points above the limit from which a path's quality is well again."""
CALM = 10.0
"""Seconds that a value must be well before its alert resolves."""
BUSY_FOR = 15.0
"""Seconds that a relay must be full: a LAN party that begins at once fills it for a moment."""

LATE_FOR = 3.0
"""Seconds in which timers must be late: a single stall is counted, and no alert."""


@attrs.frozen
class AlertLimits:
    """What an operator may set.

    :param quality: score of the path in use (0 to 100) below which it is bad for a game: the lower end of grade C.
    :param loss: share of lost probes, 0 to 1, above which it is bad, too: of a short path the score stays at 65 however
        much is lost.
    :param quality_for: seconds that either must be so.
    :param lost_for: seconds that no path reaches a member who is online; a path that died is replaced within few.
    :param memory: MiB of this process in RAM.
    :param relay: load of a relay, 0 to 1.
    :param lag: seconds that a timer may be late; a game feels a tenth.
    """

    quality: float = PREDICTION_BOUND
    loss: float = LOSS_WORST
    quality_for: float = 30.0
    lost_for: float = 15.0
    memory: float = 1024.0
    relay: float = 0.9
    lag: float = 0.25

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Of what can be set, as the option writes them."""
        return tuple(field.name.replace("_", "-") for field in attrs.fields(cls))


BOUNDS: dict[str, tuple[float, float]] = {
    "quality": (0.0, 95.0),
    "loss": (0.001, 1.0),
    "quality-for": (0.0, 3600.0),
    "lost-for": (0.0, 3600.0),
    "memory": (16.0, 1048576.0),
    "relay": (0.01, 1.0),
    "lag": (0.01, 60.0),
}
"""Least and greatest value of each."""


def rules(limits: AlertLimits) -> tuple[AlertRule, ...]:
    """All rules, with an operator's limits."""
    return (*_of_peers(limits), *_of_relays(limits), *_of_process(limits))


def _of_peers(limits: AlertLimits) -> tuple[AlertRule, ...]:
    quality = AlertRule(
        "peer_quality",
        "lanrage_peer_quality_score",
        limits.quality,
        limits.quality + SCORE_MARGIN,
        above=False,
        seconds=limits.quality_for,
        calm=CALM,
        text="the path to {peer} has a quality of {value:.0f} of 100, below {limit:g}",
    )
    loss = AlertRule(
        "peer_loss",
        "lanrage_peer_loss_ratio",
        limits.loss,
        limits.loss / 2,
        seconds=limits.quality_for,
        calm=CALM,
        scale=0.01,
        text="the path to {peer} loses {value:.0f} % of its packets, more than {limit:g}",
    )
    text = "no path reaches {peer}, who is online"
    return quality, loss, AlertRule("peer_lost", "lanrage_peer_lost", 0.5, 0.5, seconds=limits.lost_for, text=text)


def _of_relays(limits: AlertLimits) -> tuple[AlertRule, ...]:
    full = "is full to {value:.2f}, more than {limit:g}"
    named = (
        ("relay_overloaded", "lanrage_relay_load_ratio", f"this relay {full}"),
        ("relay_of_control_overloaded", "lanrage_control_relay_load_ratio", f"the relay {{relay}} {full}"),
    )
    well = limits.relay * HYSTERESIS
    return tuple(
        AlertRule(name, metric, limits.relay, well, seconds=BUSY_FOR, calm=CALM, text=text)
        for name, metric, text in named
    )


def _of_process(limits: AlertLimits) -> tuple[AlertRule, ...]:
    memory = limits.memory * MEBIBYTE
    too_much = "this process takes {value:.0f} MiB of memory, more than {limit:.0f}"
    too_late = "timers are late by {value:.2f} s, more than {limit:g}: something blocks, or the machine is too busy"
    memory_metric, lag_metric = "lanrage_process_resident_memory_bytes", "lanrage_reactor_lag_seconds"
    return (
        AlertRule(
            "memory", memory_metric, memory, memory * HYSTERESIS, seconds=CALM, calm=CALM, scale=MEBIBYTE, text=too_much
        ),
        AlertRule(
            "reactor_lag", lag_metric, limits.lag, limits.lag * HYSTERESIS, seconds=LATE_FOR, calm=CALM, text=too_late
        ),
    )
