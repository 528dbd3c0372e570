"""A process that measures and keeps the history in a folder: ``python -m tests.app.archive_process FOLDER START``.

Its clock runs a minute in each hundredth of a second; it says so when ten of its minutes are on disk, and goes on.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lanrage.app.metering import Metering
from lanrage.app.metering_config import MeteringSettings
from lanrage.core.metric_reading import Reading


def source() -> Iterator[Reading]:
    """A member."""
    yield Reading("lanrage_peer_info", ("10.66.0.2", "Ben", "b1"), 1.0)
    yield Reading("lanrage_peer_rtt_seconds", ("10.66.0.2",), 0.5)


def main(reactor: Any, folder: Path, start: float) -> None:
    """Measure until somebody kills this."""
    metering = Metering(reactor, MeteringSettings(), {"ben": source}, folder)
    now = start

    def minute() -> None:
        nonlocal now
        for _ in range(60):
            now += 1.0
            metering.sampler.look()
        told = {each.name: each.value for each in metering._of_history()}
        if told["lanrage_metrics_history_written_total"] >= 100 and not said:
            said.append(True)
            sys.stdout.write("on disk\n")
            sys.stdout.flush()
        reactor.callLater(0.01, minute)

    said: list[bool] = []
    metering.sampler._wall = lambda: now
    metering.startService()
    reactor.callWhenRunning(minute)
    reactor.run()


if __name__ == "__main__":
    from twisted.internet import reactor as _reactor

    main(_reactor, Path(sys.argv[1]), float(sys.argv[2]))
