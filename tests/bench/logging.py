"""What a log line costs: one that nobody reads, one that is written, and a timed call."""

from __future__ import annotations

import argparse
import importlib
import io
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

from twisted.logger import Logger, LogPublisher

from lanrage.log_context import context
from lanrage.logs.configure import get_logger, make_stream

SUPPRESSED = 0.3
"""Of the time of an event of Twisted's that nobody writes, at most: 3,000 frames a second could each ask for a line."""
LINE = 30.0
"""Times that event, at most: a hundred JSON lines a second are 1 % of a core then. A ratio holds on a busy machine."""
ROUNDS = 7
FIELDS: dict[str, Any] = {"peer": "ben", "ms": 12.5, "address": "10.66.0.2"}
TEXT = "to {peer} at {address}: {ms}"

log, plain = get_logger("lanrage.bench"), Logger("lanrage.bench")


class Bin(io.StringIO):
    """Takes text and forgets it; what a disk takes is not measured."""

    def write(self, text: str) -> int:
        """Forget it."""
        return len(text)


def cost(call: Callable[[], object], times: int) -> float:
    """Microseconds of one call: the median of some rounds, of which other work on this machine makes some longer."""
    found = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for _ in range(times):
            call()
        found.append((time.perf_counter() - began) / times)
    return 1e6 * statistics.median(found)


def suppressed() -> None:
    """A line below the level, by our logger."""
    log.debug(TEXT, **FIELDS)


def suppressed_plain() -> None:
    """The same by Twisted's."""
    plain.debug(TEXT, **FIELDS)


def written() -> None:
    """A line that is written."""
    log.info(TEXT, **FIELDS)


def lines(times: int) -> dict[str, float]:
    """Costs of lines, through a publisher of their own: other observers of the process cost nothing here."""
    figures = {}
    for form in ("plain", "json"):
        stream = make_stream(form, "info", stream=Bin())
        log.observer = plain.observer = LogPublisher(stream)
        with context(peer_id="ab" * 16, party_id="cd" * 16, correlation_id="ef" * 8):
            figures[f"{form}_line_us"] = cost(written, times)
            figures["suppressed_us"] = cost(suppressed, 20 * times)
            figures["suppressed_by_twisted_us"] = cost(suppressed_plain, 2 * times)
        stream.close()
    log.observer = LogPublisher()
    return figures | {"event_alone_us": cost(written, times)}


def timed(times: int) -> dict[str, float]:
    """A timed call beside a bare one, where the package times calls."""
    try:
        timing = importlib.import_module("lanrage.timing")
    except ImportError:
        return {}

    def bare(value: int = 1) -> int:
        return value + 1

    one = cost(bare, 20 * times)
    other = cost(timing.timing_decorator("bench.call")(bare), 20 * times)
    return {"bare_call_us": one, "timed_call_us": other, "timed_to_bare": other / one}


def run(words: Sequence[str]) -> dict[str, Any]:
    """Measure."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench logging")
    parser.add_argument("--times", type=int, default=2000, help="lines of a round")
    chosen = parser.parse_args(words)
    measured = lines(chosen.times) | timed(chosen.times)
    figures: dict[str, Any] = {name: round(value, 3) for name, value in measured.items()}
    event = measured["event_alone_us"]
    suppressed_ratio, line_ratio = measured["suppressed_us"] / event, measured["json_line_us"] / event
    figures |= {"suppressed_to_event": round(suppressed_ratio, 3), "json_line_to_event": round(line_ratio, 1)}
    figures["ok"] = suppressed_ratio <= SUPPRESSED and line_ratio <= LINE
    return figures
