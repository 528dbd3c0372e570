"""A game and a download through the link against bare cables, and what Python does meanwhile: it should be nothing."""

from __future__ import annotations

import argparse
import select
import socket
import struct
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from statistics import fmean, median
from typing import Any

import attrs

from lanrage.lab import roles
from lanrage.lab.demo import laboratory
from lanrage.lab.folder import BASE
from lanrage.lab.lab import Lab
from lanrage.lab.netns import entered
from lanrage.lab.paths import expected_paths, settle
from lanrage.lab.plan import Host
from lanrage.lab.process import spawn, wait_for
from lanrage.lab.result import Result, percentile
from lanrage.lab.wan import python_env

PORT = 27_960
TICKS = 128
"""Updates a second each way of a demanding shooter's server."""
PAYLOAD = bytes(142)
"""With the number and the time, 150 bytes: between the 100 and 200 of a usual update."""
BULK_CHUNK = bytes(1 << 18)
ANSWER_S = 1.0
"""A datagram that is out longer is lost to a game."""
PACKET_BYTES = 1368
"""What one packet of a stream carries through the link, about."""
START_S = 20.0

CPU_US_PER_PACKET = 0.2
"""Python's CPU for each unicast packet, beyond what it does idle; one that Python touches costs 5 us at the least."""
GAME_CPU_PERCENT = 2.0
"""Of a core, beyond idle, while a game is played: nothing for its packets, some for paths that are measured faster."""

_STAMP = struct.Struct("!Id")


def run(words: Sequence[str]) -> dict[str, Any]:
    """Measure."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench tunnel", description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each measurement [5]")
    parser.add_argument("--rounds", type=int, default=3, help="bare and link in turn [3]")
    parser.add_argument("--name", default="g-tunnel", help="of the laboratory [g-tunnel]")
    chosen = parser.parse_args(words)
    with party(chosen.name) as table:
        return judged(table.lab, measure(table, chosen.seconds, chosen.rounds))


@attrs.frozen
class Table:
    """Two hosts that have met.

    :param ways: the far host's address, by ``bare`` and ``link``.
    """

    lab: Lab
    near: Host
    far: Host
    ways: dict[str, str]

    def cpu_ns(self) -> int:
        """CPU time of both nodes' Python until now, WireGuard's own program not included."""
        return sum(cpu_ns(self.lab, host) for host in (self.near, self.far))


@contextmanager
def party(name: str) -> Iterator[Table]:
    """Two open hosts with real nodes, and the far end's program."""
    with laboratory(name, ("open", "open"), BASE, lambda _text: None) as lab:
        near, far = lab.plan.hosts
        argv = [sys.executable, "-m", "tests.bench.tunnel_far", str(PORT)]
        lab.folder.add_process(spawn("far", far.netns, argv, lab.folder.log("far"), python_env(), lab.folder.path))
        lab.start(roles.roles(lab.plan))
        lab.gather()
        settle(lab, Result("tunnel"), expected_paths(lab.plan))
        wait_for("the far end starts", lambda: roles.udp_bound(far.netns, PORT), START_S)
        yield Table(lab, near, far, {"bare": far.address, "link": lab.addresses()[far.name]})


def measure(table: Table, seconds: float, rounds: int) -> dict[str, Any]:
    """Each way in turn, and the nodes' CPU while nothing flows, while a game is played, while a stream is sent."""
    games: dict[str, list[dict[str, float]]] = {way: [] for way in table.ways}
    bulk: dict[str, list[float]] = {way: [] for way in table.ways}
    cpu: dict[str, list[float]] = {"idle": [], "game": [], "bulk": []}
    for _ in range(rounds):
        with _busy(table, cpu["idle"], seconds):
            time.sleep(seconds)
        for way, address in table.ways.items():
            with _busy(table, cpu["game"] if way == "link" else [], seconds):
                games[way].append(game(table.near.netns, address, seconds))
            with _busy(table, cpu["bulk"] if way == "link" else [], seconds):
                bulk[way].append(stream(table.near.netns, address, seconds))
    return {"games": games, "bulk": bulk, "cpu": cpu}


@contextmanager
def _busy(table: Table, into: list[float], seconds: float) -> Iterator[None]:
    """Note the nodes' CPU milliseconds for each second of what is done within."""
    before, begin = table.cpu_ns(), time.monotonic()
    yield
    into.append((table.cpu_ns() - before) / 1e6 / max(seconds, time.monotonic() - begin))


