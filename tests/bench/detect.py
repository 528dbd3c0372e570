"""``python -m tests.bench detect``: how soon a game is noticed, at what cost, and what else is taken for one.

Three ways in one run, in a process of its own whose processor time is read: the kernel's events, this program's
polling (where the kernel may not tell), and a plain poll of all processes by psutil.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median, quantiles
from typing import Any

LATENCY_MS = 50.0
"""Of 99 in 100 from exec to detection by events."""
IDLE_S = 0.01
"""Seconds of processor time an idle minute, on minus off."""
BUSY_SHARE = 0.02
"""Of one processor beside :data:`EXECS` execs a second, on minus off."""
EXECS = 200
OTHERS = 300
"""Other processes beside which nothing may be taken for a game."""
SLEEP = shutil.which("sleep") or "/bin/sleep"
TRUE = shutil.which("true") or "/bin/true"
WAYS = ("events", "polling", "psutil")


class Watcher:
    """The process that looks."""

    def __init__(self) -> None:
        words = [sys.executable, "-m", "tests.bench.detect_watcher"]
        self._process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # pylint: disable=consider-using-with
        self._text = b""
        self.heard: list[dict[str, Any]] = []

    def say(self, word: str) -> dict[str, Any]:
        """A line, and its answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(word.encode() + b"\n")
        self._process.stdin.flush()
        while True:
            for at, each in enumerate(self.heard):
                if "failed" in each:
                    raise RuntimeError(each["failed"])
                if ("cpu" in each) if word == "cpu" else (each.get("mode") == word):
                    return self.heard.pop(at)
            self.listen(60.0)

    def listen(self, seconds: float) -> bool:
        """Read for so long, or until something was read; whether it was."""
        assert self._process.stdout is not None
        if not select.select([self._process.stdout], [], [], seconds)[0]:
            return False
        data = os.read(self._process.stdout.fileno(), 1 << 16)
        if not data:
            raise RuntimeError("the watcher has ended")
        *lines, self._text = (self._text + data).split(b"\n")
        self.heard += [json.loads(line) for line in lines]
        return True

    def games(self) -> list[dict[str, Any]]:
        """Games that were told since the last question."""
        while self.listen(0):
            pass
        found = [each for each in self.heard if "started" in each]
        self.heard.clear()
        return found

    def close(self) -> None:
        """End it."""
        with contextlib.suppress(RuntimeError, OSError):
            self.say("end")
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()


def latencies(watcher: Watcher, folder: Path, times: int, longest: float, seed: int) -> list[float]:
    """Milliseconds from before the exec until a game was noticed; of each start another moment."""
    draw, taken = random.Random(seed), []
    program = folder / "openttd"
    if not program.exists():
        shutil.copy(SLEEP, program)
    for _ in range(times):
        time.sleep(draw.uniform(0.05, min(longest, 2.5)))
        watcher.games()
        began = time.monotonic()
        with subprocess.Popen([str(program), str(2 * longest + 2)]) as started:
            at = None
            while at is None and time.monotonic() - began < 2 * longest + 1:
                watcher.listen(0.5)
                at = next((each["at"] for each in watcher.games() if each["pid"] == started.pid), None)
            started.kill()
        taken.append((at - began) * 1000 if at is not None else float("inf"))
    return taken


def cpu_of(watcher: Watcher, seconds: float) -> tuple[float, int]:
    """Processor time of the watcher in so long, and how many execs it was told of meanwhile."""
    before = watcher.say("cpu")
    time.sleep(seconds)
    after = watcher.say("cpu")
    return after["cpu"] - before["cpu"], after["execs"] - before["execs"]


@contextlib.contextmanager
def compiling(per_second: int) -> Iterator[None]:
    """A process that starts another program so many times a second, as a compiler's driver does."""
    code = (
        "import os, sys, time\n"
        "pause, due = 1 / float(sys.argv[1]), time.monotonic()\n"
        "while True:\n"
        "    os.waitpid(os.posix_spawn(sys.argv[2], [sys.argv[2]], {}), 0)\n"
        "    due = max(due + pause, time.monotonic() - pause)\n"
        "    time.sleep(max(0.0, due - time.monotonic()))\n"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(per_second), TRUE]) as running:
        try:
            yield
        finally:
            running.kill()


@contextlib.contextmanager
def others(folder: Path, count: int, games: Sequence[str]) -> Iterator[int]:
    """So many processes with names that programs of this machine have; how many there are.

    :param games: programs that are games by their very names.
    """
    names = sorted({path.name for path in Path("/usr/bin").iterdir() if path.is_file()} - set(games))
    chosen = random.Random(7).sample(names, min(count, len(names)))
    started = []
    try:
        for name in chosen:
            program = folder / "others" / name
            program.parent.mkdir(exist_ok=True)
            shutil.copy(SLEEP, program)
            started.append(subprocess.Popen([str(program), "600"]))  # pylint: disable=consider-using-with
        yield len(started)
    finally:
        for each in started:
            each.kill()
            each.wait()


