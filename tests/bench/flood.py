"""One member floods another with 20,000 frames a second: what becomes of a third one's announcements."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import attrs

from lanrage.lab import roles
from lanrage.lab.plan import Host
from lanrage.lab.process import end, spawn
from lanrage.lab.result import percentile
from lanrage.lab.wan import python_env
from tests.bench.broadcast import Stage, paced, party
from tests.bench.broadcast_sockets import Arrival

FLOODS = ("forged", "repeated", "distinct")
"""What the flooder sends: no frames, one frame again and again under new numbers, frames that are all different."""

ELSEWHERE = "elsewhere"
"""The control: as many datagrams through the same tunnel to a port where nobody listens, past the LAN plane."""

ANNOUNCED = 20.0
"""Announcements a second of the member that does no harm."""
WARM_S = 1.0
"""The flood runs so long before it is measured."""
P99_RATIO = 2.0
"""The 99th percentile of the announcements' latency at most doubles."""
FLOOR_MS = 1.0
"""Below this a doubled latency is the scheduler's noise, and nothing that a player could see."""
GROWTH_MIB = 8.0
"""The node's memory may grow by the bounded tables that a flood fills."""


def run(words: Sequence[str]) -> dict[str, Any]:
    """Measure."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench flood", description=__doc__)
    parser.add_argument("--rate", type=int, default=20_000, help="frames a second of the flood [20000]")
    parser.add_argument("--seconds", type=float, default=10.0, help="of each flood [10]")
    parser.add_argument("--name", default="g-flood", help="of the laboratory [g-flood]")
    chosen = parser.parse_args(words)
    with party(chosen.name, 3) as stage:
        return judged(measure(Scene(stage, chosen.rate, chosen.seconds)))


@attrs.frozen
class Scene:
    """The first member floods the second; the third announces to all.

    :param rate: frames a second.
    :param seconds: of each flood.
    """

    stage: Stage
    rate: int
    seconds: float

    @property
    def flooder(self) -> Host:
        """The member that floods."""
        return self.stage.lab.plan.hosts[0]

    @property
    def victim(self) -> Host:
        """The member that is flooded."""
        return self.stage.lab.plan.hosts[1]

    def announce(self, number: int) -> None:
        """The third member's game."""
        self.stage.sockets.broadcast(2 + 3 * number)

    def victim_mib(self) -> float:
        """Resident memory of the victim's node."""
        process = roles.running(self.stage.lab.folder, self.victim.name)
        assert process is not None, "the flooded node ended"
        pages = int(Path(f"/proc/{process.pid}/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

    def dropped(self) -> dict[str, int]:
        """What the victim refused so far, by reason."""
        counters: dict[str, int] = self.stage.lab.call(self.victim, "status")["lan"]
        return {name: count for name, count in counters.items() if name.startswith("dropped_")}

    def flood(self, kind: str, work: Callable[[], Any]) -> Any:
        """Do something while the flood runs."""
        lab, addresses = self.stage.lab, self.stage.sockets.addresses
        argv = [sys.executable, "-m", "tests.bench.flood_sender", kind, addresses[0], addresses[1], str(self.rate)]
        process = spawn("flood", self.flooder.netns, argv, lab.folder.log("flood"), python_env(), lab.folder.path)
        lab.folder.add_process(process)
        try:
            time.sleep(WARM_S)
            return work()
        finally:
            end([process], first=signal.SIGKILL)


def measure(scene: Scene) -> dict[str, Any]:
    """Quiet, then each kind of flood."""
    sockets = scene.stage.sockets

    def announcements() -> tuple[int, list[Arrival]]:
        sent, arrivals = paced(scene.announce, ANNOUNCED, scene.seconds, sockets)
        return sent, [each for each in arrivals if each.receiver == 1]

    figures: dict[str, Any] = {"rate": scene.rate, "quiet": shown(*announcements())}
    before = scene.victim_mib()
    for kind in (ELSEWHERE, *FLOODS):
        counted = scene.dropped()
        row = shown(*scene.flood(kind, announcements))
        row["p99_ratio"] = round(row["p99_ms"] / max(FLOOR_MS, figures["quiet"]["p99_ms"]), 2)
        if kind != ELSEWHERE:
            row["p99_against_elsewhere"] = round(row["p99_ms"] / max(FLOOR_MS, figures[ELSEWHERE]["p99_ms"]), 2)
        row["memory_grown_mib"] = round(scene.victim_mib() - before, 2)
        row["dropped"] = {
            name: count - counted[name]
            for name, count in scene.dropped().items()
            if count > counted[name] and name != "dropped_packets"
        }
        figures[kind] = row
    return figures


def shown(sent: int, arrivals: list[Arrival]) -> dict[str, Any]:
    """How the announcements fared."""
    times = [each.took_ms for each in arrivals]
    return {
        "sent": sent,
        "lost": sent - len({each.number for each in arrivals}),
        "p50_ms": round(percentile(times, 50) or 0.0, 3),
        "p99_ms": round(percentile(times, 99) or 0.0, 3),
    }


def judged(figures: dict[str, Any]) -> dict[str, Any]:
    """With the limits, and what breaks them."""
    limits = {"lost": 0, "p99_ratio": P99_RATIO, "memory_grown_mib": GROWTH_MIB}
    wrong = [
        f"{kind}.{name}: {figures[kind][name]} is more than {limit}"
        for kind in FLOODS
        for name, limit in limits.items()
        if figures[kind][name] > limit
    ]
    wrong += [f"{kind}: nothing of the flood was refused" for kind in FLOODS if not figures[kind]["dropped"]]
    return {**figures, "limits": limits, "shortfalls": wrong, "ok": not wrong}
