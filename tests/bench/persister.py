"""The control server's writes: 1000 peers x 50 updates in 10 s through world, journal and SQLite, and ``kill -9``."""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.bench.persister_crash import ROOT, crash_loop
from tests.bench.persister_load import Size, measure

LIMITS = {"writes_ratio": 50.0}
"""At least that many; the aim is 400."""
NOTHING = ("lost", "acknowledged_lost", "invented", "broken")
"""What must be 0."""
CHECK_SECONDS = 2.0
CHECK_UPDATES = 10
CHECK_INTERVAL = 0.02
"""The load under strace: dense, short, and with many transactions, beside which those of starts and stops are few."""
SYNCS_BESIDE = 1.2
"""Syncs of a durable transaction at most: what exceeds 1 is WALs that are brought into the database."""
SYNCS_OF_LIVES = 30
"""Syncs of three starts and stops at most, which a load has."""


def run(words: Sequence[str]) -> dict[str, Any]:
    """Measure."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench persister", description=__doc__)
    parser.add_argument("--rounds", type=int, default=50, help="kills [50]")
    parser.add_argument("--seconds", type=float, default=Size().seconds, help="how long updates arrive [10]")
    parser.add_argument("--peers", type=int, default=Size().peers, help="[1000]")
    parser.add_argument("--updates", type=int, default=Size().updates, help="of each peer [50]")
    parser.add_argument("--interval", type=float, default=100.0, help="state.flush_interval, ms [100]")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of the moments of the kills")
    parser.add_argument("--dir", help="where to write [the system's folder of temporary files]")
    chosen = parser.parse_args(words)
    size = Size(chosen.peers, chosen.updates, chosen.seconds, chosen.interval / 1000)
    found = measure(["presence", "durable", "one_each"], size, chosen.dir)
    return judged(found, {kind: check_syncs(kind) for kind in ("presence", "durable")}, crash(chosen))


def crash(chosen: argparse.Namespace) -> dict[str, Any]:
    """The ``kill -9`` loop."""
    return {"seed": chosen.seed, **crash_loop(chosen.rounds, chosen.seed)}


def judged(found: dict[str, dict[str, Any]], syncs: dict[str, Any], killed: dict[str, Any]) -> dict[str, Any]:
    """All figures, and what breaks a limit."""
    batched, durable, each = found["presence"], found["durable"], found["one_each"]
    changes = batched["changes"]
    figures = {
        "changes": changes,
        "writes": batched["writes"],
        "writes_ratio": round(changes / batched["writes"], 1),
        "bytes_ratio": round(changes * each["presence"]["bytes_per_change"] / batched["disk_bytes"], 1),
        "one_per_change_s": round(changes * each["presence"]["s_per_change"], 1),
        "time_ratio": round(changes * each["presence"]["s_per_change"] * 1000 / batched["flush_total_ms"], 1),
        "flush_p50_ms": batched["flush_p50_ms"],
        "flush_p99_ms": batched["flush_p99_ms"],
        "lost": batched["lost"] + durable["lost"],
        "acknowledged_lost": killed["acknowledged_lost"],
        "batched": batched,
        "durable": {
            **durable,
            "bytes_ratio": round(changes * each["durable"]["bytes_per_change"] / durable["disk_bytes"], 1),
            "one_per_change_s": round(changes * each["durable"]["s_per_change"], 1),
        },
        "one_per_change": each,
        "syncs": syncs,
        "kill": killed,
        "limits": LIMITS | dict.fromkeys(NOTHING, 0),
    }
    merged = {**killed, **figures}
    shortfalls = [f"{name} {figures[name]} is below {least}" for name, least in LIMITS.items() if figures[name] < least]
    shortfalls += [f"{name} {merged[name]} is not 0" for name in NOTHING if merged[name]]
    shortfalls += [f"{kind}: {check['fault']}" for kind, check in syncs.items() if check.get("fault")]
    return {"ok": not shortfalls, **figures, "shortfalls": shortfalls}


def check_syncs(kind: str) -> dict[str, Any]:
    """Count the real syncs of a process that runs a load, and compare them with the transactions that it counted."""
    if shutil.which("strace") is None:
        return {"skipped": "syncs were not counted: needs the program strace"}
    with tempfile.NamedTemporaryFile(prefix="lanrage-strace-", suffix=".txt") as report:
        load = [sys.executable, "-m", "tests.bench.persister_load", kind]
        load += ["--seconds", str(CHECK_SECONDS), "--updates", str(CHECK_UPDATES), "--interval", str(CHECK_INTERVAL)]
        tracing = ["strace", "-f", "-c", "--seccomp-bpf", "-e", "trace=fsync,fdatasync,sync_file_range"]
        done = subprocess.run(
            [*tracing, "-o", report.name, *load], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
        )
        if done.returncode:
            return {"skipped": f"syncs were not counted: {done.stderr.strip().splitlines()[-1:]}"}
        syncs = counted(Path(report.name).read_text(encoding="ascii"))
    facts = json.loads(done.stdout)
    writes = facts["writes"] + facts.get("lone", 0)
    fault = ""
    if kind == "durable" and not writes <= syncs <= writes * SYNCS_BESIDE + SYNCS_OF_LIVES:
        fault = f"{writes} transactions made {syncs} syncs"
    elif kind == "presence" and syncs > max(writes / 2, SYNCS_OF_LIVES):
        fault = f"{writes} transactions that need no sync made {syncs}"
    return {"writes": writes, "syncs": syncs, "fault": fault}


def counted(report: str) -> int:
    """The calls in a summary of ``strace -c``."""
    rows = [line.split() for line in report.splitlines()]
    return sum(int(row[3]) for row in rows if len(row) >= 5 and row[-1] in ("fsync", "fdatasync", "sync_file_range"))