def costs(watcher: Watcher, way: str, pairs: int, seconds: float) -> dict[str, Any]:
    """Processor time of one way, on minus off, over alternating spans; and how many execs others did meanwhile."""
    on, off, execs = [], [], 0
    for _ in range(pairs):
        watcher.say(way)
        time.sleep(min(6.0, seconds))  # what the start itself takes is not counted, nor the looks soon after it
        used, seen = cpu_of(watcher, seconds)
        on.append(used)
        execs += seen
        watcher.say("off")
        off.append(cpu_of(watcher, seconds)[0])
    used = max(0.0, median(on) - median(off))
    return {
        "cpu_s_per_minute": round(used * 60 / seconds, 4),
        "on_s": [round(each, 4) for each in on],
        "off_s": [round(each, 4) for each in off],
        "execs_per_minute": round(execs * 60 / seconds / pairs, 1),
    }


def busy(watcher: Watcher, way: str, seconds: float) -> dict[str, Any]:
    """The share of one processor beside a compiler."""
    with compiling(EXECS):
        watcher.say("off")
        off, _ = cpu_of(watcher, seconds)
        watcher.say(way)
        time.sleep(1.0)
        on, execs = cpu_of(watcher, seconds)
    per_exec = {"us_per_exec": round((on - off) / execs * 1e6, 1)} if execs else {}
    return {"share": round(max(0.0, on - off) / seconds, 4), "execs_per_second": round(execs / seconds, 1), **per_exec}


def false_ones(watcher: Watcher, folder: Path) -> dict[str, Any]:
    """What is taken for a game among other processes, those that run already and those that start."""
    found: list[str] = []
    watcher.say("events")
    watcher.games()
    with others(folder, OTHERS, watcher.say("names")["names"]) as count:
        time.sleep(8.0)  # looks at ports come within five seconds
        found += [f"{each['started']}: {each.get('why', '')}" for each in watcher.games()]
        watcher.say("polling")
        time.sleep(2.0)
        found += [f"{each['started']}: {each.get('why', '')}" for each in watcher.games()]
    watcher.say("off")
    return {"others": count, "false_detections": len(found), "taken": sorted(set(found))}


def figures(taken: Sequence[float]) -> dict[str, float]:
    """Of some latencies in milliseconds."""
    cuts = quantiles(taken, n=100, method="inclusive")
    return {
        "starts": len(taken),
        "p50_ms": round(median(taken), 2),
        "p99_ms": round(cuts[98], 2),
        "max_ms": round(max(taken), 2),
    }


def way_figures(watcher: Watcher, way: str, folder: Path, chosen: argparse.Namespace) -> dict[str, Any]:
    """All figures of one way."""
    mode = watcher.say(way)["is_mode"]
    time.sleep(1.0)
    starts, longest = (chosen.starts, 1.0) if way == "events" else (chosen.slow_starts, 6.0)
    taken = latencies(watcher, folder, starts, longest, len(way))
    pairs = max(1, round(chosen.minutes / (2 * len(WAYS) * chosen.span / 60)))
    return {
        "mode": mode,
        "exec_to_detection": figures(taken),
        "idle": costs(watcher, way, pairs, chosen.span),
        "beside_execs": busy(watcher, way, chosen.busy),
    }


def run(words: Sequence[str]) -> dict[str, Any]:
    """Measure."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench detect", description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=12, help="of the idle spans of all ways together [12]")
    parser.add_argument("--span", type=float, default=60, help="seconds of one idle span, on or off [60]")
    parser.add_argument("--starts", type=int, default=100, help="of a game, by events [100]")
    parser.add_argument("--slow-starts", type=int, default=12, help="of a game, by each poll [12]")
    parser.add_argument("--busy", type=float, default=20, help="seconds beside a compiler, on and off [20]")
    chosen = parser.parse_args(words)
    watcher = Watcher()
    try:
        with tempfile.TemporaryDirectory(prefix="bench-detect-") as name:
            folder = Path(name)
            ways = {way: way_figures(watcher, way, folder, chosen) for way in WAYS}
            false = false_ones(watcher, folder)
        profiles = watcher.say("off")["profiles"]
    finally:
        watcher.close()
    told = ways["events"]
    per_exec = told["beside_execs"].get("us_per_exec", 0.0)
    idle = told["idle"]
    idle["own_s_per_minute"] = round(max(0.0, idle["cpu_s_per_minute"] - idle["execs_per_minute"] * per_exec / 1e6), 4)
    return {
        "profiles": profiles,
        **ways,
        "false": false,
        "limits": {"p99_ms": LATENCY_MS, "idle_s_per_minute": IDLE_S, "busy_share": BUSY_SHARE, "false_detections": 0},
        "ok": told["mode"] == "events"
        and told["exec_to_detection"]["p99_ms"] <= LATENCY_MS
        and idle["own_s_per_minute"] <= IDLE_S
        and told["beside_execs"]["share"] <= BUSY_SHARE
        and not false["false_detections"],
    }