def cpu_ns(lab: Lab, host: Host) -> int:
    """All threads of a node, to the nanosecond (``/proc/PID/task/TID/schedstat``)."""
    process = roles.running(lab.folder, host.name)
    assert process is not None, f"the node of {host.name} ended"
    threads = Path(f"/proc/{process.pid}/task").glob("*/schedstat")
    return sum(int(path.read_text(encoding="ascii").split()[0]) for path in threads)


def game(netns: str, address: str, seconds: float) -> dict[str, float]:
    """Echoed datagrams at :data:`TICKS`: round trips and jitter (RFC 3550) in ms, and lost ones."""
    trips: dict[int, float] = {}
    count = round(seconds * TICKS)
    with entered(netns):
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with made:
        made.connect((address, PORT))
        begin = time.monotonic()
        for number in range(count):
            _receive(made, begin + number / TICKS, trips)
            made.send(_STAMP.pack(number, time.monotonic()) + PAYLOAD)
        _receive(made, time.monotonic() + ANSWER_S, trips, count)
    times = [1000 * trip for _, trip in sorted(trips.items())]
    return {
        "rtt_p50_ms": percentile(times, 50) or 0.0,
        "rtt_p99_ms": percentile(times, 99) or 0.0,
        "jitter_ms": jitter(times),
        "lost": count - len(trips),
    }


def _receive(made: socket.socket, until: float, trips: dict[int, float], enough: int = 0) -> None:
    while (left := until - time.monotonic()) > 0 and len(trips) != (enough or -1):
        if select.select([made], [], [], left)[0]:
            number, sent = _STAMP.unpack_from(made.recv(2048))
            trips[number] = time.monotonic() - sent


def jitter(times: list[float]) -> float:
    """Of round trips, smoothed by a sixteenth (RFC 3550, section 6.4.1)."""
    smoothed = 0.0
    for before, after in pairwise(times):
        smoothed += (abs(after - before) - smoothed) / 16
    return smoothed


def stream(netns: str, address: str, seconds: float) -> float:
    """Megabits a second of one TCP stream, counted by its receiver."""
    with entered(netns):
        made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    with made:
        made.settimeout(START_S)
        made.connect((address, PORT))
        begin = time.monotonic()
        while time.monotonic() - begin < seconds:
            made.sendall(BULK_CHUNK)
        made.shutdown(socket.SHUT_WR)
        total = int.from_bytes(made.recv(8, socket.MSG_WAITALL), "big")
        return total * 8 / 1e6 / (time.monotonic() - begin)


def judged(lab: Lab, found: dict[str, Any]) -> dict[str, Any]:
    """Medians of the rounds, ratios of the link to bare cables, and what breaks a limit."""
    figures: dict[str, Any] = {"kind": lab.call(lab.plan.hosts[0], "status")["tunnel"]["kind"]}
    for way, rounds in found["games"].items():
        figures[way] = {name: round(median(each[name] for each in rounds), 3) for name in rounds[0]}
        figures[way]["bulk_mbit_s"] = round(median(found["bulk"][way]), 1)
    bare, link = figures["bare"], figures["link"]
    figures["rtt_p50_added_ms"] = round(link["rtt_p50_ms"] - bare["rtt_p50_ms"], 3)
    figures["rtt_p99_added_ms"] = round(link["rtt_p99_ms"] - bare["rtt_p99_ms"], 3)
    figures["throughput_ratio"] = round(link["bulk_mbit_s"] / bare["bulk_mbit_s"], 4)
    cpu = {name: fmean(each) for name, each in found["cpu"].items()}
    figures["python_cpu_ms_per_s"] = {name: round(value, 3) for name, value in cpu.items()}
    figures["python_game_cpu_percent"] = round((cpu["game"] - cpu["idle"]) / 10, 3)
    packets = link["bulk_mbit_s"] * 1e6 / 8 / PACKET_BYTES
    figures["python_cpu_us_per_packet"] = round((cpu["bulk"] - cpu["idle"]) * 1000 / packets, 4)
    limits = {"python_cpu_us_per_packet": CPU_US_PER_PACKET, "python_game_cpu_percent": GAME_CPU_PERCENT}
    shortfalls = [
        f"{name}: {figures[name]} is more than {limit}" for name, limit in limits.items() if figures[name] > limit
    ]
    return {**figures, "limits": limits, "shortfalls": shortfalls, "ok": not shortfalls}
