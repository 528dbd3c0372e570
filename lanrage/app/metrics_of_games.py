"""What the detection of games tells of itself, as readings."""

from __future__ import annotations

from collections.abc import Iterator

from lanrage.app.game_watch import GameWatch
from lanrage.core.game_detection import Method
from lanrage.core.metric_reading import Reading


def games(watch: GameWatch) -> Iterator[Reading]:
    """The watch and its counters."""
    counters = watch.counters
    yield Reading("lanrage_games_running", (), float(len(watch.running())))
    yield Reading("lanrage_games_events", (), float(watch.mode == "events"))
    for method in Method:
        yield Reading("lanrage_games_detected_total", (method.value,), float(counters.detections[method.value]))
    yield Reading("lanrage_games_execs_total", (), float(counters.execs))
    yield Reading("lanrage_games_dismissed_total", (), float(counters.dismissed))
    yield Reading("lanrage_games_rescans_total", (), float(counters.rescans))
    yield Reading("lanrage_games_missed_total", (), float(counters.missed))
